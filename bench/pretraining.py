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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench import files, precision
from bench.backbones.pyramid import Backbone
from bench.corpus.batches import Batches, Position
from bench.corpus.reader import Corpus
from bench.errors import StudyError, WeightsError
from bench.method import Batch, Method
from bench.options import TrainingOptions
from bench.seeding import derive

CHECKPOINT_SECONDS = 30.0
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Place:
    """Where a training runs: device, file of its checkpoint, and who is told how far it is."""

    device: torch.device
    checkpoint: Path
    progress: Progress


def train(method: Method[Any], corpus: Corpus, seed: int, place: Place) -> dict[str, float]:
    """Train a method to the end, going on from its checkpoint where there is one.

    Args:
        method: on any device; it is moved.
        corpus: the tiles.
        seed: pretraining seed.
        place: device, checkpoint and progress.

    Returns:
        The mean of each loss over the last epoch.
    """
    options: TrainingOptions = method.options
    arithmetic = precision.resolve(options.precision, place.device)
    method.to(place.device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch types only `to(Tensor)` so
    method.train()
    if options.compile:
        compile_backbones(method, place.device)
    optimiser, scheduler = method.configure()
    parts = {"method": method, "optimiser": optimiser, "scheduler": scheduler}
    batches = Batches(corpus, options.batch, derive(seed, "order"), method.sample_weights())
    start, tail = _resume(parts, batches, place.checkpoint)
    saved = time.monotonic()
    for step in range(start, method.length.steps):
        with precision.autocast(arithmetic, place.device):
            losses = method(feed(batches, step, seed, place.device))
        total = torch.stack(list(losses.values())).sum()
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        optimiser.step()
        scheduler.step()
        method.after_step(step + 1)
        if step >= method.length.steps - method.length.steps_per_epoch:
            tail.append({name: float(loss.detach()) for name, loss in losses.items()})
        if step % 10 == 0 or step + 1 == method.length.steps:
            place.progress(step + 1, method.length.steps, f"loss {float(total.detach()):.3f}")
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            _save(parts, batches.position(step + 1), tail, place.checkpoint)
            saved = time.monotonic()
    return {name: float(np.mean([losses[name] for losses in tail])) for name in tail[-1]}


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
    tiles, landcover, _ = batches[step]
    return Batch(
        images=torch.from_numpy(tiles).to(device).permute(0, 3, 1, 2),
        landcover=torch.from_numpy(landcover).to(device) if batches.corpus.has_landcover else None,
        generator=torch.Generator().manual_seed(derive(seed, "augment", step)),
    )


def _save(parts: dict[str, Any], position: Position, tail: list[dict[str, float]], path: Path) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    generators: dict[str, Tensor] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    buffer = io.BytesIO()
    torch.save({"position": position.to_json(), "tail": tail, "generators": generators, **states}, buffer)
    files.write_bytes(path, buffer.getvalue())


def _resume(parts: dict[str, Any], batches: Batches, path: Path) -> tuple[int, list[dict[str, float]]]:
    if not path.exists():
        return 0, []
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
    return batches.after(position), saved["tail"]
