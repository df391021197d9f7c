"""What a design sheet states of each row of a study: one column each, with what is compared between rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import methods
from bench.backbones.normalisation import IMAGENET, Normalisation
from bench.backbones.sources import RANDOM
from bench.corpus.storage.reader import Corpus
from bench.pretraining.facts import ImageFacts
from bench.pretraining.options import PretrainOptions, TrainingOptions
from bench.pretraining.spec import MethodSpec
from bench.pretraining.views import COLUMNS as VIEW_COLUMNS
from bench.pretraining.views import NONE as NOT_DONE
from bench.pretraining.views import describe
from bench.studies.axes import start_name
from bench.studies.jobs import PretrainJob
from bench.studies.rows import Row
from bench.studies.study import Study

UNKNOWN, NONE = "?", "—"
# Beyond this ratio of FLOPs two rows are said to differ in compute, as in the sentences about them.
COMPUTE = 1.5
# What a corpus gives every row: a row that needs more has seen images, or labels, that others have not.
OF_THE_CORPUS = frozenset({"tiles", "landcover"})
# The fact in which a budget's unit is counted; without a budget rows are compared by their views.
COUNTED_AS = {"views": "student_views", "tiles": "tiles", "steps": "steps", "flops": "flops"}
Kind = Literal["trained", "drawn", "published", "features", "oracle"]


@dataclass(frozen=True)
class Entry:
    """One row on one backbone.

    Attributes:
        row, backbone: what it is.
        study: whose row it is.
        options: its options as they will be.
        images: what the network sees; None where neither corpus nor data set could be opened.
        corpus: the row's corpus; None where it could not be opened.
        job: its first pretraining; None where there is none, or its corpus is absent.
        facts: what is known of the run (`Record.pretraining`).
    """

    row: Row
    backbone: str
    study: Study
    options: PretrainOptions
    images: ImageFacts | None = None
    corpus: Corpus | None = None
    job: PretrainJob | None = None
    facts: dict[str, float] = field(default_factory=dict)

    @property
    def spec(self) -> MethodSpec:
        """Its method."""
        return methods.get(self.row.method)

    @property
    def kind(self) -> Kind:
        """Trained on the corpus, drawn at random, published weights, features without a network, or the oracle."""
        if self.spec.learns_protocol:
            return "oracle"
        if self.spec.trains:
            return "trained"
        if self.spec.network is not None:
            return "features"
        return "drawn" if self.options.starts_at() == RANDOM else "published"

    @property
    def pretrainings(self) -> int:
        """Pretrainings, or draws of an initialisation."""
        return self.study.pretrainings_of(self.row)

    def amount(self, fact: str) -> float | None:
        """A fact of the run; of a training also its steps and tiles, which follow from its options."""
        if fact in self.facts or not isinstance(self.options, TrainingOptions) or self.corpus is None:
            return self.facts.get(fact)
        steps = self.options.length(len(self.corpus)).steps
        return {"steps": float(steps), "tiles": float(steps * self.options.batch)}.get(fact)

    def of_a_batch(self, fact: str) -> float:
        """What one step adds to a fact: budgets are met to within it."""
        return (self.amount(fact) or 0.0) / max(self.amount("steps") or 1.0, 1.0)


@dataclass(frozen=True)
class Stated:
    """What a row has in a column: its words, and the value that is compared; nothing is compared with None."""

    text: str
    value: Any = None


Same = Callable[[Any, Any], bool]


def _equal(one: Any, other: Any) -> bool:
    return bool(one == other)


def _to_a_batch(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Two amounts, each with that of one of its batches."""
    return abs(one[0] - other[0]) <= max(one[1], other[1])


def _in_proportion(one: float, other: float) -> bool:
    return max(one, other) <= COMPUTE * min(one, other)


@dataclass(frozen=True)
class Column:
    """One statement about every row.

    Attributes:
        name: title of the column.
        of: what a row has.
        recipe: whether a difference makes a sentence about two rows one about recipes, and not about methods. What follows
            from a method at equal budgets, such as its steps, does not.
        same: whether two values are alike.
    """

    name: str
    of: Callable[[Entry], Stated]
    recipe: bool = False
    same: Same = _equal


def differ(column: Column, one: Entry, other: Entry) -> bool:
    """Whether a column sets two rows apart; what is unknown or does not apply to one of them does not."""
    a, b = column.of(one).value, column.of(other).value
    return a is not None and b is not None and not column.same(a, b)


def _start(entry: Entry) -> Stated:
    start = entry.options.starts_at() if entry.kind != "features" else NONE
    return Stated(start_name(start), start if entry.kind == "trained" else None)


def _data(entry: Entry) -> Stated:
    if entry.kind == "oracle":
        return Stated("the protocol's own training part, with all its labels")
    if entry.kind != "trained":
        seen = entry.study.reads_corpus(entry.row, entry.backbone)
        return Stated(f"{_corpus(entry)}, without training" if seen else NONE)
    needs = sorted(entry.spec.needs - OF_THE_CORPUS)
    more = [f"{need} {_named(entry, need)}".strip() for need in needs]
    cover = ["its land cover"] if "landcover" in entry.spec.needs else []
    return Stated(" + ".join([_corpus(entry), *cover, *more]), (entry.study.corpus_of(entry.row), *more))


def _corpus(entry: Entry) -> str:
    tiles = f" ({len(entry.corpus):,} tiles)" if entry.corpus else ""
    named = entry.study.corpus_of(entry.row)
    return f"{named.name if named else UNKNOWN}{tiles}"


def _named(entry: Entry, need: str) -> str:
    """What an option says of a need of its own name, such as a folder of labelled pictures."""
    return start_name(entry.study.options_of(entry.row).model_dump().get(need) or "")


def _statistics(entry: Entry) -> Stated:
    used = entry.options.normalisation(entry.images)
    return Stated(_numbers(used), (used.mean, used.std))


def _numbers(used: Normalisation) -> str:
    if used.same(IMAGENET):
        return "ImageNet's"
    mean, std = (" ".join(f"{value:.3g}" for value in values) for values in (used.mean, used.std))
    return f"mean {mean}, s.d. {std}"


def _pretrainings(entry: Entry) -> Stated:
    text = "1, published" if entry.kind == "published" else f"{entry.pretrainings}"
    later = f", from number {entry.row.repeat_from + 1}" if entry.row.repeat_from else ""
    return Stated(f"{text}{' drawn' if entry.kind == 'drawn' else ''}{later}", entry.pretrainings)


def _repeats(entry: Entry) -> Stated:
    return Stated(str(entry.study.seeds), entry.study.seeds)


def _budget(entry: Entry) -> Stated:
    if entry.kind != "trained" or not isinstance(entry.options, TrainingOptions):
        return Stated(NONE)
    budget, options = entry.study.budget_of(entry.row), entry.options
    own = f"{options.steps:,} steps" if options.steps else f"{options.epochs:,} epochs"
    text = str(budget) if budget else f"its own: {own}"
    for fact in (COUNTED_AS.get(budget.unit if budget else "views", ""), "tiles"):
        if (amount := entry.amount(fact)) is not None:
            return Stated(text, (amount, entry.of_a_batch(fact)))
    # Without a corpus, passes over it are all that is known.
    return Stated(text, (float(options.steps or options.epochs), 0.0))


def _counted(fact: str) -> Callable[[Entry], Stated]:
    def of(entry: Entry) -> Stated:
        amount = entry.amount(fact)
        if amount is None:
            return Stated(UNKNOWN if entry.kind == "trained" else NONE)
        return Stated(f"{amount:,.0f}", (amount, entry.of_a_batch(fact)))

    return of


def _flops(fact: str) -> Callable[[Entry], Stated]:
    def of(entry: Entry) -> Stated:
        amount = entry.amount(fact)
        if amount is None:
            return Stated(UNKNOWN if entry.kind == "trained" else NONE)
        return Stated(f"{amount:.3g}", amount or None)

    return of


def _views(entry: Entry) -> Stated:
    """The augmentation: the family that all share, less what a loss cannot bear, or the method's own."""
    if not isinstance(entry.options, TrainingOptions):
        return Stated(NONE)
    views = entry.options.augmentation()
    if entry.options.views == "common":
        return Stated(f"common ({views.needs})" if views.needs else "common", "common")
    # What says nothing of its views may share them with nobody but itself.
    return Stated(
        "its own" if views.recipes else "its own, not stated", set(views.recipes.values()) or entry.spec.factory
    )


def _step(name: str) -> Callable[[Entry], Stated]:
    """What is done to a view of one kind; whether the family is another is compared in the column of views."""

    def of(entry: Entry) -> Stated:
        if not isinstance(entry.options, TrainingOptions):
            return Stated(NONE)
        text = describe(entry.options.augmentation())[name]
        return Stated(NONE if text == NOT_DONE else text, text)

    return of


def _option(name: str) -> Callable[[Entry], Stated]:
    def of(entry: Entry) -> Stated:
        value = getattr(entry.options, name, None) if isinstance(entry.options, TrainingOptions) else None
        return Stated(NONE if value is None else f"{value:,}", value)

    return of


def _rate(entry: Entry) -> Stated:
    rate = entry.options.peak_lr() if isinstance(entry.options, TrainingOptions) else None
    return Stated(NONE if rate is None else f"{rate:.3g}", rate)


def _tuning(entry: Entry) -> Stated:
    if entry.kind != "trained":
        return Stated(NONE)
    trials = int(entry.facts.get("trials", 0))
    return Stated(f"{trials} trials" if trials else "untuned", trials)


# What a row learns from, how long, and how: the tables that a sheet is printed in.
COLUMNS: dict[str, list[Column]] = {
    "what is learned from": [
        Column("starts from", _start, recipe=True),
        Column("pretraining data", _data, recipe=True),
        Column("input statistics", _statistics, recipe=True),
        Column("pretrainings", _pretrainings, recipe=True),
        Column("repeats", _repeats),
    ],
    "budget and compute": [
        Column("budget", _budget, recipe=True, same=_to_a_batch),
        Column("steps", _counted("steps"), same=_to_a_batch),
        Column("tiles", _counted("tiles"), same=_to_a_batch),
        Column("student views", _counted("student_views"), same=_to_a_batch),
        Column("teacher views", _counted("teacher_views"), same=_to_a_batch),
        Column("forward FLOPs", _flops("flops_forward"), same=_in_proportion),
        Column("FLOPs", _flops("flops"), same=_in_proportion),
    ],
    "recipe": [
        Column("views", _views, recipe=True),
        Column("batch", _option("batch"), recipe=True),
        Column("input size", _option("size"), recipe=True),
        Column("learning rate", _rate),
        Column("options tuned", _tuning, recipe=True),
    ],
    "augmentations": [Column(name, _step(name)) for name in VIEW_COLUMNS[:-1]],
}
