"""Pretraining on one GPU, in one call: `python benchmarks/pretraining_on_a_gpu.py`; `--smoke` is tiny and runs anywhere.

Every method that trains, with ResNet-50 at 224 and 256 px, batches of 256, bf16 and channels last, with and without
`torch.compile`, on tiles and labelled images made here: images/s end to end (a corpus read from the disk, batched views,
the step), images/s on ready tensors (every step gets the first step's views), and the most memory allocated. Then
lightly's own modules in a plain fp32 loop over its transforms, on the same tiles decoded, in a DataLoader of 16 workers.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision

import methods
from bench import backbones
from bench.core.context import Context
from bench.demo.sets import ensure_natural
from bench.pretraining import loop as pretraining
from bench.pretraining.method import Length
from benchmarks.pretraining import METHODS, lightlys_pass
from methods.augment.views import View
from methods.gersp import LabelledFeed

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from textured_corpus import write_corpus

# `bench.pretraining.loop.train` reports every tenth step; the steps before the first report warm up.
REPORT = 10


@dataclass(frozen=True)
class Scale:
    """How large everything is; `grid` x `grid` tiles of `tile` pixels make the corpus."""

    backbone: str = "resnet50"
    sizes: tuple[int, ...] = (224, 256)
    batch: int = 256
    steps: int = 41
    tile: int = 256
    grid: int = 32
    workers: int = 16
    compiled: tuple[bool, ...] = (False, True)


SMOKE = Scale("resnet18", (32,), 4, 11, 32, 4, 2, (False,))


def always_the_first(function):
    """What a method of a class returned first for arguments of this shape, ever after."""
    kept = {}

    def first(self, *arguments):
        key = (id(self), getattr(arguments[0], "shape", None))
        if key not in kept:
            kept[key] = function(self, *arguments)
        return kept[key]

    return first


def rate(name, scale, corpus, labelled, size, compiled, device) -> float:
    """Images/s of `bench.pretraining.loop.train` after its first report."""
    torch._dynamo.reset()
    torch.manual_seed(0)
    spec = methods.get(name)
    values = {"batch": scale.batch, "size": size, "compile": compiled, "epochs": 1000}
    if "queue" in spec.options.model_fields:
        values["queue"] = len(corpus)
    if "labelled" in spec.needs:
        values["labelled"] = str(labelled)
    if name == "cmid" and size == SMOKE.sizes[0]:
        values["cell"] = size // 2
    options = spec.options.model_validate(spec.defaults | values)
    length = Length(scale.steps, len(corpus) // scale.batch)
    method = spec.load()(backbones.build(scale.backbone), options, corpus, length)
    reports = []

    def progress(step, _steps, _text) -> None:
        reports.append((step, time.perf_counter()))

    with tempfile.TemporaryDirectory() as folder:
        pretraining.train(method, corpus, Context(device, Path(folder), 0, progress))
    (first, begun), (last, ended) = reports[1 if scale.steps > REPORT + 1 else 0], reports[-1]
    return (last - first) * scale.batch / (ended - begun)


def rate_on_ready_tensors(*arguments) -> float:
    """The same without loading and augmentation."""
    owners = ((View, "__call__"), (View, "apply"), (LabelledFeed, "batch"), (pretraining, "feed"))
    real = [getattr(owner, name) for owner, name in owners]
    for (owner, name), function in zip(owners, real, strict=True):
        setattr(owner, name, one_batch(function) if owner is pretraining else always_the_first(function))
    try:
        return rate(*arguments)
    finally:
        for (owner, name), function in zip(owners, real, strict=True):
            setattr(owner, name, function)


def one_batch(function):
    """The batch of the first step in every step."""
    kept = {}

    def first(batches, _step, seed, device):
        if id(batches) not in kept:
            kept[id(batches)] = function(batches, 0, seed, device)
        return kept[id(batches)]

    return first


def lightlys_rate(name, scale, corpus, size, device) -> float:
    """Images/s of the second of two passes over at least four batches a worker."""
    tiles = corpus.tiles(torch.arange(4 * scale.workers * scale.batch).remainder(len(corpus)).numpy())
    network = getattr(torchvision.models, scale.backbone)
    make = lightlys_pass(name, tiles, scale.batch, size, scale.workers, network, device)
    make()
    begun = time.perf_counter()
    make()
    return len(tiles) / (time.perf_counter() - begun)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--smoke", action="store_true", help="ResNet-18, 32 px, batches of 4, not compiled")
    ask.add_argument("--methods", default=",".join(n for n, spec in methods.registry.all().items() if spec.trains))
    asked = ask.parse_args()
    scale = SMOKE if asked.smoke else Scale()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not asked.smoke:
        sys.exit("no GPU here: only --smoke runs without one")
    print(torch.cuda.get_device_name() if device.type == "cuda" else "CPU", torch.__version__, scale)
    print("| method | size | compiled | end to end, images/s | ready tensors, images/s | memory, GiB |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        corpus = write_corpus(Path(folder), scale.grid, scale.grid, scale.tile)
        labelled = ensure_natural(Path(folder), size=scale.tile)
        for name in asked.methods.split(","):
            for size in scale.sizes:
                for compiled in scale.compiled:
                    if device.type == "cuda":
                        torch.cuda.reset_peak_memory_stats()
                    arguments = (name, scale, corpus, labelled, size, compiled, device)
                    whole, ready = rate(*arguments), rate_on_ready_tensors(*arguments)
                    memory = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else float("nan")
                    print(f"| {name} | {size} | {compiled} | {whole:.0f} | {ready:.0f} | {memory:.1f} |", flush=True)
        for name in METHODS:
            for size in scale.sizes:
                found = lightlys_rate(name, scale, corpus, size, device)
                print(f"| lightly's {name} | {size} | False | {found:.0f} | | |", flush=True)


if __name__ == "__main__":
    main()
