"""Protocols: everything about a task that moves its number other than the weights it starts from, as data.

A protocol file lies at `configs/protocols/<id>.yaml`, and may extend another (`bench.core.configs`). `sources` says of
every value whether a paper states it or whether it is ours.
"""

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bench.core.configs import ConfigKind, Values, is_path, merge
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.core.keys import content_hash

# The values of a protocol that need a source.
VALUES = ("slices", "split", "classes", "network", "optimiser", "schedule", "augment", "metric", "fractions")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slices(_Part):
    """How images are cut: side in pixels and overlap as a share of it; classification resizes images to the side."""

    size: int = Field(gt=0)
    overlap: float = Field(default=0.0, ge=0, lt=1)


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
            every stratum of the labels (such as a class) in proportion; `given` takes the parts of the public layout;
            `area` takes images by name; `list` takes them from files that a user brings.
        ratio: train : val : test of a random draw.
        seed: of a random draw.
        areas: names of the images of each part.
        lists: the file of each part.
        lists_from: where a user gets the files.
    """

    by: Literal["slice", "image", "stratum", "given", "area", "list"]
    ratio: tuple[Natural, Natural, Natural] | None = None
    seed: int | None = None
    areas: dict[PartName, list[str]] | None = None
    lists: dict[PartName, ListFile] | None = None
    lists_from: str | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> "Split":
        if self.by in {"slice", "image", "stratum"} and (self.ratio is None or self.seed is None):
            raise ValueError(f"a split by {self.by} needs ratio and seed")
        if self.by == "area" and self.areas is None:
            raise ValueError("a split by area needs areas")
        if self.by == "list" and not (self.lists and self.lists_from):
            raise ValueError("a split by list needs lists and lists_from")
        return self

    @model_serializer(mode="wrap")
    def _keep_keys(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave absent lists out: protocols without them keep the hash, and their cells the key, that they had."""
        values: dict[str, Any] = dump(self)
        return values if self.lists else {name: value for name, value in values.items() if not name.startswith("lists")}


class Optimiser(_Part):
    """A torch optimiser by name, and its learning rate's decay: `factor` after every `every` epochs (or steps)."""

    name: Literal["SGD", "Adam", "AdamW"]
    lr: float = Field(gt=0)
    momentum: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    decay: Literal["step", "cosine"] = "step"
    factor: float = Field(default=1.0, gt=0, le=1)
    every: int = Field(default=1, gt=0)


class Schedule(_Part):
    """Length of a fine-tuning in epochs or in steps, batch, and how often the validation split is looked at.

    `look_every` counts in the unit of `length`; with 0 or no less than `total` the last weights are taken.
    """

    length: Literal["epochs", "steps"]
    total: int = Field(gt=0)
    batch: int = Field(gt=0)
    look_every: int = Field(ge=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"


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
        classes: the classes that are told apart, each with the data set's own classes it joins; those that none names
            are ignored. None takes the data set's classes as they are.
        network: the head's own values.
        optimiser: optimiser and learning rate.
        schedule: length, batch, selection.
        augment: names of augmentations on the training samples.
        metric: headline metric.
        fractions: shares of the training labels of the paper's tables.
        sources: of every value above, `paper` and where, or `ours` and why.
    """

    id: str
    version: int = Field(gt=0)
    title: str
    task: str
    dataset: str
    slices: Slices
    split: Split
    classes: dict[str, list[str]] | None = None
    network: dict[str, Any]
    optimiser: Optimiser
    schedule: Schedule
    augment: list[Literal["flip", "rotate"]]
    metric: str
    fractions: list[float]
    sources: dict[str, str]

    @model_validator(mode="after")
    def _every_value_has_a_source(self) -> "Protocol":
        for name in VALUES:
            value = getattr(self, name)
            missing = [f"{name}.{key}" for key in _stated(value) if not {name, f"{name}.{key}"} & self.sources.keys()]
            if missing or (isinstance(value, (str, list)) and name not in self.sources):
                raise ValueError(f"sources says nothing of {missing[0] if missing else name}")
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
        """Hash of every value that can move the number; titles, sources and the fractions offered cannot."""
        words: dict[str, Any] = {"title": True, "sources": True, "fractions": True, "split": {"lists_from"}}
        return content_hash(self.model_dump(mode="json", exclude=words))


def _stated(value: object) -> list[str]:
    """Keys of a protocol's part whose values are not this file's defaults."""
    if isinstance(value, dict):
        return list(value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return [key for key, field in fields.items() if getattr(value, key) != field.default]
    return []


def _over(base: Values, protocol: Values) -> Values:
    """Put a protocol over the one it extends: a new source of a whole part speaks for all of it."""
    said, new = base.get("sources"), protocol.get("sources")
    if isinstance(said, dict) and isinstance(new, dict):
        base = base | {"sources": {key: source for key, source in said.items() if key.partition(".")[0] not in new}}
    return merge(base, protocol)


PROTOCOLS = ConfigKind("protocol", "protocols", StudyError, "**/*.yaml", _over)
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
