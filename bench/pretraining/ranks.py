"""Several processes at one pretraining: every rank puts its part of each batch through the backbone, and no number changes.

The batch is that of all ranks together, and so is all that is drawn for it. What a network says of the parts is gathered
with its gradient, so that heads and losses see the whole batch on every rank, and batch norm takes its statistics over all
ranks. Two ranks of 32 tiles therefore train what one process trains on 64, to rounding; see docs/decisions/094.

Without a process group there is one rank, and nothing here does anything.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.modules.batchnorm import _BatchNorm

from bench.backbones.pyramid import Backbone


class _Alone:
    """Whether this process works at something of its own."""

    now = False


def count() -> int:
    """How many ranks there are."""
    return distributed.get_world_size() if distributed.is_initialized() and not _Alone.now else 1


def number() -> int:
    """The number of this rank, from 0; the first one writes and reports."""
    return distributed.get_rank() if distributed.is_initialized() and not _Alone.now else 0


@contextmanager
def alone() -> Iterator[None]:
    """Meanwhile this rank is the only one: it may take steps that others do not."""
    before, _Alone.now = _Alone.now, True
    try:
        yield
    finally:
        _Alone.now = before


def part(size: int) -> slice:
    """Where this rank's part lies in a batch, if every rank has so many samples."""
    return slice(number() * size, (number() + 1) * size)


def gathered(values: Tensor, views: int = 1) -> Tensor:
    """What all ranks have, in the order of the batch, with its gradient.

    Args:
        values: of this rank's samples, with a first axis of samples.
        views: how many blocks of all samples, one after the other, that axis has.
    """
    if count() == 1:
        return values
    # Sent in full precision, since not every transport adds up shorter numbers.
    of_ranks = [each.to(values.dtype).chunk(views) for each in _Gathered.apply(values.float().contiguous())]
    return torch.cat([of_rank[view] for view in range(views) for of_rank in of_ranks])


def dealt(forward: Callable[[Tensor], Tensor], parts: Sequence[Tensor]) -> Tensor:
    """What a network says of the parts of a batch that every rank has, in their order; each goes through it alone.

    Ranks share the work where it divides evenly.
    """
    ranks = count()
    if ranks == 1 or len(parts) % ranks or len({len(each) for each in parts}) > 1:
        return torch.cat([forward(each) for each in parts])
    return gathered(torch.cat([forward(each) for each in parts[part(len(parts) // ranks)]]))


def average_gradients(network: nn.Module) -> None:
    """Replace every gradient by its mean over the ranks: that of the loss of the whole batch.

    Each rank's backward pass holds its part's share times the number of ranks, since `gathered` adds up what the loss of
    every rank asks of it.
    """
    if count() == 1:
        return
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    flat = torch.cat([each.flatten() for each in gradients])
    distributed.all_reduce(flat)
    flat /= count()
    means = torch.split(flat, [each.numel() for each in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view(gradient.shape))


def on_any(flag: bool) -> bool:
    """Whether a rank says yes; every rank has to ask."""
    if count() == 1:
        return flag
    device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
    said = torch.tensor(float(flag), device=device)
    distributed.all_reduce(said, distributed.ReduceOp.MAX)
    return bool(said)


def synchronise(method: nn.Module, apart: Sequence[str] = ()) -> None:
    """Let batch norm in the backbones of a method, in place, take its statistics over all ranks.

    Args:
        method: where it will train.
        apart: names of the method's networks whose batch norm is to see parts alone.
    """
    if count() == 1:
        return
    for name, network in method.named_children():
        if isinstance(network, Backbone) and name not in apart:
            _synchronise(network)


def _synchronise(network: nn.Module) -> None:
    for name, module in network.named_children():
        if isinstance(module, _BatchNorm):
            setattr(network, name, _over_ranks(module))
        else:
            _synchronise(module)


def _over_ranks(norm: _BatchNorm) -> nn.Module:
    if norm.weight.is_cuda:
        over_gpus: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(norm)  # type: ignore[no-untyped-call]
        return over_gpus
    other = BatchNormOverRanks(norm.num_features, norm.eps, norm.momentum)
    other.weight, other.bias = norm.weight, norm.bias
    other.running_mean, other.running_var = norm.running_mean, norm.running_var
    other.num_batches_tracked = norm.num_batches_tracked
    other.train(norm.training)
    return other


class BatchNormOverRanks(_BatchNorm):
    """Batch norm over all ranks on CPUs, where torch's `SyncBatchNorm` refuses to run; every rank has as many samples."""

    def _check_input_dim(self, maps: Tensor) -> None:
        if maps.dim() != 4:
            raise ValueError(f"expected 4 axes, got {maps.dim()}")

    def forward(self, maps: Tensor) -> Tensor:
        """Normalise B x C x H x W."""
        if not self.training:
            return super().forward(maps)
        values = maps.float()
        mean = _mean_over_ranks(values.mean(dim=(0, 2, 3)))
        centred = values - mean.view(1, -1, 1, 1)
        variance = _mean_over_ranks(centred.square().mean(dim=(0, 2, 3)))
        self._remember(mean.detach(), variance.detach(), count() * values.numel() // values.shape[1])
        scale = self.weight * (variance + self.eps).rsqrt()
        result = centred * scale.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return result.to(maps.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, samples: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * samples / (samples - 1), self.momentum)


def _mean_over_ranks(values: Tensor) -> Tensor:
    total: Tensor = _Added.apply(values)
    return total / count()


def _sum(values: Tensor) -> Tensor:
    """The sum over all ranks, without gradient."""
    total = values.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


# torch.distributed.nn has both, and is deprecated; what follows it is not in all the torches that work here.
class _Gathered(torch.autograd.Function):
    """The tensors of all ranks, R x their shape; backward, what all ranks ask of this one's."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        """Gather them."""
        del ctx
        found = [torch.empty_like(values) for _ in range(count())]
        distributed.all_gather(found, values)
        return torch.stack(found)

    @staticmethod
    def backward(ctx: Any, asked: Tensor) -> Tensor:
        """Add up, and keep this rank's."""
        del ctx
        return _sum(asked)[number()]


class _Added(torch.autograd.Function):
    """The sum over all ranks, and of what all ranks ask of it."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        """Add up."""
        del ctx
        return _sum(values)

    @staticmethod
    def backward(ctx: Any, asked: Tensor) -> Tensor:
        """Add up."""
        del ctx
        return _sum(asked)
