"""Protocols: everything about a task that moves its number other than the weights it starts from, as data.

A protocol file lies at `configs/protocols/<id>.yaml`, and may extend another (`bench.core.configs`). `sources` says of
every value whether a paper states it or whether it is ours.
"""

import math
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from bench.core.configs import ConfigKind, Values, is_path, merge
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.core.keys import content_hash
from tasks import heads
from tasks.amounts import Amount, amount_texts, read_amount, share
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slices(_Part):
    """How images are cut, and which of their labels are read.

    Attributes:
        size: side in pixels; classification resizes images to it.
        overlap: of two slices, as a share of the side.
        labels: of a set that is published with two kinds of label, `full` ones or those `eroded` at the borders of
            objects; None takes those that are there, the full ones first.
    """

    size: int = Field(gt=0)
    overlap: float = Field(default=0.0, ge=0, lt=1)
    labels: Literal["full", "eroded"] | None = None

    @model_serializer(mode="wrap")
    def _keep_keys(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave labels out where nothing is asked of them, as `Split` does with lists."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if name != "labels" or value is not None}


Natural = Annotated[int, Field(ge=0)]


class ListFile(_Part):
    """A text file that a user brings: the name of an image on each line, whatever its folder and ending.

    Attributes:
        file: its name, in the folder of the prepared set.
        md5: its published sum; as a part of the protocol it stands for the file's content in every key.
    """

    file: str = Field(pattern=r"^[^/\\]+$")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")


PartName = Literal["train", "val", "test"]


class Split(_Part):
    """How samples are divided.

    Attributes:
        by: `slice` or `image` draws slices or whole images at random, `stratum` draws slices so that each part has
            every stratum of the labels (such as a class) in proportion; `place` draws whole places, with all images of
            each; `given` takes the parts of the public layout;
            `area` takes images by name; `list` takes them from files that a user brings.
        ratio: train : val : test of a random draw.
        seed: of a random draw.
        areas: names of the images of each part.
        lists: the file of each part.
        lists_from: where a user gets the files.
        scored: the part that scores are of. `val` is for a protocol that options are chosen by: the test part, which
            tables score, is left out, and the validation part stands in its place.
    """

    by: Literal["slice", "image", "stratum", "place", "given", "area", "list"]
    ratio: tuple[Natural, Natural, Natural] | None = None
    seed: int | None = None
    areas: dict[PartName, list[str]] | None = None
    lists: dict[PartName, ListFile] | None = None
    lists_from: str | None = None
    scored: Literal["test", "val"] = "test"

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Split":
        if self.by in {"slice", "image", "stratum", "place"} and (self.ratio is None or self.seed is None):
            raise ValueError(f"a split by {self.by} needs ratio and seed")
        if self.by == "area" and self.areas is None:
            raise ValueError("a split by area needs areas")
        if self.by == "list" and not (self.lists and self.lists_from):
            raise ValueError("a split by list needs lists and lists_from")
        return self

    @model_serializer(mode="wrap")
    def _keep_keys(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not used: protocols without it keep the hash, and their cells the key, that they had."""
        unused = {"lists", "lists_from"} if not self.lists else set()
        if self.scored == "test":
            unused.add("scored")
        return {name: value for name, value in dump(self).items() if name not in unused}


class Optimiser(_Part):
    """A torch optimiser by name, and its learning rate's decay: `factor` after every `every` epochs (or steps).

    `none` is that of a protocol that trains no network.

    `layer_decay` multiplies the rate of each of a backbone's layers once more than that of the layer after it; the head has
    the full rate (BEiT, Bao et al., ICLR 2022; MAE 0.65 to 0.75, ViTDet 0.7 to 0.9). Plain transformers number their
    layers; other backbones do not, and have one rate.
    """

    name: Literal["SGD", "Adam", "AdamW", "none"]
    lr: float = Field(default=0.0, ge=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    decay: Literal["step", "cosine"] = "step"
    factor: float = Field(default=1.0, gt=0, le=1)
    every: int = Field(default=1, gt=0)
    layer_decay: float | None = Field(default=None, gt=0, le=1)

    @model_serializer(mode="wrap")
    def _keep_keys(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave the layers' decay out where there is none, as `Split` does with lists."""
        values: dict[str, Any] = dump(self)
        return {name: value for name, value in values.items() if name != "layer_decay" or value is not None}


class Schedule(_Part):
    """Length of a fine-tuning in epochs or in steps, batch, and how often the validation split is looked at.

    `look_every` counts in the unit of `length`; with 0 or no less than `total` the last weights are taken. The length of
    a protocol that trains no network is `none`, its `total` 0.
    """

    length: Literal["epochs", "steps", "none"]
    total: int = Field(ge=0)
    batch: int = Field(gt=0)
    look_every: int = Field(ge=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"


Selection = Literal["last", "val", "within", "cv"]
BatchNorm = Literal["as-trained", "corpus", "target"]
Statistics = Literal["weights", "data"]
Times = Annotated[float, Field(gt=0)]


class Evaluation(_Part):
    """What the network is fed with, the same for every row.

    Attributes:
        statistics: input mean and standard deviation of the weights, or of the data set's training part.
        size: side that slices are scaled to, pixels; None feeds them as they are cut.
    """

    statistics: Statistics = "weights"
    size: int | None = Field(default=None, ge=16)


class Tuning(_Part):
    """A small grid that is searched for every row, protocol, amount of labels and seed, on the selection's labels.

    Frozen features of whole images can be raced by statistics and size alone.

    Attributes:
        lr: factors on the protocol's learning rate.
        steps: factors on its length.
        head: factors on the learning rate of what the backbone does not hold.
        statistics, size: values of `evaluation` that are raced.
    """

    lr: list[Times] = Field(default=[1.0], min_length=1)
    steps: list[Times] = Field(default=[1.0], min_length=1)
    head: list[Times] = Field(default=[1.0], min_length=1)
    statistics: list[Statistics] = Field(default_factory=list)
    size: list[Annotated[int, Field(ge=16)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _searches(self) -> "Tuning":
        axes: list[list[Any]] = [self.lr, self.steps, self.head, self.statistics, self.size]
        if any(len(set(axis)) < len(axis) for axis in axes):
            raise ValueError("a grid names each value once")
        if all(len(axis) < 2 for axis in axes):
            raise ValueError("a grid has at least two points: give lr, steps, head, statistics or size a second value")
        return self

    @property
    def fed_alone(self) -> bool:
        """Whether it varies nothing but what the network is fed with, which needs no training."""
        return all(len(axis) == 1 for axis in (self.lr, self.steps, self.head))

    @property
    def cost(self) -> float:
        """How many times as long as one training of the protocol's own length all of the grid trains."""
        others = (self.lr, self.head, self.statistics, self.size)
        return sum(self.steps) * math.prod(max(1, len(axis)) for axis in others)


class Protocol(_Part):
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

    id: str
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


PROTOCOLS = ConfigKind("protocol", "protocols", StudyError, "**/*.yaml", _over, heads.with_configs_read)
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
