"""Parts of a protocol: how images are cut and divided, how a network is trained and chosen, and what it is fed with."""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from bench.core.arithmetic import Precision


class Part(BaseModel):
    """Values that know all their keys and never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Slices(Part):
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


class ListFile(Part):
    """A text file that a user brings: the name of an image on each line, whatever its folder and ending.

    Attributes:
        file: its name, in the folder of the prepared set.
        md5: its published sum; as a part of the protocol it stands for the file's content in every key.
    """

    file: str = Field(pattern=r"^[^/\\]+$")
    md5: str = Field(pattern=r"^[0-9a-f]{32}$")


PartName = Literal["train", "val", "test"]


class Split(Part):
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


class Optimiser(Part):
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


class Schedule(Part):
    """Length of a fine-tuning in epochs or in steps, batch, and how often the validation split is looked at.

    `look_every` counts in the unit of `length`; with 0 or no less than `total` the last weights are taken. The length of
    a protocol that trains no network is `none`, its `total` 0.
    """

    length: Literal["epochs", "steps", "none"]
    total: int = Field(ge=0)
    batch: int = Field(gt=0)
    look_every: int = Field(ge=0)
    precision: Precision = "auto"


Selection = Literal["last", "val", "within", "cv"]


BatchNorm = Literal["as-trained", "corpus", "target"]


Statistics = Literal["weights", "data"]


Times = Annotated[float, Field(gt=0)]


class Evaluation(Part):
    """What the network is fed with, the same for every row.

    Attributes:
        statistics: input mean and standard deviation of the weights, or of the data set's training part.
        size: side that slices are scaled to, pixels; None feeds them as they are cut.
    """

    statistics: Statistics = "weights"
    size: int | None = Field(default=None, ge=16)


class Tuning(Part):
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
