"""The pretraining loop: plain, and exact about where it is.

Pretraining does not run in mmengine's Runner, whose checkpoints hold neither generator states nor the sampler's
position (docs/decisions/003). Here everything that is random in a step follows from the seed and the step's number,
and the rest (weights, optimiser, scheduler, generators) is in the checkpoint: a run that was killed and taken up again
ends with the same weights, bit for bit on one CPU, as one that was not.
"""

import io
import os
import pickle
import shutil
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.backbones import weights
from bench.backbones.pyramid import Backbone
from bench.core import files, precision, stopping
from bench.core.context import Context
from bench.core.errors import DivergedError, StudyError, WeightsError
from bench.core.seeding import derive
from bench.core.tensorboard import Board
from bench.corpus.storage.batches import Batches, Position
from bench.corpus.storage.reader import Corpus
from bench.pretraining import ranks
from bench.pretraining.diagnostics import Features, Watch, describe_features, judge_features, pooled_features
from bench.pretraining.method import Batch, Method
from bench.pretraining.options import TrainingOptions

CHECKPOINT_SECONDS = 30.0
# Steps between two reports, when the losses come from a GPU too, and between two looks at all weights.
REPORT_STEPS = 10
CHECK_STEPS = 50
# Epochs whose losses are kept for a curve.
CURVE_POINTS = 100
# In the folder of the job; gone when the weights are kept.
CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Trained:
    """What a training leaves besides its weights.

    Attributes:
        losses: the mean of each loss over the last epoch.
        warnings: named warnings, one line each; see `bench.pretraining.diagnostics`.
        features: `spread` and `rank` of the exported features at the `start` and at the `end`.
        curve: the mean of each loss over each epoch; of many epochs some, evenly spaced, the last one included.
        seconds: wall time of its steps, those before an interruption included as far as a checkpoint kept them.
    """

    losses: dict[str, float] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    features: dict[str, dict[str, float]] = field(default_factory=dict)
    curve: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)


class Clock:
    """Wall time of a training, over its interruptions; its state is part of the checkpoint."""

    def __init__(self) -> None:
        self._before = 0.0
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far; what an interruption lost is not counted."""
        return self._before + time.monotonic() - self._since

    def state_dict(self) -> dict[str, float]:
        """The seconds so far."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from what `state_dict` gave."""
        self._before, self._since = state["seconds"], time.monotonic()


def train(method: Method[Any], corpus: Corpus, context: Context) -> Trained:
    """Train a method to the end, going on from its checkpoint where there is one.

    Args:
        method: on any device; it is moved.
        corpus: the tiles.
        context: device, folder of the checkpoint, pretraining seed and progress.

    Raises:
        DivergedError: a loss, a weight or an exported feature was not finite; the checkpoint is gone, so that the job
            starts over.
        WeightsError, CorpusError: the checkpoint is broken, or of another order of tiles.
        StoppedError: the process was asked to stop; a checkpoint is kept.
    """
    options: TrainingOptions = method.options
    arithmetic = precision.settle(options.precision, context.device)
    method.to(context.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch types only `to(Tensor)` so
    method.train()
    ranks.synchronise(method, method.apart)
    if options.compile:
        compile_backbones(method, context.device)
    watch = Watch(method.length, method.constant_losses(), _advice(options, arithmetic))
    try:
        with Board(None if ranks.number() else context.tensorboard) as board:
            return _train(method, corpus, context, arithmetic, watch, board)
    except DivergedError:
        (context.folder / CHECKPOINT).unlink(missing_ok=True)
        raise


def _train(
    method: Method[Any], corpus: Corpus, context: Context, arithmetic: str, watch: Watch, board: Board
) -> Trained:
    optimiser, scheduler = method.configure()
    clock = Clock()
    parts = {"method": method, "optimiser": optimiser, "scheduler": scheduler, "watch": watch, "clock": clock}
    order = derive(context.seed, "order")
    batches = Batches(corpus, method.options.batch, order, method.sample_weights(), ranks.number(), ranks.count())
    start = _resume(parts, batches, context.folder / CHECKPOINT)
    steps = method.length.steps
    if start == 0:
        watch.start = _features(method, corpus, "the weights it starts from", "start from others (option init)")
        clock.load_state_dict({"seconds": 0.0})
    saved = time.monotonic()
    for step in range(start, steps):
        with precision.autocast(arithmetic, context.device):
            losses = method(feed(batches, step, context.seed, context.device))
        values = torch.stack(list(losses.values()))
        watch.note(step + 1, list(losses), values.detach())
        report = step % REPORT_STEPS == 0 or step + 1 == steps
        if report or context.device.type == "cpu":
            watch.read()
        total = values.sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        ranks.average_gradients(method)
        optimiser.step()
        scheduler.step()
        method.after_step(step + 1)
        if report:
            if board.on:
                rate = {"lr": optimiser.param_groups[0]["lr"]}
                board.add(dict(zip(losses, values.detach().tolist(), strict=True)) | rate, step + 1)
            context.progress(step + 1, steps, f"loss {float(total.detach()):.3f}")
        # Several ranks agree at a report, for asking waits for all of them.
        stop = (report or ranks.count() == 1) and ranks.on_any(stopping.asked()) and step + 1 < steps
        save = ranks.number() == 0 and (stop or time.monotonic() - saved > CHECKPOINT_SECONDS)
        if save or step % CHECK_STEPS == 0 or step + 1 == steps:
            watch.read()
            watch.check_weights(method, step + 1)
        if save:
            _save(parts, batches.position(step + 1), context.folder / CHECKPOINT)
            saved = time.monotonic()
        if stop:
            raise stopping.StoppedError(f"stopped after step {step + 1} of {steps}")
    seconds = clock.seconds
    assert watch.start is not None
    end = _features(method, corpus, "the trained weights", watch.advice)
    warnings = watch.warnings() | judge_features(watch.start, end)
    features = {"start": asdict(watch.start), "end": asdict(end)}
    return Trained(watch.means[-1], warnings, features, _curve(watch.means), seconds)


def _curve(means: list[dict[str, float]]) -> dict[str, list[float]]:
    chosen = sorted({round(at) for at in np.linspace(0, len(means) - 1, min(len(means), CURVE_POINTS))})
    return {name: [means[at][name] for at in chosen] for name in means[-1]}


def _advice(options: TrainingOptions, arithmetic: str) -> str:
    lr = getattr(options, "lr", None)
    lower = "lower the learning rate" + ("" if lr is None else f" (lr is {lr:g})")
    return lower + (", or set precision to fp32 (it is bf16)" if arithmetic == "bf16" else "")


def _features(method: Method[Any], corpus: Corpus, what: str, advice: str) -> Features:
    """Spread and rank of what the method would export now.

    Raises:
        DivergedError: the features are not finite.
    """
    network = weights.restore(method.backbone.name, method.export(), what)
    found = pooled_features(network, corpus, method.options.size, method.input)
    if not np.isfinite(found).all():
        raise DivergedError(f"features of {what} are not finite: {advice}")
    return describe_features(found)


def compile_backbones(method: Method[Any], device: torch.device) -> None:
    """Compile the networks inside a method in place; their `state_dict` keeps its names.

    Raises:
        StudyError: the processor's code needs a C++ compiler and there is none.
    """
    if device.type == "cpu" and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise StudyError("option compile=true needs a C++ compiler on a CPU and none was found: leave it off")
    for network in method.modules():
        if isinstance(network, Backbone):
            network.compile()


def feed(batches: Batches, step: int, seed: int, device: torch.device) -> Batch:
    """What a step, counted from 0, trains on: its tiles, and the generator of its augmentation."""
    tiles, landcover, indices = batches[step]
    return Batch(
        images=torch.from_numpy(tiles).to(device).permute(0, 3, 1, 2),
        landcover=torch.from_numpy(landcover).to(device) if batches.corpus.has_landcover else None,
        generator=torch.Generator().manual_seed(derive(seed, "augment", step)),
        indices=torch.from_numpy(indices).to(device),
    )


def _save(parts: dict[str, Any], position: Position, path: Path) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    generators: dict[str, Tensor] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    buffer = io.BytesIO()
    torch.save({"position": position.to_json(), "generators": generators, **states}, buffer)
    files.write_bytes(path, buffer.getvalue())


def _resume(parts: dict[str, Any], batches: Batches, path: Path) -> int:
    """Take up a checkpoint: the number of the next step, counted from 0; 0 where there is none."""
    if not path.exists():
        return 0
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
        position = Position(**saved["position"])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"checkpoint {path} cannot be taken up ({reason}): delete it to start over") from None
    torch.set_rng_state(saved["generators"]["cpu"])
    if "cuda" in saved["generators"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["generators"]["cuda"])
    return batches.after(position)
