"""Dividing a data set into training, validation and test samples."""

from dataclasses import dataclass

from bench.core.errors import DataError
from bench.core.seeding import shuffled
from tasks.prepared import Prepared
from tasks.protocols import Split


@dataclass(frozen=True)
class Parts:
    """Positions of the samples of each part, ascending."""

    train: list[int]
    val: list[int]
    test: list[int]


def divide(split: Split, data: Prepared) -> Parts:
    """Divide a prepared set as a protocol says.

    Raises:
        DataError: the protocol takes the parts that the public layout gives, or images by name, and the set has none.
    """
    if split.by == "given":
        labels = [part or "" for part in data.parts]
    elif split.by == "area":
        labels = _by_area(split, data)
    else:
        labels = _at_random(split, data.names if split.by == "slice" else data.sources)
    parts = Parts(*([at for at, label in enumerate(labels) if label == part] for part in ("train", "val", "test")))
    if not parts.train or not parts.test:
        empty = "test" if parts.train else "training"
        raise DataError(f"{data.path} has no {empty} samples when divided by {split.by}: is the data set complete?")
    return parts


def _at_random(split: Split, units: list[str]) -> list[str]:
    if split.ratio is None or split.seed is None:
        raise ValueError("a split at random has a ratio and a seed")
    distinct = sorted(set(units))
    drawn = [distinct[i] for i in shuffled(distinct, split.seed)]
    total = sum(split.ratio)
    first = round(len(drawn) * split.ratio[0] / total)
    second = first + round(len(drawn) * split.ratio[1] / total)
    train, val = set(drawn[:first]), set(drawn[first:second])
    return ["train" if unit in train else "val" if unit in val else "test" for unit in units]


def _by_area(split: Split, data: Prepared) -> list[str]:
    part_of = {name: part for part, names in (split.areas or {}).items() for name in names}
    unknown = sorted(set(data.sources) - part_of.keys())
    if unknown:
        raise DataError(f"{data.path} has the image {unknown[0]}, which the protocol's areas do not name")
    return [part_of[source] for source in data.sources]
