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
from numpy.typing import NDArray
from torch import Tensor

from bench import files, precision
from bench.backbones.pyramid import Backbone
from bench.corpus.reader import Corpus
from bench.errors import StudyError, WeightsError
from bench.method import Batch, Length, Method
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


def length_of(corpus: Corpus, options: TrainingOptions) -> Length:
    """Steps of a training: whole batches only, so the last tiles of an epoch's order may be left out."""
    per_epoch = len(corpus) // options.batch
    return Length(steps=per_epoch * options.epochs, steps_per_epoch=per_epoch)


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
    start, tail = _resume(parts, place.checkpoint)
    feed = Feed(corpus, options, method.length, method.sample_weights(), seed, place.device)
    saved = time.monotonic()
    for step in range(start, method.length.steps):
        with precision.autocast(arithmetic, place.device):
            losses = method(feed.batch(step))
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
            _save(parts, step + 1, tail, place.checkpoint)
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


class Feed:
    """The batches of a training, each following from the seed and the step's number alone.

    Args:
        corpus: the tiles.
        options: batch size.
        length: steps in an epoch.
        weights: relative chance of each tile; None draws every tile once an epoch.
        seed: pretraining seed.
        device: where batches are put.
    """

    def __init__(
        self,
        corpus: Corpus,
        options: TrainingOptions,
        length: Length,
        weights: NDArray[np.float64] | None,
        seed: int,
        device: torch.device,
    ) -> None:
        self._corpus = corpus
        self._batch = options.batch
        self._length = length
        self._weights = weights
        self._seed = seed
        self._device = device
        self._epoch = -1
        self._order: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def batch(self, step: int) -> Batch:
        """The tiles of a step, counted from 0, and the generator of its augmentation."""
        epoch, at = divmod(step, self._length.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffle(derive(self._seed, "order", epoch))
        # Ascending positions read the memory map forwards; order inside a batch carries no meaning.
        chosen = np.sort(self._order[at * self._batch : (at + 1) * self._batch])
        images = torch.from_numpy(np.ascontiguousarray(self._corpus.tiles(chosen))).to(self._device)
        landcover = None
        if self._corpus.has_landcover:
            landcover = torch.from_numpy(np.asarray(self._corpus.landcover[chosen])).to(self._device)
        generator = torch.Generator().manual_seed(derive(self._seed, "augment", step))
        return Batch(images.permute(0, 3, 1, 2), landcover, generator)

    def _shuffle(self, seed: int) -> NDArray[np.int64]:
        generator = np.random.default_rng(seed)
        count = len(self._corpus)
        if self._weights is None:
            return generator.permutation(count)
        return generator.choice(count, size=count, p=self._weights / self._weights.sum())


def _save(parts: dict[str, Any], step: int, tail: list[dict[str, float]], path: Path) -> None:
    states = {name: part.state_dict() for name, part in parts.items()}
    generators: dict[str, Tensor] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        generators["cuda"] = torch.cuda.get_rng_state()
    buffer = io.BytesIO()
    torch.save({"step": step, "tail": tail, "generators": generators, **states}, buffer)
    files.write_bytes(path, buffer.getvalue())


def _resume(parts: dict[str, Any], path: Path) -> tuple[int, list[dict[str, float]]]:
    if not path.exists():
        return 0, []
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(f"checkpoint {path} cannot be taken up ({reason}): delete it to start over") from None
    torch.set_rng_state(saved["generators"]["cpu"])
    if "cuda" in saved["generators"] and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["generators"]["cuda"])
    return saved["step"], saved["tail"]
