"""How cost grows with the tiles of a corpus, the cells of a plan and the labels of a cell, over two decades each.

    python -m benchmarks.growth docs/growth.svg
    python -m benchmarks.growth --labels results/real-transfer

Corpora are simulated: their pixels are holes in sparse files, which are read as zeros and take no disk; index and land
cover are written in full. Each figure is of a process of its own, whose peak memory is that of all it did.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.lib.format import open_memmap

from bench.corpus.storage.manifest import INDEX, LANDCOVER, MANIFEST
from bench.corpus.storage.shards import SHARD_BYTES, tile_dtype
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study

TILES = (14_300, 143_000, 1_430_000)
REPEATS = (1, 5, 25, 100)
SIZE, VIEW, BATCH, STEPS = 256, 64, 64, 60


def simulate(folder: Path, tiles: int) -> None:
    """Write a corpus of so many tiles without pixels."""
    told = Inputs(lambda _: None).corpus(load_study("demo", {}), None).manifest
    one = SIZE * SIZE * 3
    a_shard = SHARD_BYTES // one
    (folder / "shards").mkdir(parents=True)
    shards = []
    for number, first in enumerate(range(0, tiles, a_shard)):
        held = min(a_shard, tiles - first)
        name = f"shards/{number:05}.raw"
        with (folder / name).open("wb") as stream:
            stream.truncate(held * one)
        shards.append({"file": name, "tiles": held, "bytes": held * one, "encoding": "raw"})
    index = open_memmap(folder / INDEX, "w+", tile_dtype(told.bands), (tiles,))
    at = np.arange(tiles)
    index["shard"], index["offset"], index["length"] = at // a_shard, at % a_shard * one, one
    shares = open_memmap(folder / LANDCOVER, "w+", np.dtype("<f4"), (tiles, len(told.classes)))
    drawn = np.random.default_rng(0).dirichlet(np.full(len(told.classes), 0.3), tiles)
    shares[:] = drawn / drawn.sum(axis=1, keepdims=True)
    index.flush()
    shares.flush()
    manifest = told.model_dump(mode="json", by_alias=True) | {
        "tiles": tiles,
        "size": SIZE,
        "shards": shards,
        "controls": {},
    }
    (folder / MANIFEST).write_text(json.dumps(manifest))


def train(folder: Path) -> dict[str, float]:
    """Open a corpus and train a few steps of GeoKR on it; seconds, and the memory of the process."""
    import torch

    import methods
    from bench import backbones
    from bench.core.context import Context
    from bench.core.determinism import make_deterministic
    from bench.corpus.storage.reader import Corpus
    from bench.pretraining import loop

    make_deterministic(0, 1)
    begun = time.perf_counter()
    corpus = Corpus.open(folder)
    opened = time.perf_counter() - begun
    spec = methods.get("geokr")
    options = spec.options.model_validate(
        {"steps": STEPS, "batch": BATCH, "size": VIEW, "precision": "fp32", "update_interval": 10}
    )
    options.check(corpus)
    method = spec.load()(backbones.build("timm:test_resnet"), options, corpus, options.length(len(corpus)))
    with tempfile.TemporaryDirectory() as scratch:
        trained = loop.train(method, corpus, Context(torch.device("cpu"), Path(scratch), 0, lambda *_: None))
    return {"open": opened, "step": trained.seconds / STEPS, "mib": _mib()}


def plan(repeats: int) -> dict[str, float]:
    """Seconds to lay out the board's study with so many repeats, and to see what is done."""
    from bench.store.store import Store
    from bench.studies.plan import make_plan

    inputs = Inputs(lambda _: None)
    make_plan(load_study("leaderboard", {"seeds": 1}), inputs)  # what is read once is read
    begun = time.perf_counter()
    made = make_plan(load_study("leaderboard", {"seeds": repeats}), inputs)
    laid_out = time.perf_counter() - begun
    made.open_cells(Store(Path("/nonexistent")))
    return {"cells": len(made.cells), "plan": laid_out, "open": time.perf_counter() - begun - laid_out, "mib": _mib()}


def labels(committed: Path) -> list[dict[str, float]]:
    """Median seconds of the cells of committed records, by protocol and number of labels."""
    from results import load

    frame = load(committed, lambda _: None)
    frame = frame[frame["method"] != "image-stats"]
    found = frame.groupby(["protocol", "n_train"])["train_seconds"].agg(["median", "count"]).reset_index()
    return [
        {"protocol": protocol, "labels": int(count), "seconds": round(median, 4), "cells": int(cells)}
        for protocol, count, median, cells in found.itertuples(index=False)
    ]


def _mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _apart(*asked: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", *asked], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(folder: Path) -> dict[str, list[dict[str, float]]]:
    """All figures, each by the size that grows."""
    figures: dict[str, list[dict[str, float]]] = {"tiles": [], "cells": []}
    for tiles in TILES:
        simulate(folder / str(tiles), tiles)
        figures["tiles"].append({"tiles": tiles} | _apart("--train", str(folder / str(tiles))))
    for repeats in REPEATS:
        figures["cells"].append(_apart("--plan", str(repeats)))
    return figures


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Slope of the costs over the sizes, both as logarithms: 1 grows as the size does."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def panels(figures: dict[str, list[dict[str, float]]]) -> Iterator[tuple[str, str, list[float], list[float]]]:
    """What is drawn: axis, quantity, sizes and costs."""
    for axis, name, words in (
        ("tiles", "open", "seconds to open a corpus"),
        ("tiles", "step", "seconds a step of GeoKR"),
        ("tiles", "mib", "peak memory of a training, MiB"),
        ("cells", "plan", "seconds to lay out a plan"),
    ):
        rows = figures[axis]
        yield axis, words, [each[axis] for each in rows], [each[name] for each in rows]


def draw(figures: dict[str, Any], path: Path) -> None:
    """One panel a quantity, both axes logarithmic, with the slope of its line."""
    from matplotlib.figure import Figure

    drawn = list(panels(figures))
    figure = Figure(figsize=(3.2 * len(drawn), 3), layout="constrained")
    for place, (axis, words, sizes, costs) in zip(figure.subplots(1, len(drawn)), drawn, strict=True):
        place.loglog(sizes, costs, "o-", color="#1b6ca8")
        place.set(xlabel=axis, title=f"{words}\nslope {exponent(sizes, costs):.2f}")
        place.title.set_fontsize(9)
        place.set_ylim(min(costs) / 3, max(costs) * 3)
    figure.savefig(path)


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--train", "corpus", type=click.Path(path_type=Path), hidden=True)
@click.option("--plan", "repeats", type=int, hidden=True)
@click.option(
    "--labels", "committed", type=click.Path(path_type=Path), help="Say what cells of committed records took."
)
def main(path: Path | None, corpus: Path | None, repeats: int | None, committed: Path | None) -> None:
    """Measure, print as JSON, and draw to an .svg file."""
    if committed:
        for each in labels(committed):
            click.echo(json.dumps(each))
    elif corpus:
        click.echo(json.dumps(train(corpus)))
    elif repeats:
        click.echo(json.dumps(plan(repeats)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            figures = measure(Path(folder))
        slopes = {words: round(exponent(sizes, costs), 3) for _, words, sizes, costs in panels(figures)}
        click.echo(json.dumps({**figures, "slopes": slopes}, indent=1))
        if path:
            draw(figures, path)


if __name__ == "__main__":
    main()
