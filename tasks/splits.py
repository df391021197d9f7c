"""Dividing a data set into training, validation and test samples."""

import hashlib
from collections import Counter
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath

from bench.core.errors import DataError
from bench.core.seeding import shuffled
from tasks.prepared import Prepared
from tasks.protocol_parts import ListFile, Split
from tasks.protocols import Protocol
from tasks.scheme import Scheme
from tasks.subsets import chain, size_at

PARTS = ("train", "val", "test")
# Share of the training part that becomes a validation part, where a protocol selects on one and its split has none.
HELD_BACK = 0.2


@dataclass(frozen=True)
class Parts:
    """Positions of the samples of each part, ascending.

    Attributes:
        train, val, test: the parts.
        val_from_train: whether the split has no validation part, and this one was taken out of its training part.
    """

    train: list[int]
    val: list[int]
    test: list[int]
    val_from_train: bool = False


def parts_of(protocol: Protocol, data: Prepared) -> Parts:
    """Divide a prepared set as a protocol says, with a validation part where the protocol selects on one.

    Where the split has none, a fifth of the training part becomes it, every stratum in proportion, or of a split by place
    whole places; the test part is never touched (Oliver et al. 2018: a protocol may select only on what its user would have).

    Raises:
        DataError: as `divide`, or the training part is too small to be divided.
    """
    parts = divide(protocol.split, data)
    if parts.val or protocol.selects != "val":
        return parts
    if protocol.split.by == "place":
        val = _whole_places(parts.train, protocol.split, data)
        return Parts([at for at in parts.train if at not in val], sorted(val), parts.test, val_from_train=True)
    strata = data.label.strata(Scheme(protocol, data).counts(data.class_counts[parts.train]))
    sizes = Counter(strata)
    # A stratum of one sample stays in training.
    divisible = [at for at, stratum in enumerate(strata) if sizes[stratum] > 1]
    names = data.names
    order = chain(
        [names[parts.train[at]] for at in divisible], [strata[at] for at in divisible], protocol.split.seed or 0
    )
    val = {parts.train[divisible[at]] for at in order[: size_at(HELD_BACK, len(divisible))]}
    if not val:
        raise DataError(f"{data.path} has too few training samples to take a validation part out of them")
    return Parts([at for at in parts.train if at not in val], sorted(val), parts.test, val_from_train=True)


def _whole_places(train: list[int], split: Split, data: Prepared) -> set[int]:
    """A fifth of the places of a training part, at least one, with all their samples."""
    places = data.places
    distinct = sorted({places[at] for at in train})
    if len(distinct) < 2:
        raise DataError(f"{data.path} has one training place, which cannot give a validation part too")
    drawn = [distinct[i] for i in shuffled(distinct, split.seed or 0)]
    chosen = set(drawn[: max(1, size_at(HELD_BACK, len(drawn)))])
    return {at for at in train if places[at] in chosen}


def divide(split: Split, data: Prepared) -> Parts:
    """Divide a prepared set as a protocol says.

    Raises:
        DataError: the protocol takes the parts that the public layout gives, or images by name, and the set has none;
            or a file that lists images is missing or is not the one that was published.
    """
    if split.by == "given":
        labels = [part or "" for part in data.parts]
    elif split.by == "area":
        labels = _by_area(split, data)
    elif split.by == "list":
        labels = _by_list(split, data)
    else:
        labels = _at_random(split, _units(split, data), data)
    train, val, test = ([at for at, label in enumerate(labels) if label == part] for part in PARTS)
    parts = Parts(train, val, test) if split.scored == "test" else Parts(train, [], val)
    if not parts.train or not parts.test:
        empty = ("validation" if split.scored == "val" else "test") if parts.train else "training"
        raise DataError(f"{data.path} has no {empty} samples when divided by {split.by}: is the data set complete?")
    return parts


def _units(split: Split, data: Prepared) -> list[str]:
    """What is drawn as a whole, of each sample."""
    if split.by == "place":
        return data.places
    return data.sources if split.by == "image" else data.names


def _at_random(split: Split, units: list[str], data: Prepared) -> list[str]:
    if split.ratio is None or split.seed is None:
        raise ValueError("a split at random has a ratio and a seed")
    if split.by == "stratum":
        order = chain(units, data.label.strata(data.class_counts), split.seed)
        drawn = [units[i] for i in order]
    else:
        distinct = sorted(set(units))
        drawn = [distinct[i] for i in shuffled(distinct, split.seed)]
    if split.by == "place":
        return _few(split.ratio, drawn, units, data)
    total = sum(split.ratio)
    first = round(len(drawn) * split.ratio[0] / total)
    second = first + round(len(drawn) * split.ratio[1] / total)
    train, val = set(drawn[:first]), set(drawn[first:second])
    return ["train" if unit in train else "val" if unit in val else "test" for unit in units]


def _few(ratio: tuple[int, int, int], drawn: list[str], units: list[str], data: Prepared) -> list[str]:
    """Parts of whole places: each that is asked for gets one at least, for places may be few.

    Raises:
        DataError: there are fewer places than parts.
    """
    asked = [part for part, share in zip(PARTS, ratio, strict=True) if share]
    if len(drawn) < len(asked):
        raise DataError(f"{data.path} has {len(drawn)} places, which cannot be divided into {len(asked)} parts")
    ends = [round(len(drawn) * sum(ratio[: at + 1]) / sum(ratio)) for at in range(len(PARTS))]
    counts = dict(zip(PARTS, [end - start for start, end in zip([0, *ends], ends, strict=False)], strict=True))
    for part in asked:
        if not counts[part]:
            counts[max(counts, key=lambda each: counts[each])] -= 1
            counts[part] = 1
    part_of = dict(zip(drawn, [part for part in PARTS for _ in range(counts[part])], strict=True))
    return [part_of[unit] for unit in units]


def _by_area(split: Split, data: Prepared) -> list[str]:
    part_of = {name: part for part, names in (split.areas or {}).items() for name in names}
    unknown = sorted(set(data.sources) - part_of.keys())
    if unknown:
        raise DataError(f"{data.path} has the image {unknown[0]}, which the protocol's areas do not name")
    return [part_of[source] for source in data.sources]


def check_lists(split: Split, data: Prepared) -> None:
    """Look whether the files are there that a split takes from its user.

    Raises:
        DataError: one is missing, or is not the one that was published.
    """
    for listed in (split.lists or {}).values():
        _read_list(listed, split, data)


def _by_list(split: Split, data: Prepared) -> list[str]:
    part_of: dict[str, str] = {}
    for part, listed in (split.lists or {}).items():
        for name in _read_list(listed, split, data):
            if part_of.setdefault(name, part) != part:
                raise DataError(
                    f"{data.path / listed.file}: {name} is listed in {part_of[name]} too: download the lists again"
                )
    names = [_stem(source) for source in data.sources]
    _check_same(names, part_of.keys(), data)
    return [part_of[name] for name in names]


def _read_list(listed: ListFile, split: Split, data: Prepared) -> list[str]:
    path = data.path / listed.file
    try:
        content = path.read_bytes()
    except OSError:
        raise DataError(
            f"the protocol divides by {listed.file}: get it from {split.lists_from} and put it into {data.path}"
        ) from None
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != listed.md5:
        raise DataError(f"{path} is not the published list (md5 {listed.md5}): get it from {split.lists_from} again")
    return [_stem(line) for line in content.decode().splitlines() if line.strip()]


def _stem(name: str) -> str:
    return PurePosixPath(name.strip()).stem


def _check_same(names: list[str], listed: AbstractSet[str], data: Prepared) -> None:
    """Refuse lists of other images than the set has."""
    have = set(names)
    if len(have) < len(set(data.sources)):
        raise DataError(f"{data.path} has images of one name in several folders: a list cannot tell them apart")
    if unlisted := sorted(have - listed):
        raise DataError(f"{data.path} has the image {unlisted[0]}, which no list names: prepare the published data set")
    if absent := sorted(listed - have):
        raise DataError(f"{data.path} lacks the image {absent[0]}, which a list names: is the data set complete?")
