"""What a design sheet states of each protocol of a study, and what of it a reviewer would object to."""

from collections.abc import Callable
from dataclasses import dataclass, field

import methods
from bench.store.designs import Cell
from bench.studies.duplicates import Near
from bench.studies.overlap import Overlap
from bench.studies.study import Study
from tasks.pools import Pool
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.scheme import Scheme

UNKNOWN = "?"
NAMES = ["protocol", "task"]


@dataclass(frozen=True)
class Described:
    """Cells of one protocol, marked where it is unfair as it stands, and a sentence for each mark."""

    cells: list[Cell]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """A protocol of a study, with its data set where that can be read."""

    study: Study
    protocol: Protocol
    data: Prepared | None
    pool: Pool | None
    near: Near | None
    over: Overlap | None


def describe(
    study: Study, protocol: Protocol, data: Prepared | None, near: Near | None, over: Overlap | None
) -> Described:
    """State what a protocol of a study is; what rests on its data set stays unknown where that cannot be read."""
    known = _Known(study, protocol, data, Pool(protocol, data) if data else None, near, over)
    faults = {
        "split": _leak(known),
        "selection": _beyond(known),
        "near-duplicates": _look_alikes(known),
        "under the corpus": _under(known),
    }
    cells = [Cell(text=protocol.id), Cell(text=protocol.task)]
    cells += [
        Cell(text=of(known), differs=bool(faults.get(name))) for group in COLUMNS.values() for name, of in group.items()
    ]
    return Described(cells, [f"{protocol.id}: {fault}." for fault in faults.values() if fault])


def _leak(known: _Known) -> str:
    """How images of the test part lie in the training part too, if so."""
    if known.pool is None or known.data is None:
        cut = known.protocol.split.by == "slice"
        return "leaky where an image gives several slices, for slices are divided and not images" if cut else ""
    sources = known.data.sources
    shared = {sources[at] for at in known.pool.parts.train} & {sources[at] for at in known.pool.parts.test}
    if shared:
        return f"leaky, {len(shared):,} images lie in both training and test part"
    places = known.data.places
    shared = {places[at] for at in known.pool.parts.train} & {places[at] for at in known.pool.parts.test}
    return f"leaky, {len(shared):,} places lie in both training and test part" if shared else ""


def _beyond(known: _Known) -> str:
    """How many labels beyond the fraction select, if any."""
    if known.protocol.selects != "val":
        return ""
    labels = UNKNOWN if known.pool is None else f"{len(known.pool.parts.val):,}"
    return f"selected on {labels} labels beyond the fraction"


def _look_alikes(known: _Known) -> str:
    """How many images of the test part were seen in training, nearly the same, if any."""
    near = known.near
    if not near:
        return ""
    tiles = f", {near.seen_in_tiles:,} like tiles of the corpus" if near.seen_in_tiles else ""
    return f"{near.seen_in_train:,} of {near.test:,} test images look like training images{tiles}"


def _under(known: _Known) -> str:
    """What of the test part lies under a corpus, if anything."""
    return str(known.over) if known.over and known.over.km2 else ""


def _place(known: _Known) -> str:
    """The same as a cell: where it is known, or why not."""
    if not any(methods.get(row.method).trains for row in known.study.rows()):
        return "no row trains"
    if known.over is None:
        return "made by a generator" if known.data is not None and known.data.synthetic else UNKNOWN
    return str(known.over) if known.over.unknown or known.over.km2 else "none"


def _split(known: _Known) -> str:
    split = known.protocol.split
    ratio = f" {':'.join(map(str, split.ratio))}" if split.ratio else ""
    return f"by {split.by}{ratio}{', leaky' if _leak(known) else ''}"


def _parts(known: _Known) -> str:
    if known.pool is None:
        return UNKNOWN
    parts = known.pool.parts
    taken = ", val taken from train" if parts.val_from_train else ""
    return " / ".join(f"{len(part):,}" for part in (parts.train, parts.val, parts.test)) + taken


def _labels(known: _Known) -> str:
    """Each amount with the samples it gives, and how many that is a class."""
    amounts = known.study.amounts_of(known.protocol)
    if known.pool is None or known.data is None:
        return ", ".join(amount.text for amount in amounts)
    classes = len(Scheme(known.protocol, known.data).classes)
    sizes = [(amount.text, known.pool.size(amount)) for amount in amounts]
    return ", ".join(f"{text}: {size:,} ({_short(size / classes)} a class)" for text, size in sizes)


def _short(number: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _draw(known: _Known) -> str:
    subsets = known.protocol.subsets
    return f"{known.protocol.draw}, {subsets} subsets a repeat" if subsets > 1 else known.protocol.draw


def _selection(known: _Known) -> str:
    words = {
        "last": "last step, on no labels",
        "val": _beyond(known),
        "within": "on a fifth of the labels used, on none of fewer than five a class",
        "cv": "on folds of the labels used",
    }
    return words[known.protocol.selects]


def _length(known: _Known) -> str:
    return f"{known.protocol.schedule.total:,} {known.protocol.schedule.length}"


def _rate(known: _Known) -> str:
    return f"{known.protocol.optimiser.lr:.3g}"


def _grid(known: _Known) -> str:
    """The values that are searched in every cell."""
    tuning = known.protocol.tuning
    if tuning is None:
        return "none"
    factors = {"lr": tuning.lr, "steps": tuning.steps, "head lr": tuning.head}
    said = [
        f"{name} x {', '.join(f'{value:g}' for value in values)}" for name, values in factors.items() if values != [1]
    ]
    said += [f"{name} {', '.join(map(str, values))}" for name, values in _raced(known).items() if values]
    return "; ".join(said) or "none"


def _raced(known: _Known) -> dict[str, list[str]]:
    tuning = known.protocol.tuning
    return {} if tuning is None else {"statistics": [*tuning.statistics], "size": [str(size) for size in tuning.size]}


def _fed(known: _Known) -> str:
    evaluation, slices = known.protocol.evaluation, known.protocol.slices
    whose = "the weights'" if evaluation.statistics == "weights" else "the training part's"
    return f"{evaluation.size or slices.size} px, {whose} statistics"


# Where labels come from, and what is done with them: the tables that a sheet is printed in.
COLUMNS: dict[str, dict[str, Callable[[_Known], str]]] = {
    "labels": {
        "data set": lambda known: known.protocol.dataset,
        "split": _split,
        "train / val / test": _parts,
        "near-duplicates": lambda known: UNKNOWN if known.near is None else _look_alikes(known) or "none",
        "under the corpus": _place,
        "draw": _draw,
        "labels used": _labels,
    },
    "training": {
        "selection": _selection,
        "length": _length,
        "learning rate": _rate,
        "searched": _grid,
        "input": _fed,
        "batch norm": lambda known: known.protocol.bn,
    },
}
ALL = [name for group in COLUMNS.values() for name in group]
