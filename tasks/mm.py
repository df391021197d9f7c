"""What the harness adds to the OpenMMLab registries: the pyramid backbone, autocast on any device, keeping the best.

Import this module before mmseg or mmdet: it provides the operators they ask for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModule
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import Tensor, nn

from bench.backbones import weights
from bench.core import precision
from bench.core.context import Progress
from bench.pretraining.diagnostics import Watch
from bench.pretraining.facts import Length
from tasks import mmcv_ext
from tasks.simple_pyramid import SimpleFeaturePyramid
from tasks.task import Start

mmcv_ext.provide()


class PretrainedBackbone(BaseModule):
    """A backbone of the harness with pretrained weights, `net`, as a module of mmengine.

    Args:
        start: the backbone's name and weights.
    """

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.net = weights.restore(start.backbone, start.weights, f"the pretraining of {start.backbone}")

    def init_weights(self) -> None:
        """Keep the weights: the pretraining is the initialisation."""


class PyramidBackbone(PretrainedBackbone):
    """The maps of a backbone, as MMSegmentation and MMDetection expect them.

    A plain transformer's one map goes through a simple feature pyramid, which is drawn anew and belongs to the head.

    Args:
        start: the backbone's name and weights.
        out_indices: which of the backbone's `maps` (`bench.backbones.BackboneSpec`) are passed on, by position; all by
            default.
    """

    def __init__(self, start: Start, out_indices: list[int] | None = None) -> None:
        super().__init__(start)
        spec = self.net.spec
        self.out_indices = out_indices or list(range(len(spec.maps.strides)))
        if spec.transformer is not None:
            strides = [spec.maps.strides[i] for i in self.out_indices]
            self.pyramid = SimpleFeaturePyramid(spec.channels[-1], spec.strides[-1], strides, spec.maps.channels[-1])

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to the chosen feature maps."""
        if self.net.spec.transformer is not None:
            found: tuple[Tensor, ...] = self.pyramid(self.net(images)[-1], images.shape[2:])
            return found
        maps = self.net.finest(images, max(self.out_indices) + 1)
        return tuple(maps[i] for i in self.out_indices)


class SiameseBackbone(PyramidBackbone):
    """One backbone on both dates, and the absolute difference of its feature maps (Daudt et al., ICIP 2018).

    Both dates go through in one batch, so that batch norm sees them alike.
    """

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised pairs B x 6 x H x W, before and after, to the differences of the chosen maps."""
        maps = super().forward(torch.cat(images.chunk(2, dim=1)))
        return tuple((before - after).abs() for before, after in (each.chunk(2) for each in maps))


class AutocastOptimWrapper(OptimWrapper):
    """Forward and loss in bf16 autocast on CPU or GPU; mmengine's own wrapper refuses a CPU.

    Args:
        arithmetic: `bf16` or `fp32`.
        device: where the model is.
        kwargs: those of mmengine's OptimWrapper.
    """

    def __init__(self, *, arithmetic: str, device: torch.device, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._arithmetic = arithmetic
        self._device = device

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast inside mmengine's own context."""
        with super().optim_context(model), precision.autocast(self._arithmetic, self._device):
            yield


class KeepBest(Hook):
    """Keep the weights of the best look, and put them back when the training ends.

    Args:
        metric: name of the score; larger is better.
        later: of equal scores, keep the latest; else the first.

    Attributes:
        looks: when, in steps or epochs as the training is counted, and the score.
    """

    def __init__(self, metric: str, *, later: bool) -> None:
        self.looks: list[tuple[int, float]] = []
        self._metric, self._later = metric, later
        self._best = float("-inf")
        self._weights: dict[str, Tensor] | None = None

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float] | None = None) -> None:
        """Compare a look with the best so far."""
        score = float((metrics or {})[self._metric])
        by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
        self.looks.append((runner.epoch if by_epoch else runner.iter, score))
        if score > self._best or (self._later and score == self._best):
            self._best = score
            self._weights = {name: value.detach().clone() for name, value in runner.model.state_dict().items()}

    def after_train(self, runner: Runner) -> None:
        """Put the best weights back."""
        if self._weights is not None:
            runner.model.load_state_dict(self._weights)


class WatchLoss(Hook):
    """End a training whose loss or weights are not finite, and judge its loss when it ends.

    Args:
        constant: loss of the best constant prediction on the training samples; None where it is not known.
        advice: what to try when the training diverges.

    Attributes:
        losses: of every step.
    """

    def __init__(self, constant: float | None, advice: str) -> None:
        self.losses: list[float] = []
        self._constant = {} if constant is None else {"loss": constant}
        self._advice = advice
        self._watch: Watch | None = None

    @property
    def warnings(self) -> dict[str, str]:
        """Named warnings of a training that has ended; see `bench.pretraining.diagnostics`."""
        return self._watch.warnings() if self._watch else {}

    def before_train(self, runner: Runner) -> None:
        """Judge tenths of the run as a pretraining's epochs are judged."""
        steps = runner.max_iters
        self._watch = Watch(Length(steps, max(1, steps // 10)), self._constant, self._advice, "tenth")

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Tensor] | None = None
    ) -> None:
        """Look at the loss of every step; a DivergedError leaves the runner."""
        del batch_idx, data_batch
        assert self._watch is not None
        self.losses.append(float((outputs or {})["loss"].detach()))
        self._watch.note(runner.iter + 1, ["loss"], torch.tensor(self.losses[-1:]))
        self._watch.read()

    def after_train(self, runner: Runner) -> None:
        """Look at the weights that are about to be tested."""
        assert self._watch is not None
        self._watch.check_weights(runner.model, runner.iter)


class ReportProgress(Hook):
    """Tell the harness how far a training is.

    Args:
        progress: told steps done, steps in all, and the loss.
        every: steps between two reports.
    """

    def __init__(self, progress: Progress, every: int = 5) -> None:
        self._progress = progress
        self._every = every

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None, outputs: dict[str, Tensor] | None = None
    ) -> None:
        """Report now and then."""
        del batch_idx, data_batch
        if (runner.iter + 1) % self._every == 0 or runner.iter + 1 == runner.max_iters:
            loss = float((outputs or {})["loss"].detach())
            self._progress(runner.iter + 1, runner.max_iters, f"loss {loss:.3f}")
