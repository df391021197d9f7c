"""Applying an operation to some samples of a batch."""

from collections.abc import Callable

from torch import Tensor

Operation = Callable[[Tensor], Tensor]


def change(images: Tensor, chosen: Tensor, operation: Operation) -> None:
    """Replace the chosen samples by what an operation makes of them.

    Args:
        images: B x ...; changed.
        chosen: which samples, bool, B, on the CPU.
        operation: maps n x ... to the same shape; it may work in place.
    """
    count = int(chosen.sum())
    if count == 0:
        return
    if count == len(images):
        # Nothing to gather or scatter: on a CPU large views come one at a time, so this is the usual case.
        result = operation(images)
        if result is not images:
            images.copy_(result)
        return
    index = chosen.nonzero().squeeze(1).to(images.device, non_blocking=True)
    images[index] = operation(images[index])
