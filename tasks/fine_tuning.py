"""Fine-tuning by mmengine's Runner, the same for every task: one loop, one selection, one reading of the test split."""

import logging
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.evaluator import BaseMetric
from mmengine.runner import Runner
from torch.utils.data import DataLoader, Dataset

from bench.core import precision
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.pretraining.optimisers import on_plain_views
from tasks import predictions
from tasks.mm import AutocastOptimWrapper, KeepBest, ReportProgress, WatchLoss
from tasks.protocols import Optimiser, Protocol
from tasks.splits import Parts
from tasks.task import Result, Start, Task

# Samples in one evaluation batch; evaluation is done in fp32, so it moves no number.
EVAL_BATCH = 32


@dataclass(frozen=True)
class Samples:
    """The three parts of a data set as torch data sets; `train` is the subset of the cell."""

    train: Dataset[Any]
    val: Dataset[Any]
    test: Dataset[Any]


class FineTuned(Task):
    """A task that trains one mmengine model: a kind of problem says what the model is and what it answers."""

    @abstractmethod
    def build(self, start: Start) -> Any:
        """The model around the pretrained weights; its data preprocessor takes the batches of `samples`."""

    @abstractmethod
    def metric(self) -> BaseMetric:
        """What computes the protocol's metrics."""

    @abstractmethod
    def pair(self, output: Any) -> tuple[Any, Any]:
        """Truth and prediction in the model's answer to one sample, as the kind of label draws them."""

    def constant(self, train: list[int]) -> float | None:  # noqa: ARG002 - overridden where it is known
        """Loss of the best constant prediction on the training samples; None where it is not known."""
        return None

    def picturable(self, test: list[int]) -> list[int]:
        """The test samples of which a picture says something."""
        return test

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune on `train`, select on the validation split, and read the test split once, at the end."""
        make_deterministic(context.seed, torch.get_num_threads())  # before the model is built, for its head is drawn
        model = self.build(start)
        samples = Samples(self.samples(train), self.samples(parts.val), self.samples(parts.test))
        result = fine_tune(model, samples, self.metric(), self.protocol, context, self.constant(train))
        pictured = predictions.chosen(self.picturable(parts.test), context.prediction_count)
        outputs = predictions.predict(model, self.samples(pictured))
        predictions.write(self, pictured, [self.pair(output) for output in outputs], context)
        return result


def fine_tune(
    model: Any,
    samples: Samples,
    metric: BaseMetric,
    protocol: Protocol,
    context: Context,
    constant: float | None = None,
) -> Result:
    """Train an mmengine model by a protocol and score it on the test split.

    Args:
        model: an mmengine model whose data preprocessor takes the data sets' batches.
        samples: the parts.
        metric: computes the protocol's metrics.
        protocol: optimiser, schedule, selection.
        context: device, folder, seed.
        constant: loss of the best constant prediction on the training samples, where the task knows it.

    Raises:
        DivergedError: the loss of a step, or the trained weights, are not finite.
    """
    watch = WatchLoss(constant, f"lower the protocol's optimiser.lr ({protocol.optimiser.lr:g})")
    runner = _runner(model, samples, metric, protocol, context, watch)
    begun = time.monotonic()
    runner.train()
    trained = time.monotonic()
    metrics = runner.test() if len(samples.test) else {}  # type: ignore[arg-type]  # torch's Dataset declares no length
    tested = time.monotonic()
    return Result(
        metrics={name: float(value) for name, value in metrics.items()},
        steps=runner.iter,
        train_seconds=trained - begun,
        test_seconds=tested - trained,
        warnings=watch.warnings,
        backbone=model.backbone.net.state_dict(),
    )


def _runner(
    model: Any, samples: Samples, metric: BaseMetric, protocol: Protocol, context: Context, watch: WatchLoss
) -> Runner:
    schedule = protocol.schedule
    by_epoch = schedule.length == "epochs"
    # A single look, after the last step, would have one set of weights to choose from.
    selects = 0 < schedule.look_every < schedule.total
    loop = (
        {"by_epoch": True, "max_epochs": schedule.total}
        if by_epoch
        else {"by_epoch": False, "max_iters": schedule.total}
    )
    # The watch comes last: it looks at the weights that are kept.
    hooks = [ReportProgress(context.progress), *([KeepBest(protocol.metric)] if selects else []), watch]
    return Runner(
        model=model.to(context.device, memory_format=torch.channels_last),
        work_dir=str(context.folder),
        train_dataloader=_train_loader(samples.train, schedule.batch, context.seed, by_epoch=by_epoch),
        val_dataloader=_eval_loader(samples.val) if selects else None,
        test_dataloader=_eval_loader(samples.test),
        train_cfg={**loop, "val_interval": schedule.look_every if selects else schedule.total + 1},
        val_cfg={} if selects else None,
        test_cfg={},
        optim_wrapper=_optim_wrapper(model, protocol, context),
        param_scheduler=_param_scheduler(protocol.optimiser, schedule.total, by_epoch=by_epoch),
        val_evaluator=[metric] if selects else None,
        test_evaluator=[metric],
        default_hooks={"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 50}},
        custom_hooks=hooks,
        log_processor={"by_epoch": by_epoch},
        log_level=logging.WARNING,
        default_scope="mmengine",
        experiment_name=f"cell-{context.folder.name}-{time.monotonic_ns()}",
        randomness={"seed": context.seed},
    )


def _train_loader(dataset: Dataset[Any], batch: int, seed: int, *, by_epoch: bool) -> DataLoader[Any]:
    sampler = (DefaultSampler if by_epoch else InfiniteSampler)(dataset, shuffle=True, seed=seed)
    return DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=getattr(dataset, "collate", None))


def _eval_loader(dataset: Dataset[Any]) -> DataLoader[Any]:
    sampler = DefaultSampler(dataset, shuffle=False)
    return DataLoader(dataset, batch_size=EVAL_BATCH, sampler=sampler, collate_fn=getattr(dataset, "collate", None))


def _optim_wrapper(model: Any, protocol: Protocol, context: Context) -> AutocastOptimWrapper:
    wanted = protocol.optimiser
    values: dict[str, Any] = {"lr": wanted.lr, "weight_decay": wanted.weight_decay, "fused": True}
    if wanted.name == "SGD":
        values["momentum"] = wanted.momentum
    optimiser = on_plain_views(getattr(torch.optim, wanted.name)(model.parameters(), **values))
    arithmetic = precision.resolve(protocol.schedule.precision, context.device)
    return AutocastOptimWrapper(optimizer=optimiser, arithmetic=arithmetic, device=context.device)


def _param_scheduler(optimiser: Optimiser, total: int, *, by_epoch: bool) -> list[dict[str, Any]]:
    if optimiser.decay == "cosine":
        return [{"type": "CosineAnnealingLR", "T_max": total, "by_epoch": by_epoch}]
    return [{"type": "StepLR", "step_size": optimiser.every, "gamma": optimiser.factor, "by_epoch": by_epoch}]
