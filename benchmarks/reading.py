"""Training on a corpus that is read, against training on one batch that is ready: what reading takes from a step."""

import statistics
import tempfile
from contextlib import nullcontext
from pathlib import Path

import torch

from benchmarks.rates import Case, rate, ready_batch, write_corpus

GRID = 32


def measure(method: str, backbone: str, size: int, batch: int, rounds: int) -> dict[str, object]:
    """Median images/s of both, in turns, and the median of their ratios.

    Args:
        method: that trains on tiles and land cover alone.
        backbone: name of the network; the faster it is, the more reading weighs.
        size: side of tiles and views, pixels.
        batch: tiles in a step.
        rounds: turns that each gets.
    """
    figures: dict[str, list[float]] = {"read": [], "ready": []}
    with tempfile.TemporaryDirectory() as folder:
        corpus = write_corpus(Path(folder), GRID, GRID, size)
        case = Case(method, backbone, corpus, Path(folder), size, batch, steps=41, device=torch.device("cpu"))
        for _ in range(rounds):
            for name, how in (("read", nullcontext), ("ready", ready_batch)):
                with how():
                    figures[name].append(rate(case))
    ratios = [read / ready for read, ready in zip(*figures.values(), strict=True)]
    shown = {f"{name}_images_per_s": statistics.median(values) for name, values in figures.items()}
    return {"tiles": len(corpus), **shown, "ratio": statistics.median(ratios), "ratios": dict(enumerate(ratios))}
