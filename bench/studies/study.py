"""The study: what a user asks for; `bench.studies.loading` reads it from a file and a command's options."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self, Unpack

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

import methods
import tasks
from bench import backbones, engines
from bench.backbones.sources import RANDOM
from bench.core.arithmetic import AUTO, Precision
from bench.core.documents import first_problem, parse
from bench.core.errors import StudyError
from bench.engines.engine import EngineOptions
from bench.pretraining.options import PretrainOptions
from bench.store.store import Store
from bench.studies.axes import NATIVE, Axes, CorpusLevel, hoist, level_name, points, read_axes, start_name
from bench.studies.budget import Budget, StudyBudget, refuse_own_length
from bench.studies.primary import Primary
from bench.studies.rows import Row, as_list, on_both, read_rows
from bench.studies.until import Until
from bench.studies.values import Values, as_written
from bench.studies.weight_rows import add_weights
from tasks.amounts import Amount, amount_texts, read_amount, read_fraction, share
from tasks.protocols import Protocol, computed_in, fed_at, load_protocol, with_head

Fraction = Annotated[float, BeforeValidator(read_fraction), Field(gt=0, le=1)]


def _starts(value: Any) -> Any:
    """Starting points, whose names in tables must differ."""
    starts = as_list(value)
    names = [start_name(start) for start in starts] if isinstance(starts, list) else []
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two starts are called {twice!r} in tables: leave one out, or rename its file")
    return starts


def _amounts(values: Any) -> Any:
    """Amounts of labels as texts, by task or for all."""
    by_task = isinstance(values, dict)
    return {task: amount_texts(entries) for task, entries in values.items()} if by_task else amount_texts(values)


def _engine(values: Any) -> Any:
    return engines.read_options(values) if isinstance(values, dict) else values


class Study(BaseModel):
    """Methods x backbones x protocols x fractions x seeds.

    It takes keyword arguments of these names, written as in a study file; and `weights`, which are rows of a user's own
    weights by their names. Names are looked up when it is planned (`bench.studies.loading.check_study`).

    Attributes:
        name: goes into every record the study makes.
        title: of its report; the name where none is given.
        limits: how far its answers go, the first paragraph of its report.
        corpus: `demo`, or a folder made by `bench corpus build`; None where no method needs one.
        world: seed of the demo world that corpus and data sets are drawn from; None for the leaderboard's. In no key, for
            what another world holds has another hash.
        corpus_world: the same of the corpus alone; None for `world`.
        data: prepared data sets by name, where they are not in the harness' data folder.
        methods: the rows: names from the methods registry, or methods with options, a name and other seeds (`Row`).
        references: rows that all others are compared with; they are added to the methods. One whose weights are not on
            this machine is left out, and tables say so.
        init: where trained rows start: `random`, `imagenet` or a file. A list makes a row of each start, named `moco` for
            the first and `moco from imagenet` for another; a row that states its own start is left as it is.
        budget: how long every row trains; None as its own options say, which is `paper` in the file.
        precision: of all trainings that do not state their own; `auto` is settled once for a store, as the lowest that its
            processors compute natively (`in_one_arithmetic`).
        views: the methods' own augmentations (`paper`), or one family for all (`common`).
        backbones: names from the backbones registry.
        axes: what trained rows and protocols are crossed with (`bench.studies.axes`); None for nothing.
        tasks: names from the tasks registry.
        datasets: names of the data sets to keep; None keeps all that the tasks' protocols have.
        protocols: protocols of each task: ids, or paths of YAML files.
        fractions: of the training labels, in (0, 1]; None takes each protocol's own list.
        labels: amounts of labels in place of fractions (`tasks.amounts`), for all tasks or by task.
        eval_size: side that protocols scale their images to, pixels; None for each protocol's own.
        head: that protocols have which can take it; None for each protocol's own.
        primary: the questions that the study is run for; its intervals are simultaneous over them. None for every row
            against each reference. In no key.
        until: adds seeds to those until intervals are narrow enough (`bench.studies.until`); None for no more. In no key.
        seeds: how many; each is one (subset seed, train seed) pair, the same for every method.
        pretrain_seeds: pretrainings of each method, by default as many as seeds; repeat i starts from pretraining i modulo
            this number. An initialisation is drawn anew in every repeat whatever this says.
        seed: root of the seed tree.
        allow_overlap: go on where more than a twentieth of a protocol's test images lie under the corpus
            (`bench.studies.overlap`); in no key.
        pretrain: options for every method that trains.
        options: options by method; they go before `pretrain`.
        tuned_by: whose ledger the options of its methods come from: a tuning file's name, or a ledger's path. Words on
            cards and records, not part of a key.
        engine: how work is run: its `kind`, and the options of that engine.
        store: folder of the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")
    title: str = ""
    limits: str = ""
    corpus: str | None = None
    world: int | None = Field(default=None, ge=0)
    corpus_world: int | None = Field(default=None, ge=0)
    data: dict[str, str] = Field(default_factory=dict)
    methods: Annotated[list[Row], BeforeValidator(read_rows), Field(min_length=1)]
    references: Annotated[list[str], BeforeValidator(as_list)] = Field(default_factory=lambda: ["random"])
    init: Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_starts)] = None
    budget: StudyBudget = None
    precision: Precision = "auto"
    views: Literal["paper", "common"] = "common"
    backbones: list[str] = Field(min_length=1)
    axes: Annotated[Axes | None, BeforeValidator(read_axes)] = None
    tasks: list[str]
    datasets: list[str] | None = None
    protocols: dict[str, list[str]]
    fractions: Annotated[list[Fraction], Field(min_length=1)] | None = None
    labels: Annotated[list[str] | dict[str, list[str]] | None, BeforeValidator(_amounts)] = None
    eval_size: Annotated[int, Field(ge=16)] | None = None
    head: str | None = None
    primary: Primary | None = None
    until: Until | None = None
    seeds: int = Field(default=3, gt=0)
    pretrain_seeds: int | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    allow_overlap: bool = False
    pretrain: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tuned_by: str | None = None
    engine: Annotated[EngineOptions, BeforeValidator(_engine)] = Field(default_factory=lambda: engines.read_options({}))
    store: str = "runs"

    def __init__(self, **values: Unpack[Values]) -> None:
        written: dict[str, Any] = as_written(values)
        hoist(written)
        try:
            add_weights(written)
            super().__init__(**written)
        except ValidationError as error:
            raise StudyError(f"study {written.get('name', 'without a name')}: {first_problem(error)}") from None

    # As pydantic marks its own: `model_validate` does not call it, so that a message about a file can name the file.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="after")
    def _rows_have_names(self) -> Self:
        names = [row.name for row in self.rows()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"methods: two rows are called {twice!r}: give one another name with `as`")
        return self

    @model_validator(mode="after")
    def _starts_are_an_axis(self) -> Self:
        if "init" in self.pretrain:
            raise ValueError(f"pretrain.init: starts are a key of their own: write init: {self.pretrain['init']}")
        return self

    @model_validator(mode="after")
    def _amounts_are_said_once(self) -> Self:
        if self.fractions is not None and self.labels is not None:
            raise ValueError("fractions and labels both say how many labels: state one of them")
        return self

    def in_one_arithmetic(self, store: Store) -> Self:
        """The same study with one arithmetic: as stated, else that of the store, which the first study in it has settled.

        A store of before stays as it was begun: every processor its own.
        """
        if self.precision != AUTO or (store.exists and store.precision is None):
            return self
        return self.model_copy(update={"precision": store.precision or self.engine.arithmetic()})

    def of_seeds(self, seeds: int) -> Self:
        """The same study with another number of seeds."""
        return self.model_copy(update={"seeds": seeds})

    def amounts_of(self, protocol: Protocol) -> list[Amount]:
        """The amounts of labels asked of a protocol: the study's, by task or for all, else the protocol's own."""
        asked = self.labels.get(protocol.task) if isinstance(self.labels, dict) else self.labels
        if asked is not None:
            return list(map(read_amount, asked))
        return protocol.amounts if self.fractions is None else list(map(share, self.fractions))

    def rows(self) -> list[Row]:
        """The rows asked for, the references first, each once a start or a point of the axes."""
        named = {row.name: row for row in self.methods}
        references = [named.get(name) or Row.read(name) for name in self.references]
        found: list[Row] = []
        for row in (*references, *self.methods):
            if row not in found:  # asked for twice without a difference, it is one row
                found.append(row)
        if self.axes is not None:
            return self._at_each_point(found, self.axes)
        return [started for row in found for started in self._from_each_start(row)]

    def _at_each_point(self, rows: list[Row], axes: Axes) -> list[Row]:
        """Rows at all points of the axes; what does not train is crossed with the corpora alone, where it reads them."""
        found: dict[str, Row] = {}
        for row in rows:
            for point in points(axes, row.name, self.init, self._axes_of(row)):
                standing = row.standing_at(point)
                there = found.get(standing.name)
                found[standing.name] = standing if there is None else on_both(there, standing)
        return list(found.values())

    def _axes_of(self, row: Row) -> frozenset[str]:
        """The axes that apply to a row.

        Raises:
            ValueError: the row states the value of one of them itself.
        """
        if not methods.get(row.method).trains:
            reads = any(self.reads_corpus(row, backbone) for backbone in self.backbones)
            return frozenset({"corpora"} if reads else ())
        own = {**self.options.get(row.method, {}), **row.options}
        crossed = {"init": len(self.init or []) > 1, "size": bool(self.axes and self.axes.levels("pretrain_sizes"))}
        stated = next((name for name, is_axis in crossed.items() if is_axis and name in own), None)
        if stated is not None:
            raise ValueError(f"axes: {row.name} states its own {stated}, which is an axis: leave one of them out")
        return frozenset({"corpora", "init", "budget", "pretrain_sizes"} - ({"init"} if "init" in own else set()))

    def reads_corpus(self, row: Row, backbone: str) -> bool:
        """Whether a row looks at its corpus, to train on it or for statistics alone."""
        if "tiles" in methods.get(row.method).needs:
            return True
        return self.corpus is not None and self.options_of(row).reads_corpus(backbones.get(backbone))

    def corpus_of(self, row: Row | None = None) -> CorpusLevel | None:
        """The corpus of a row, or the study's own; None where it names none."""
        if row is not None and row.point.corpus is not None:
            return row.point.corpus
        if self.corpus is None:
            return None
        return CorpusLevel(corpus=self.corpus, world=self.corpus_world, name=start_name(self.corpus))

    def budget_of(self, row: Row) -> Budget | None:
        """How long a row trains."""
        return row.point.budget if "budget" in row.point.levels else self.budget

    def levels_of(self, row: Row, backbone: str, protocol: Protocol) -> dict[str, str]:
        """Where a cell stands on the study's axes, in words; nothing in a study without axes.

        What is pretrained has a level of each axis; what is not has none of those that do not apply to it.
        """
        if self.axes is None:
            return {}
        size = protocol.evaluation.size
        return {
            **({"methods": row.name.removesuffix(row.point.suffix)} if methods.get(row.method).trains else {}),
            "backbones": backbone,
            **row.point.levels,
            **({"eval_sizes": level_name(size) if size else NATIVE} if self.axes.eval_sizes else {}),
            **(
                {"heads": tasks.get(protocol.task).head_of(protocol).spec.name}
                if self.axes.heads and _takes_one_of(protocol, self.axes.heads)
                else {}
            ),
        }

    def _from_each_start(self, row: Row) -> list[Row]:
        """A row once for each of the study's starts, where it trains and does not state its own."""
        spec = methods.registry.all().get(row.method)  # an unknown method is refused where options are looked at
        own = {**self.options.get(row.method, {}), **row.options}
        if self.init is None or spec is None or not spec.trains or "init" in own:
            return [row]
        return [row.starting_from(init, first=init == self.init[0]) for init in self.init]

    @property
    def pretrainings(self) -> int:
        """Pretrainings of each row that trains."""
        return self.pretrain_seeds or self.seeds

    def pretrainings_of(self, row: Row) -> int:
        """Pretrainings of a row: `pretrain_seeds` where it trains; what is drawn at random is drawn in every repeat.

        Published weights are one, whatever the seed, and so are fixed features of which a corpus tells nothing.
        """
        spec = methods.get(row.method)
        if spec.trains or spec.learns_protocol:
            return self.pretrainings
        # Draws are free, and one of them proves nothing.
        drawn = self.options_of(row).starts_at() == RANDOM and (spec.network is None or bool(spec.needs))
        return self.seeds if drawn else 1

    def options_of(self, row: Row | str) -> PretrainOptions:
        """A row's options: its method's defaults, then `pretrain`, then `options.<method>`, then its own.

        Raises:
            StudyError: an option is unknown or out of its range.
        """
        row = Row.read(row) if isinstance(row, str) else row
        spec = methods.get(row.method)
        arithmetic = {} if self.precision == AUTO else {"precision": self.precision}
        shared = {"views": self.views, **arithmetic, **self.pretrain} if spec.trains else {}
        stated = {**shared, **self.options.get(row.method, {}), **row.options}
        if stated.get("epochs", 0) is None:  # takes back what an extended study or `pretrain` states
            del stated["epochs"]
        if spec.trains:
            refuse_own_length(self.budget_of(row), row.name, stated)
        values = {**spec.defaults, **stated}
        listed_by = f"bench methods show {row.method}"
        return parse(spec.options, values, f"options of {row.name}", StudyError, ("as", "repeat_from"), listed_by)

    def all_protocols(self) -> list[Protocol]:
        """The protocols of the asked tasks and data sets, in the study's order."""
        found = [load_protocol(name) for task in self.tasks for name in self.protocols[task]]
        kept = [protocol for protocol in found if self.datasets is None or protocol.dataset in self.datasets]
        heads: Sequence[str | None] = (self.axes.heads if self.axes else None) or [self.head]
        kept = [each for protocol in kept for each in self._with_heads(protocol, heads)]
        if any(heads) and kept and not any(_takes_one_of(protocol, heads) for protocol in kept):
            raise StudyError(
                f"study {self.name}: {', '.join(self.tasks)} take no head {', '.join(map(str, heads))}: leave it out, or ask "
                "for seg, change or det"
            )
        sizes = (self.axes.eval_sizes if self.axes else None) or [self.eval_size]
        whole = {protocol.id for protocol in kept if tasks.get(protocol.task).whole_image}
        if sizes != [None] and kept and not whole:
            raise StudyError(
                f"study {self.name}: labels of {', '.join(self.tasks)} lie in pixels, which no other size of images fits: "
                "leave eval_size out, or ask for cls or probe"
            )
        kept = [computed_in(each, self.precision) for each in kept]
        fed = [fed_at(each, size) for each in kept for size in (sizes if each.id in whole else [None])]
        return list({protocol.id: protocol for protocol in fed}.values())

    def _with_heads(self, protocol: Protocol, heads: Sequence[str | None]) -> list[Protocol]:
        """A protocol with each of the heads that its task takes; as it is where there is none."""
        found = [head for head in heads if head and _takes_one_of(protocol, [head])]
        own = tasks.get(protocol.task).head_of(protocol).spec.name if found else None
        return [protocol if head == own else with_head(protocol, head) for head in found] or [protocol]


def _takes_one_of(protocol: Protocol, heads: Sequence[str | None]) -> bool:
    """Whether a protocol's task takes one of some heads: those that answer as its own does."""
    own = tasks.get(protocol.task).head
    answers = {tasks.heads.get(head).answers for head in heads if head}
    return own is not None and tasks.heads.get(own).answers in answers
