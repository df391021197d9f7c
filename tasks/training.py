"""One training of an mmengine model by mmengine's Runner, and the scores of a model on samples."""

import logging
import time
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from torch.utils.data import DataLoader, Dataset

from bench.core import precision
from bench.core.context import Context
from bench.core.tensorboard import BACKEND
from bench.metrics.outcomes import Outcomes
from bench.pretraining.optimisers import on_plain_views
from tasks.mm import AutocastOptimWrapper, KeepBest, ReportProgress, WatchLoss
from tasks.protocol_parts import Optimiser
from tasks.scoring import OutcomeMetric
from tasks.tuning import Trial

# Samples in one evaluation batch; evaluation is done in fp32, so it moves no number.
EVAL_BATCH = 32


@dataclass(frozen=True)
class Samples:
    """What a training is given.

    Attributes:
        train: what it learns from.
        scored: what it is scored on at each look; None where nothing chooses.
        constant: loss of the best constant prediction on `train`, where the task knows it.
    """

    train: Dataset[Any]
    scored: Dataset[Any] | None
    constant: float | None = None


@dataclass(frozen=True)
class Trained:
    """What a training gives.

    Attributes:
        steps: optimiser steps.
        seconds: wall time.
        looks: when (in the unit of the schedule), and the score.
        losses: of every step.
        warnings: named warnings, each with one line of what was seen.
    """

    steps: int
    seconds: float
    looks: list[tuple[int, float]]
    losses: list[float]
    warnings: dict[str, str]


def train(
    model: Any, samples: Samples, metric: BaseMetric, trial: Trial, context: Context, stop: int | None = None
) -> Trained:
    """Train a model, and leave in it the weights of the best look; without looks, the last ones.

    Args:
        model: an mmengine model whose data preprocessor takes the data sets' batches.
        samples: what it learns from and is scored on.
        metric: computes the protocol's metrics.
        trial: the protocol, and the factor on the head's rate.
        context: device, folder, seed.
        stop: ends there, in the unit of the schedule, which keeps its length.

    Raises:
        DivergedError: the loss of a step, or the weights that are kept, are not finite.
    """
    advice = f"lower the protocol's optimiser.lr ({trial.protocol.optimiser.lr:g})"
    # A few labels often score two looks alike; then the one nearer to the end, which untuned cells take, is kept.
    later = trial.protocol.selects != "val"
    watch, best = WatchLoss(samples.constant, advice), KeepBest(trial.protocol.metric, later=later)
    # The watch comes last: it looks at the weights that are kept.
    hooks = [ReportProgress(context.progress), *([] if samples.scored is None else [best]), watch]
    runner = _runner(model, samples, metric, trial, context, hooks, stop)
    begun = time.monotonic()
    try:
        runner.train()
    finally:
        _forget(runner)
    seconds = time.monotonic() - begun
    return Trained(runner.iter, seconds, best.looks, watch.losses, watch.warnings)


def score(model: Any, samples: Dataset[Any], metric: BaseMetric) -> tuple[dict[str, float], Outcomes | None]:
    """The metrics of a model on samples, and the outcomes that they are computed from.

    Returns:
        No metric where there are no samples; no outcomes there, or where the metric is not an `OutcomeMetric`.
    """
    total = len(samples)  # type: ignore[arg-type]  # torch's Dataset declares no length
    if not total:
        return {}, None
    evaluator = Evaluator([metric])
    model.eval()
    with torch.no_grad():
        for batch in _eval_loader(samples):
            evaluator.process(model.test_step(batch), batch)
    if isinstance(metric, OutcomeMetric):
        outcomes = metric.outcomes(metric.results)
        return outcomes.scores(), outcomes
    return {name: float(value) for name, value in evaluator.evaluate(total).items()}, None


def _runner(
    model: Any,
    samples: Samples,
    metric: BaseMetric,
    trial: Trial,
    context: Context,
    hooks: list[Hook],
    stop: int | None,
) -> Runner:
    protocol, schedule = trial.protocol, trial.protocol.schedule
    by_epoch, end = schedule.length == "epochs", stop or schedule.total
    loop = {"by_epoch": by_epoch, "max_epochs" if by_epoch else "max_iters": end}
    # What no look divides is looked at once, after the last step.
    every = schedule.look_every if 0 < schedule.look_every < schedule.total else schedule.total + 1
    curves = [{"type": BACKEND, "save_dir": str(context.tensorboard)}] if context.tensorboard else []
    looks = None if samples.scored is None else _eval_loader(samples.scored)
    return Runner(
        model=model.to(context.device, memory_format=torch.channels_last),
        work_dir=str(context.folder),
        train_dataloader=_train_loader(samples.train, schedule.batch, context.seed, by_epoch=by_epoch),
        val_dataloader=looks,
        train_cfg={**loop, "val_interval": every},
        val_cfg=None if looks is None else {},
        optim_wrapper=_optim_wrapper(model, trial, context),
        param_scheduler=_param_scheduler(protocol.optimiser, schedule.total, by_epoch=by_epoch),
        val_evaluator=None if looks is None else [metric],
        default_hooks={"checkpoint": None, "logger": {"type": "LoggerHook", "interval": 10 if curves else 50}},
        visualizer={"type": "Visualizer", "vis_backends": [{"type": "LocalVisBackend"}, *curves]},
        custom_hooks=hooks,
        log_processor={"by_epoch": by_epoch},
        log_level=logging.WARNING,
        default_scope="mmengine",
        experiment_name=f"cell-{context.folder.name}-{time.monotonic_ns()}",
        randomness={"seed": context.seed},
    )


def _forget(runner: Runner) -> None:
    """Close the log and drop its history: mmengine keeps those of every runner for as long as the process lives."""
    runner.visualizer.close()
    for handler in runner.logger.handlers:
        handler.close()
    for kept in (MMLogger, MessageHub, Visualizer):
        kept._instance_dict.pop(runner.experiment_name, None)  # noqa: SLF001 - it has no other way to let go of one


def _train_loader(dataset: Dataset[Any], batch: int, seed: int, *, by_epoch: bool) -> DataLoader[Any]:
    sampler = (DefaultSampler if by_epoch else InfiniteSampler)(dataset, shuffle=True, seed=seed)
    return DataLoader(dataset, batch_size=batch, sampler=sampler, collate_fn=getattr(dataset, "collate", None))


def _eval_loader(dataset: Dataset[Any]) -> DataLoader[Any]:
    sampler = DefaultSampler(dataset, shuffle=False)
    return DataLoader(dataset, batch_size=EVAL_BATCH, sampler=sampler, collate_fn=getattr(dataset, "collate", None))


def _optim_wrapper(model: Any, trial: Trial, context: Context) -> AutocastOptimWrapper:
    wanted = trial.protocol.optimiser
    values: dict[str, Any] = {"lr": wanted.lr, "weight_decay": wanted.weight_decay, "fused": True}
    if wanted.name == "SGD":
        values["momentum"] = wanted.momentum
    groups = parameter_groups(model, wanted.lr, trial.head, wanted.layer_decay)
    optimiser = on_plain_views(getattr(torch.optim, wanted.name)(groups, **values))
    arithmetic = precision.settle(trial.protocol.schedule.precision, context.device)
    return AutocastOptimWrapper(optimizer=optimiser, arithmetic=arithmetic, device=context.device)


def parameter_groups(
    model: Any, rate: float, head: float = 1.0, layer_decay: float | None = None
) -> list[dict[str, Any]]:
    """The parameters, in a group for every rate.

    Args:
        model: whose `backbone.net` is the pretrained backbone; all else is its head.
        rate: of the backbone, or of its last layers.
        head: factor on the rate of the head.
        layer_decay: factor on the rate from a layer to the one before it. A backbone that numbers no layers has one rate.
    """
    net = model.backbone.net
    inside = {id(weight) for weight in net.parameters()}
    outside = [weight for weight in model.parameters() if id(weight) not in inside]
    if layer_decay is None or net.layers == 1:
        if head == 1:
            return [{"params": list(model.parameters())}]
        return [{"params": list(net.parameters())}, {"params": outside, "lr": rate * head}]
    layers: dict[int, list[Any]] = {}
    for name, weight in net.named_parameters():
        layers.setdefault(net.layer_of(name), []).append(weight)
    backbone = [{"params": layers[at], "lr": rate * layer_decay ** (net.layers - 1 - at)} for at in sorted(layers)]
    return [*backbone, {"params": outside, "lr": rate * head}]


def _param_scheduler(optimiser: Optimiser, total: int, *, by_epoch: bool) -> list[dict[str, Any]]:
    if optimiser.decay == "cosine":
        return [{"type": "CosineAnnealingLR", "T_max": total, "by_epoch": by_epoch}]
    return [{"type": "StepLR", "step_size": optimiser.every, "gamma": optimiser.factor, "by_epoch": by_epoch}]
