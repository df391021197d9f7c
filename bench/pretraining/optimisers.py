"""Torch's fused optimisers on networks whose weights lie channels_last."""

from typing import Any

from torch import Tensor
from torch.optim import Optimizer


def on_plain_views(optimiser: Optimizer) -> Optimizer:
    """Let an optimiser see the weights of convolutions as contiguous views of the same memory.

    Torch's fused kernels copy a channels_last weight, its gradient and its state to contiguous memory and back in every
    step, which takes longer than the update itself. An update that treats every number alike gives the same bits either
    way. Call it once the network lies as it will stay; its state then has the views' shapes.

    Args:
        optimiser: a new one, on a network that is already channels_last.

    Returns:
        The same optimiser; after each step the gradients of the weights it sees through views are gone.
    """
    seen: list[tuple[Tensor, Tensor]] = []
    for group in optimiser.param_groups:
        group["params"] = [_view(weight, seen) for weight in group["params"]]

    def lend_gradients(*_: Any) -> None:
        for weight, view in seen:
            view.grad = None if weight.grad is None else weight.grad.permute(0, 2, 3, 1)

    def drop_gradients(*_: Any) -> None:
        for weight, view in seen:
            weight.grad = view.grad = None

    optimiser.register_step_pre_hook(lend_gradients)
    optimiser.register_step_post_hook(drop_gradients)
    return optimiser


def _view(weight: Tensor, seen: list[tuple[Tensor, Tensor]]) -> Tensor:
    if weight.ndim != 4 or weight.is_contiguous():
        return weight
    view = weight.detach().permute(0, 2, 3, 1)
    seen.append((weight, view))
    return view
