"""What the masks of a data set hold: their values, or their colours, as classes of a first description."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.datasets.described.images import pack
from tasks.datasets.described.templates import Template, Tree
from tasks.datasets.pictures import SUFFIXES, has_colours, read_rgb, read_values

# More values are no classes but grey levels, as of a JPEG.
MOST_VALUES = 64
# Masks that are looked at, spread over all.
MOST_READ = 500
NO_CLASS = frozenset({"unlabeled", "unlabelled", "void", "ignore", "ignored", "unknown", "no data", "nodata"})


def mask_classes(tree: Tree, template: str, names: dict[int, str]) -> tuple[dict[str, Any], list[str]]:
    """Classes, and values that are none, as a description has them.

    Args:
        tree: the files.
        template: of the masks.
        names: of classes by their values, where the data set has them.

    Returns:
        `classes` and `unlabelled`, and what was guessed.

    Raises:
        DataError: the masks hold grey levels or one value only.
    """
    files = [each.path for each in Template(template).find(tree, SUFFIXES)]
    read = files[:: max(1, len(files) // MOST_READ)]
    guesses = [f"classes are those of {len(read):,} of {len(files):,} masks"] if len(read) < len(files) else []
    coloured = any(has_colours(path) for path in read[:: max(1, len(read) // 20)])
    counts: Counter[int] = Counter()
    for path in read:
        codes, times = np.unique(pack(read_rgb(path)) if coloured else read_values(path), return_counts=True)
        counts.update(dict(zip(codes.tolist(), times.tolist(), strict=True)))
        if len(counts) > MOST_VALUES:
            raise DataError(f"{path}: the masks hold more than {MOST_VALUES} values, as of grey levels, not of classes")
    if len(counts) < 2:
        raise DataError(f"{tree.folder}: all masks hold one value, {next(iter(counts), 'none')}")
    found, more = _of_colours(sorted(counts)) if coloured else _of_values(sorted(counts), names)
    return found, guesses + more


def _of_colours(codes: Sequence[int]) -> tuple[dict[str, Any], list[str]]:
    classes = [{"name": f"#{code:06x}", "colour": f"#{code:06x}"} for code in codes]
    return {"classes": classes, "unlabelled": []}, ["classes are called by their colours: give them names"]


def _of_values(values: Sequence[int], names: dict[int, str]) -> tuple[dict[str, Any], list[str]]:
    guesses = []
    unlabelled = [value for value in values if names.get(value, "").lower() in NO_CLASS]
    if IGNORE in values and len(values) > 2 and IGNORE not in names and IGNORE not in unlabelled:
        unlabelled.append(IGNORE)
        guesses.append(f"the value {IGNORE} is taken to be no class")
    kept = [value for value in values if value not in unlabelled]
    if not names:
        guesses.append("classes are called by their values: give them names")
    classes = [{"name": names.get(value, f"value {value}"), "value": value} for value in kept]
    return {"classes": classes, "unlabelled": unlabelled}, guesses
