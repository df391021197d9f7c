"""Images a second of the harness' own training loop, with everything it does, and with parts of it made ready."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import methods
from bench import backbones
from bench.core.context import Context
from bench.core.errors import BenchError
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop
from bench.pretraining.method import Length
from bench.pretraining.options import TrainingOptions
from bench.pretraining.spec import MethodSpec
from methods.augment.views import View
from methods.labelled import LabelledFeed

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from textured_corpus import write_corpus

__all__ = ["Case", "make_options", "rate", "ready_batch", "ready_tensors", "refused", "write_corpus"]

# Views below this are of a trial: heads of the papers' widths would take all of its time.
SMALL = 64
NARROW = {"hidden": 64, "dim": 64, "out_dim": 64}


@dataclass(frozen=True)
class Case:
    """What is trained, on what, and how.

    Attributes:
        method: name of the method.
        backbone: name of the network.
        corpus: the tiles.
        labelled: folder of labelled images, for a method that needs them.
        size: side of the views, pixels.
        batch: tiles in a step.
        steps: of the training; those before the loop's first report but one warm up.
        device: of the training.
        compiled: whether backbones are compiled.
    """

    method: str
    backbone: str
    corpus: Corpus
    labelled: Path
    size: int
    batch: int
    steps: int
    device: torch.device
    compiled: bool = False


def make_options(case: Case) -> tuple[MethodSpec, TrainingOptions, Corpus]:
    """The method with its options, and the corpus as it takes it.

    Raises:
        BenchError: the method cannot be trained so.
    """
    spec = methods.get(case.method)
    values: dict[str, Any] = {"batch": case.batch, "size": case.size, "compile": case.compiled, "epochs": 1000}
    if "queue" in spec.options.model_fields:
        values["queue"] = len(case.corpus) // case.batch * case.batch
    if "labelled" in spec.needs:
        values["labelled"] = str(case.labelled)
    if case.size < SMALL:
        values |= {name: width for name, width in NARROW.items() if name in spec.options.model_fields}
        if case.method == "cmid":
            values["cell"] = case.size // 2
    options = spec.options.model_validate(spec.defaults | values)
    assert isinstance(options, TrainingOptions)
    options.check_backbone(backbones.get(case.backbone))
    options.check(case.corpus)
    return spec, options, options.supervise(case.corpus, derive(0, "labels"))


def rate(case: Case) -> float:
    """Images a second of `bench.pretraining.loop.train` after it is warm.

    Raises:
        BenchError: the method cannot be trained so.
    """
    torch._dynamo.reset()
    torch.manual_seed(0)
    spec, options, corpus = make_options(case)
    length = Length(case.steps, len(corpus) // case.batch)
    method = spec.load()(backbones.build(case.backbone), options, corpus, length)
    reports: list[tuple[int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        loop.train(
            method,
            corpus,
            Context(case.device, Path(folder), 0, lambda step, *_: reports.append((step, time.perf_counter()))),
        )
    (first, begun), (last, ended) = reports[min(1, len(reports) - 2)], reports[-1]
    return (last - first) * case.batch / (ended - begun)


@contextmanager
def ready_batch() -> Iterator[None]:
    """Meanwhile nothing is read: every step of a training gets the tiles of its first."""
    with _replaced(((loop, "feed"),), lambda real: _kept(real, lambda batches, *_: id(batches))):
        yield


@contextmanager
def ready_tensors() -> Iterator[None]:
    """Meanwhile nothing is read and no view is made: every step gets the first step's views."""

    def by_shape(owner: object, *arguments: Any) -> tuple[object, ...]:
        return id(owner), getattr(arguments[0], "shape", None)

    owners = ((View, "__call__"), (View, "apply"), (LabelledFeed, "batch"))
    with ready_batch(), _replaced(owners, lambda real: _kept(real, by_shape)):
        yield


@contextmanager
def _replaced(owners: tuple[tuple[Any, str], ...], make: Callable[[Any], Any]) -> Iterator[None]:
    real = [getattr(owner, name) for owner, name in owners]
    for (owner, name), function in zip(owners, real, strict=True):
        setattr(owner, name, make(function))
    try:
        yield
    finally:
        for (owner, name), function in zip(owners, real, strict=True):
            setattr(owner, name, function)


def _kept(function: Callable[..., Any], key: Callable[..., object]) -> Callable[..., Any]:
    """What a function returned first for arguments of this key, ever after."""
    kept: dict[object, Any] = {}

    def first(*arguments: Any) -> Any:
        name = key(*arguments)
        if name not in kept:
            kept[name] = function(*arguments)
        return kept[name]

    return first


def refused(case: Case) -> str | None:
    """Why a method cannot be trained so; None where it can."""
    try:
        make_options(case)
    except BenchError as error:
        return str(error)
    return None
