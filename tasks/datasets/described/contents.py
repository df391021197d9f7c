"""What a data set's YAML file says of its files under `contents`: the kinds of data sets that need no code."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.core.keys import content_hash
from bench.metrics.confusion import IGNORE
from tasks.datasets.described.templates import Pattern, Template
from tasks.protocol_parts import PartName

Value = Annotated[int, Field(ge=0, le=IGNORE)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
# Class numbers are stored in 8 bits, and 255 is no class.
MOST_CLASSES = IGNORE


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Files(_Part):
    """What all kinds say.

    Attributes:
        parts: of a layout with parts, the texts of the field `{part}` that are each; None for the usual words (`Train`,
            `val`, `validation`, ...). Images of another text are left out.
        lists: of a layout with lists of images, the file of each part, relative to the folder of the images.
        bands: positions, counted from 1, of red, green and blue in TIFFs that have other bands.
        range: stored values that become 0 and 255, in TIFFs of more than 8 bits.
        same_place: fields that say together of which place an image is; `{place}` where the layout has it.
    """

    parts: dict[PartName, list[str]] | None = None
    lists: dict[PartName, Pattern] | None = None
    bands: tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]] | None = None
    range: tuple[float, float] | None = None
    same_place: list[str] | None = None

    @property
    def dates(self) -> list[Template]:
        """Templates of the images, one a date."""
        raise NotImplementedError

    @property
    def place_fields(self) -> list[str]:
        """The fields that make a place; empty where none is known."""
        if self.same_place is not None:
            return self.same_place
        return ["place"] if "place" in self.dates[0].fields else []

    @property
    def hash(self) -> str:
        """Hash of all that is said: a prepared set is of one description."""
        return content_hash(self.model_dump(mode="json", exclude_defaults=True))

    @model_validator(mode="after")
    def _names_known_fields(self) -> "Files":
        unknown = [name for name in self.same_place or [] if name not in self.dates[0].fields]
        if unknown:
            raise ValueError(f"same_place: {self.dates[0].text} has no field {{{unknown[0]}}}")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("range: write the lower value first")
        if self.lists is not None and "part" in self.dates[0].fields:
            raise ValueError("lists and a field {part} both say which part an image is of: leave one out")
        if self.lists and not {"train", "test"} <= self.lists.keys():
            raise ValueError("lists: name the files of train and of test")
        return self


class _OneDate(Files):
    images: Pattern

    @property
    def dates(self) -> list[Template]:
        """The images' template."""
        return [Template(self.images)]


class ClassFolders(_OneDate):
    """One class an image, which is the field `{class}`.

    Attributes:
        images: template of the images.
        classes: names of the classes by their texts in the path, in order; None takes the texts, by name.
    """

    kind: Literal["classes"]
    classes: dict[str, Name] | None = None

    @model_validator(mode="after")
    def _has_classes(self) -> "ClassFolders":
        if "class" not in self.dates[0].fields:
            raise ValueError("images: write the class as {class}, such as {class}/{name}.*")
        return self


class LabelTable(_OneDate):
    """Any number of classes an image, by a table of text.

    A column of 0 and 1 for each class, or one column of class names with `;`, `|` or spaces between them; the first
    column names the image. Commas, tabs or semicolons stand between columns.

    Attributes:
        images: template of the images.
        table: template of the table, or tables, such as one a part.
        classes: their order; None takes the table's.
    """

    kind: Literal["labels"]
    table: Pattern
    classes: list[Name] | None = None


class MaskClass(_Part):
    """A class of a mask.

    Attributes:
        name: of the class.
        value: a value of grey or of the palette, or several that are the same class.
        colour: its colour in masks of colours.
    """

    name: Name
    value: Value | list[Value] | None = None
    colour: Colour | list[Colour] | None = None

    @model_validator(mode="after")
    def _one_code(self) -> "MaskClass":
        if (self.value is None) == (self.colour is None):
            raise ValueError("a class of a mask has a value, or a colour")
        return self


def as_list(value: Any) -> list[Any]:
    """One, several or none as a list."""
    return value if isinstance(value, list) else [] if value is None else [value]


class _Masks(Files):
    masks: Pattern
    classes: Annotated[list[MaskClass], Field(min_length=2, max_length=MOST_CLASSES)]
    unlabelled: list[Value] | list[Colour] = Field(default_factory=list)

    @model_validator(mode="after")
    def _codes_are_of_one_kind(self) -> "_Masks":
        kinds = {each.value is None for each in self.classes} | {isinstance(each, str) for each in self.unlabelled}
        if len(kinds) > 1:
            raise ValueError("classes and unlabelled: all are values, or all are colours")
        codes = [code for each in self.classes for code in as_list(each.value) + as_list(each.colour)]
        codes += self.unlabelled
        twice = next((code for code in codes if codes.count(code) > 1), None)
        if twice is not None:
            raise ValueError(f"classes: {twice!r} is two of them")
        if len({each.name for each in self.classes}) < len(self.classes):
            raise ValueError("classes: two have one name")
        return self

    @property
    def in_colours(self) -> bool:
        """Whether masks are pictures in colours."""
        return self.classes[0].value is None


class ImagesAndMasks(_Masks, _OneDate):
    """An image and a mask of its size.

    Attributes:
        images: template of the images.
        masks: template of the masks, whose fields are among those of the images.
        classes: value or colour of each class.
        unlabelled: values or colours that are no class: neither trained on nor scored.
    """

    kind: Literal["masks"]


class ChangePairs(_Masks):
    """Two dates of a place, and a mask of where it changed; the first class is the unchanged one.

    Attributes:
        before, after: templates of the images, with the same fields.
        masks: template of the masks.
        classes: unchanged, and changed.
        unlabelled: values that are no class.
    """

    kind: Literal["pairs"]
    before: Pattern
    after: Pattern
    classes: Annotated[list[MaskClass], Field(min_length=2, max_length=2)] = Field(
        default_factory=lambda: [MaskClass(name="unchanged", value=0), MaskClass(name="changed", value=IGNORE)]
    )

    @property
    def dates(self) -> list[Template]:
        """The templates of both dates."""
        return [Template(self.before), Template(self.after)]


class ImagesAndBoxes(_OneDate):
    """Images with boxes.

    Attributes:
        images: template of the images.
        boxes: template of the annotations: one file an image, or for `coco` one or several of many images.
        format: `voc`, XML files; `coco`, JSON; `corners`, lines `class left top right bottom` in pixels; `yolo`, lines
            `class x y width height` of the box's middle, in shares of the image.
        classes: names of the classes, in order; of lines of text, by their numbers from `first`. None takes the names
            that the annotations have.
        first: number of the first class in lines of text.
        difficult: whether boxes that VOC's files call difficult are taken.
    """

    kind: Literal["boxes"]
    boxes: Pattern
    format: Literal["voc", "coco", "corners", "yolo"]
    classes: Annotated[list[Name], Field(min_length=1, max_length=MOST_CLASSES)] | None = None
    first: Annotated[int, Field(ge=0)] = 0
    difficult: bool = True

    @model_validator(mode="after")
    def _numbers_have_names(self) -> "ImagesAndBoxes":
        if self.format in {"corners", "yolo"} and self.classes is None:
            raise ValueError(f"classes: lines of {self.format} hold numbers: name the classes in order")
        return self


Contents = Annotated[
    ClassFolders | LabelTable | ImagesAndMasks | ChangePairs | ImagesAndBoxes, Field(discriminator="kind")
]
