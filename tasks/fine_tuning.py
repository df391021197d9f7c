"""Fine-tuning by mmengine's Runner, the same for every task: one loop, one selection, one reading of the test split."""

import logging
import time
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
from tasks.mm import AutocastOptimWrapper, KeepBest, ReportProgress, WatchLoss
from tasks.protocols import Optimiser, Protocol
from tasks.task import Result

# Samples in one evaluation batch; evaluation is done in fp32, so it moves no number.
EVAL_BATCH = 32


@dataclass(frozen=True)
class Samples:
    """The three parts of a data set as torch data sets; `train` is the subset of the cell."""

    train: Dataset[Any]
    val: Dataset[Any]
    test: Dataset[Any]


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


def prepare_process(seed: int) -> None:
    """Seed everything before a model is built, keeping the worker's thread count."""
    make_deterministic(seed, torch.get_num_threads())


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
