"""Whether a pretraining can have worked: what its losses, its weights and its features say.

A loss or a weight that is not finite ends the job (`Watch`), and so does a loss a million times its reference (see
`loss-exploded`): Adam keeps the weights of a hopeless rate finite for ever. What is finite and still no training gets a
named warning on the weights' card, and with it on every number that rests on them:

- `loss-exploded`: the mean of a loss over some epoch exceeds ten times its reference. The reference is the largest of
  the size of the first step's loss, the loss of constant predictions, and 1. The first alone would not do: MoCo's queue
  starts with random vectors, which are easy to tell apart, and its loss rises to that of chance within an epoch; a KL
  divergence between student and teacher starts at 0.
- `loss-constant`: the mean of a loss over the last epoch is not below what constant predictions score, where the method
  states that (`Method.constant_losses`). The last epoch, because what is exported comes from it, and because a queue's
  random start makes the first one too low.
- `features-collapsed`: the exported features have lost their spread or their rank, compared with those of the same
  network before its first step (docs/decisions/018).
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import get_total_norm

from bench.backbones.normalisation import Normalisation
from bench.backbones.pyramid import Backbone
from bench.core.errors import DivergedError
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import permute
from bench.pretraining.method import Length, entropy

# A loss this many times its reference has exploded; ordinary runs stay under twice.
EXPLODED = 10.0
# Beyond this it is lost: GeoKR at a rate of 1e6 ends at 1e15 times.
LOST = 1e6
# Rounding and the tiles that an epoch's whole batches leave out move a constant prediction's loss by less.
CONSTANT_MARGIN = 1e-3
# Collapsed: less than this share of the spread at the start, or a rank below the one where it was above the other.
SPREAD_LEFT = 0.1
RANK_COLLAPSED, RANK_BEFORE = 2.0, 4.0
# Tiles whose features are measured, and how many go through the network, and its batch norm, at once.
TILES = 512
CHUNK = 64
# Losses that a failure shows.
RECENT = 5


class Watch:
    """The losses of a training, read as they come; its state is part of the checkpoint.

    Args:
        length: of the training.
        constant: what constant predictions score, of the losses where that is known.
        advice: what to try when it diverges, such as `lower lr (now 0.1)`.
        part: what `length.steps_per_epoch` steps are called in words.

    Attributes:
        first: the losses of the first step.
        means: the mean of each loss over each whole epoch.
        start: the features before the first step.
    """

    def __init__(self, length: Length, constant: Mapping[str, float], advice: str, part: str = "epoch") -> None:
        self.length = length
        self.part = part
        self.constant = constant
        self.advice = advice
        self.first: dict[str, float] = {}
        self.means: list[dict[str, float]] = []
        self.start: Features | None = None
        self._epoch: list[dict[str, float]] = []
        self._recent: list[dict[str, float]] = []
        self._unread: list[tuple[int, list[str], Tensor]] = []
        self._sound = 0

    def note(self, step: int, names: list[str], values: Tensor) -> None:
        """Keep the losses of a step, counted from 1, where they are; reading them waits for the device."""
        self._unread.append((step, names, values))

    def read(self) -> None:
        """Read what was noted.

        Raises:
            DivergedError: a loss was not finite; names the first step where one was not.
        """
        if not self._unread:
            return
        noted, self._unread = self._unread, []
        values = iter(torch.cat([losses for *_, losses in noted]).tolist())
        for step, names, _ in noted:
            self._take(step, {name: next(values) for name in names})

    def _take(self, step: int, losses: dict[str, float]) -> None:
        broken = [f"{name} ({value})" for name, value in losses.items() if not math.isfinite(value)]
        if broken:
            raise DivergedError(
                f"loss {', '.join(broken)} is not finite at step {step} of {self.length.steps}{self._before()}: {self.advice}"
            )
        assert self.constant.keys() <= losses.keys()
        self.first = self.first or losses
        lost = [
            f"{name} ({value:.3g})"
            for name, value in losses.items()
            if value > LOST * _reference(self.first[name], self.constant.get(name, 0.0))
        ]
        if lost:
            raise DivergedError(
                f"loss {', '.join(lost)} has exploded at step {step} of {self.length.steps}{self._before()}: {self.advice}"
            )
        self._recent = [*self._recent, losses][-RECENT:]
        self._epoch.append(losses)
        if len(self._epoch) == self.length.steps_per_epoch:
            self.means.append({name: float(np.mean([each[name] for each in self._epoch])) for name in losses})
            self._epoch = []

    def check_weights(self, method: nn.Module, step: int) -> None:
        """Refuse parameters and buffers that are not finite after a step, counted from 1.

        Raises:
            DivergedError: names the weights, the step, and the last step after which they were still finite.
        """
        state = {name: value for name, value in method.state_dict().items() if value.is_floating_point()}
        # The largest absolute value is not finite if any is not, and one pass finds it.
        if not math.isfinite(float(get_total_norm(state.values(), math.inf))):
            broken = [name for name, value in state.items() if not bool(value.isfinite().all())]
            more = f" and {len(broken) - 1} more" if len(broken) > 1 else ""
            raise DivergedError(
                f"weights {broken[0]}{more} are not finite after step {step} of {self.length.steps} (they were after step "
                f"{self._sound}){self._before()}: {self.advice}"
            )
        self._sound = step

    def _before(self) -> str:
        if not self._recent:
            return ""
        last = {name: ", ".join(f"{each[name]:.4g}" for each in self._recent) for name in self._recent[-1]}
        return "; the last losses were " + ", ".join(f"{name} {values}" for name, values in last.items())

    def state_dict(self) -> dict[str, Any]:
        """All that was read, as plain values."""
        start = asdict(self.start) if self.start else None
        plain = {"first": self.first, "means": self.means, "epoch": self._epoch, "recent": self._recent}
        return plain | {"sound": self._sound, "start": start}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up what `state_dict` gave."""
        self.first, self.means = state["first"], state["means"]
        self._epoch, self._recent, self._sound = state["epoch"], state["recent"], state["sound"]
        self.start = Features(**state["start"]) if state["start"] else None

    def warnings(self) -> dict[str, str]:
        """What `judge_losses` says of a training that has ended."""
        return judge_losses(self.first, self.means, self.constant, self.part)


def judge_losses(
    first: Mapping[str, float], means: list[dict[str, float]], constant: Mapping[str, float], part: str = "epoch"
) -> dict[str, str]:
    """Warnings of losses by name: `loss-exploded` and `loss-constant`, one line each.

    Args:
        first: losses of the first step.
        means: their means over each epoch.
        constant: what constant predictions score, of the losses where that is known.
        part: what an epoch is called in words.
    """
    warnings = {}
    exploded = []
    for name, begun in first.items():
        reference = _reference(begun, constant.get(name, 0.0))
        peak, at = max((each[name], number) for number, each in enumerate(means, start=1))
        if peak > EXPLODED * reference:
            exploded.append(f"{name} was {peak:.4g} in {part} {at} of {len(means)}, {begun:.4g} in the first step")
    if exploded:
        warnings["loss-exploded"] = "; ".join(exploded)
    level = [
        f"{name} was {means[-1][name]:.5g} in the last {part}, constant predictions reach {bound:.5g}"
        for name, bound in constant.items()
        if means[-1][name] >= bound * (1 - CONSTANT_MARGIN)
    ]
    if level:
        warnings["loss-constant"] = "; ".join(level)
    return warnings


def _reference(begun: float, constant: float) -> float:
    """The size that a loss is held against: the largest of its first value, a constant prediction's, and 1."""
    return max(abs(begun), constant, 1.0)


@dataclass(frozen=True)
class Features:
    """How far pooled features of a corpus' tiles lie apart, each scaled to length 1.

    Attributes:
        spread: mean standard deviation of their components, as `bench probe` gives it; 1 / sqrt(C) at most.
        rank: effective rank of their covariance, the exponential of the entropy of its eigenvalues over their sum (Roy
            and Vetterli, The effective rank, EUSIPCO 2007), in [1, C]; 0 where all features are equal.
    """

    spread: float
    rank: float


def describe_features(features: NDArray[np.floating[Any]]) -> Features:
    """Spread and effective rank of features, N x C."""
    wide = features.astype(np.float64)
    centred = wide / np.linalg.norm(wide, axis=1, keepdims=True).clip(1e-12)
    centred -= centred.mean(axis=0)
    variances = np.linalg.svd(centred, compute_uv=False) ** 2
    rank = math.exp(entropy(variances)) if variances.any() else 0.0
    return Features(float(centred.std(axis=0).mean()), rank)


def judge_features(start: Features, end: Features) -> dict[str, str]:
    """The warning `features-collapsed`, one line, or nothing."""
    flat = end.spread < SPREAD_LEFT * start.spread
    narrow = end.rank < RANK_COLLAPSED and start.rank > RANK_BEFORE
    if not flat and not narrow:
        return {}
    return {
        "features-collapsed": f"exported features have spread {end.spread:.3g} and effective rank {end.rank:.3g}, "
        f"{start.spread:.3g} and {start.rank:.3g} before training"
    }


@torch.no_grad()
def pooled_features(backbone: Backbone, corpus: Corpus, size: int, statistics: Normalisation) -> NDArray[np.float32]:
    """Pooled features of up to 512 tiles, always the same, N x C, in full precision.

    Batch norm uses the statistics of the tiles in front of it, at the start and at the end alike: those that a new
    network keeps normalise nothing, and those of a trained one fit its views (docs/decisions/018). Nothing random is
    drawn.

    Args:
        backbone: on any device; its batch norm's running statistics change.
        corpus: the tiles.
        size: side at which the network sees them, pixels.
        statistics: those of the input that its weights were trained with.
    """
    backbone.eval()
    for module in backbone.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the common base has no public name
            module.train()
    device = next(backbone.parameters()).device
    shift, scale = (
        torch.tensor(values, device=device).view(1, -1, 1, 1) for values in (statistics.mean, statistics.std)
    )
    # Shuffled, always alike: each batch sees the whole corpus and not one scene.
    chosen = permute(np.arange(min(TILES, len(corpus))), len(corpus), "features")
    parts = -(-len(chosen) // CHUNK)
    found = []
    for part in range(parts):
        stored = corpus.tiles(chosen[part::parts])
        tiles = torch.from_numpy(stored).to(device).permute(0, 3, 1, 2).float() / np.iinfo(stored.dtype).max
        if tiles.shape[-1] != size:
            tiles = functional.interpolate(tiles, (size, size), mode="bilinear", antialias=True)
        found.append(backbone.pooled((tiles - shift) / scale).cpu())
    return torch.cat(found).numpy()
