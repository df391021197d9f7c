"""Protocols: everything about a task that moves its number other than the weights it starts from, as data.

A protocol file lies at `configs/protocols/<id>.yaml`, and may extend another (`bench.core.configs`). `sources` says of
every value whether a paper states it or whether it is ours.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)

from bench.core.arithmetic import AUTO, in_key
from bench.core.configs import ConfigKind, Values, is_path, merge
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.core.keys import content_hash
from tasks import heads
from tasks.amounts import Amount, amount_texts, read_amount, share
from tasks.protocol_parts import BatchNorm, Evaluation, Optimiser, Part, Schedule, Selection, Slices, Split, Tuning
from tasks.subsets import Draw

# The values of a protocol that need a source.
VALUES = (
    "slices",
    "split",
    "draw",
    "classes",
    "network",
    "optimiser",
    "schedule",
    "selection",
    "tuning",
    "evaluation",
    "bn",
    "augment",
    "metric",
    "fractions",
    "labels",
    "subsets",
)


class Protocol(Part):
    """One downstream protocol.

    Attributes:
        id: `<paper or demo>/<data set>`, also the file's path.
        version: bumped by hand when a value changes.
        title: what tables call it.
        task: name of the task.
        dataset: name of the data set.
        slices: how images are cut.
        split: how samples are divided.
        classes: the classes that are told apart, each with the data set's own classes it joins, or how many of the data
            set's first ones; all others are ignored. None takes the data set's classes as they are.
        network: the head's own values.
        optimiser: optimiser and learning rate.
        schedule: length, batch, selection.
        augment: names of augmentations on the training samples.
        metric: headline metric.
        fractions: shares of the training labels of the paper's tables.
        labels: amounts of labels in place of `fractions` (`tasks.amounts`).
        selection: what chooses the weights that are tested, and the values of `tuning`: nothing (`last`), a validation
            part beyond the fraction (`val`), a part of the fraction (`within`), or folds inside the fraction (`cv`). None
            is `val` where the schedule looks at the validation part before its end, else `last`.
        draw: how labels are drawn: in proportion to the strata, at random, or whole source images first.
        tuning: the grid that is searched; None searches nothing.
        evaluation: what the network is fed with.
        bn: of frozen features, whose images batch norm's statistics are of: those of the pretraining, of the study's
            corpus, or of the training part without its labels.
        subsets: draws of the labels in each of a study's repeats, all from the pretraining of that repeat.
        of: id of the protocol of which this is a variant that asks whether a verdict holds.
        sources: of every value above, `paper` and where, or `ours` and why.
    """

    id: str = Field(min_length=1, max_length=250, pattern=r"^[^\x00-\x1f\x7f]+$")
    version: int = Field(gt=0)
    title: str
    task: str
    dataset: str
    slices: Slices
    split: Split
    classes: dict[str, list[str]] | Annotated[int, Field(gt=1)] | None = None
    network: dict[str, Any]
    optimiser: Optimiser
    schedule: Schedule
    augment: list[Literal["flip", "rotate"]]
    metric: str
    fractions: list[float]
    labels: Annotated[list[str] | None, BeforeValidator(amount_texts)] = None
    selection: Selection | None = None
    draw: Draw = "quota"
    tuning: Tuning | None = None
    evaluation: Evaluation = Field(default_factory=Evaluation)
    bn: BatchNorm = "as-trained"
    subsets: int = Field(default=1, gt=0)
    of: str | None = None
    sources: dict[str, str]

    @model_validator(mode="after")
    def _every_value_has_a_source(self) -> "Protocol":
        for name in VALUES:
            value = getattr(self, name)
            missing = [f"{name}.{key}" for key in _stated(value) if not {name, f"{name}.{key}"} & self.sources.keys()]
            defaulted = value == type(self).model_fields[name].get_default(call_default_factory=True)
            if missing or (isinstance(value, (str, int, list)) and not defaulted and name not in self.sources):
                raise ValueError(f"sources says nothing of {missing[0] if missing else name}")
        return self

    @model_validator(mode="after")
    def _selects_among_something(self) -> "Protocol":
        # What trains no step chooses by rules of its own.
        chooses = self._selection_before == "val" or self.tuning is not None or not self.schedule.total
        if self.selection not in {None, "last"} and not chooses:
            raise ValueError(
                f"selection: {self.selection} has nothing to choose from: let schedule.look_every be less than total "
                f"({self.schedule.total}) and not 0, state a tuning, or write selection: last"
            )
        if self.tuning is not None and self.selects == "last":
            raise ValueError("a tuning is chosen by labels: write selection: within, cv or val")
        return self

    @model_validator(mode="after")
    def _nothing_or_all_of_a_training(self) -> "Protocol":
        said = {self.optimiser.name == "none", self.optimiser.lr == 0, self.schedule.length == "none",
                self.schedule.total == 0}  # fmt: skip
        if len(said) > 1:
            raise ValueError(
                "optimiser {name: none} goes with schedule {length: none, total: 0} and trains nothing; all else needs "
                "optimiser.lr and schedule.total above 0"
            )
        return self

    @model_validator(mode="after")
    def _sources_say_paper_or_ours(self) -> "Protocol":
        for name, source in self.sources.items():
            if not source.startswith(("paper", "ours")):
                raise ValueError(f"sources.{name} is {source!r}: start it with `paper` or `ours`")
            if name.partition(".")[0] not in VALUES:
                raise ValueError(f"sources.{name} is no value of a protocol")
        return self

    @property
    def hash(self) -> str:
        """Hash of every value that can move the number; titles, sources, and which and how many cells there are cannot."""
        words = {"title", "sources", "fractions", "labels", "subsets", "of"}
        values = self.model_dump(mode="json", exclude={**dict.fromkeys(words, True), "split": {"lists_from"}})
        # Values that came later enter where they differ from what was done before there was a choice.
        if self.selection in {None, self._selection_before}:
            del values["selection"]
        for name, before in (("draw", "quota"), ("tuning", None), ("evaluation", Evaluation()), ("bn", "as-trained")):
            if getattr(self, name) == before:
                del values[name]
        if "head" in self.network and self.network["head"] == heads.default(self.task):
            values["network"] = {key: value for key, value in self.network.items() if key != "head"}
        values["schedule"]["precision"] = in_key(self.schedule.precision)
        return content_hash(values)

    @property
    def amounts(self) -> list[Amount]:
        """The amounts of labels that it offers."""
        return (
            [share(fraction) for fraction in self.fractions]
            if self.labels is None
            else list(map(read_amount, self.labels))
        )

    @property
    def trains(self) -> bool:
        """Whether a network is trained."""
        return self.optimiser.name != "none"

    @property
    def _selection_before(self) -> Selection:
        return "val" if 0 < self.schedule.look_every < self.schedule.total else "last"

    @property
    def selects(self) -> Selection:
        """The rule by which the weights that are tested are chosen."""
        return self.selection or self._selection_before


def computed_in(protocol: Protocol, precision: str) -> Protocol:
    """A protocol whose training uses this arithmetic; itself where it states its own, or trains nothing."""
    if not protocol.trains or protocol.schedule.precision != AUTO or precision == AUTO:
        return protocol
    return protocol.model_copy(update={"schedule": protocol.schedule.model_copy(update={"precision": precision})})


def fed_at(protocol: Protocol, size: int | None) -> Protocol:
    """A protocol whose images are scaled to another side: a variant of it; itself where that is its own side.

    Args:
        protocol: of whole images (`tasks.TaskSpec.whole_image`).
        size: side in pixels; None for the protocol's own.
    """
    if size in {None, protocol.evaluation.size or protocol.slices.size}:
        return protocol
    evaluation = protocol.evaluation.model_dump(mode="json", exclude_unset=True) | {"size": size}
    return _variant(protocol, f"{size}px", f"at {size} px", "evaluation", evaluation)


def with_head(protocol: Protocol, head: str) -> Protocol:
    """A protocol with another head, whose options are the head's own: a variant of it."""
    return _variant(protocol, head, f"head {head}", "network", {"head": head})


def _variant(protocol: Protocol, ending: str, words: str, name: str, value: dict[str, Any]) -> Protocol:
    """A protocol of which a study states one part itself."""
    sources = {key: source for key, source in protocol.sources.items() if key.partition(".")[0] != name}
    changes = {
        "id": f"{protocol.id}-{ending}",
        "title": f"{protocol.title}, {words}",
        name: value,
        "of": protocol.of or protocol.id,
        "sources": sources | {name: "ours: the study's"},
    }
    # What a file leaves out stays out, for its sources speak of the rest alone.
    return Protocol.model_validate(protocol.model_dump(mode="json", exclude_unset=True) | changes)


def _stated(value: object) -> list[str]:
    """Keys of a protocol's part whose values are not this file's defaults."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        defaults = {key: field.get_default(call_default_factory=True) for key, field in fields.items()}
        return [key for key, default in defaults.items() if getattr(value, key) != default]
    return []


def _over(base: Values, protocol: Values) -> Values:
    """Put a protocol over the one it extends: a new source of a whole part speaks for all of it, fractions for labels."""
    said, new = base.get("sources"), protocol.get("sources")
    if isinstance(said, dict) and isinstance(new, dict):
        base = base | {"sources": {key: source for key, source in said.items() if key.partition(".")[0] not in new}}
    if "fractions" in protocol:  # amounts of another kind
        base = {key: value for key, value in base.items() if key != "labels"}
    network = protocol.get("network")
    if isinstance(network, dict) and heads.named(network):  # and with the head all of the network
        base = {key: value for key, value in base.items() if key != "network"}
    return merge(base, protocol)


PROTOCOLS = ConfigKind("protocol", "protocols", StudyError, "**/*.yaml", _over, heads.with_configs_read, "bench tasks")
known_protocols = PROTOCOLS.names


@cache
def load_protocol(name: str) -> Protocol:
    """Read a protocol by the id of a shipped one, or by the path of a user's own `.yaml` file.

    Raises:
        StudyError: the id is unknown or the file is wrong.
    """
    file = PROTOCOLS.find(name)
    protocol = parse(Protocol, PROTOCOLS.read(file), file, StudyError)
    if protocol.id != name and not is_path(name):
        raise StudyError(f"{file}: id is {protocol.id!r}, must be the file's path {name!r}")
    return protocol
