"""Counts of a corpus: the paper's Table I and II, and the reasons for what was left out."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.corpus.storage.manifest import SceneEntry


def count_reasons(entries: Sequence[SceneEntry]) -> dict[str, int]:
    """Tiles left out, by reason."""
    total: Counter[str] = Counter()
    for entry in entries:
        total.update(entry.rejected)
    return dict(sorted(total.items()))


def count_all(
    entries: Sequence[SceneEntry], landcover: NDArray[np.float32] | None, classes: tuple[str, ...]
) -> dict[str, dict[str, int]]:
    """Tiles by dominant class, by source, and left out by reason."""
    by_source: Counter[str] = Counter()
    for entry in entries:
        by_source[entry.source] += entry.tiles
    counts = {"source": dict(sorted(by_source.items())), "rejected": count_reasons(entries)}
    if landcover is not None:
        found = np.bincount(np.argmax(landcover, axis=1), minlength=len(classes))
        counts["class"] = {name: int(count) for name, count in zip(classes, found, strict=True)}
    return counts


def count_equal(index: NDArray[np.void]) -> dict[str, int]:
    """Tiles whose pixels are those of an earlier one, and of them those that lie in another folder or scene.

    Args:
        index: rows of `bench.corpus.storage.shards.tile_dtype`.

    Returns:
        Counts by name; empty where all tiles differ.
    """
    _, first, whose = np.unique(index["digest"], return_index=True, return_inverse=True)
    again = len(index) - len(first)
    elsewhere = int(np.count_nonzero(index["scene"] != index["scene"][first[whose.reshape(-1)]]))
    return {"pixels of an earlier tile": again, "pixels of one in another folder": elsewhere} if again else {}
