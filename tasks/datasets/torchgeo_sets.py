"""Data sets that TorchGeo reads: `torchgeo:<Class>`, such as `torchgeo:EuroSATSpatial`, prepared from its samples.

TorchGeo is an extra, and its releases from 0.9 on need Python 3.12. Its own code reads the files; nothing is downloaded.
"""

import importlib
import inspect
import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bench.core.context import Count
from bench.core.errors import DataError
from bench.core.files import because
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import cut, windows
from tasks.datasets.described.annotations import Raw, checked
from tasks.datasets.described.listing import PARTS
from tasks.datasets.levir import boxes_in
from tasks.datasets.pictures import distinct_colours, resized
from tasks.labels.boxes import LABEL as BOXES
from tasks.labels.change import LABEL as CHANGE
from tasks.labels.image_class import LABEL as CLASS
from tasks.labels.label import Label
from tasks.labels.mask import LABEL as MASK
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

INSTALL = "install the extra: uv pip install 'geokr-bench[torchgeo]'; it needs Python 3.12 or newer"
# What TorchGeo's readers raise on files that are missing or broken.
UNREADABLE = (
    OSError,
    ValueError,
    RuntimeError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    SyntaxError,
)
KINDS: dict[str, Label] = {
    "class": CLASS, "multilabel": MULTILABEL, "mask": MASK, "boxes": BOXES, "change": CHANGE,
}  # fmt: skip
Kind = Literal["class", "multilabel", "mask", "boxes", "change"]


def _numbers(text: Any) -> Any:
    return [float(part) for part in text.replace(":", ",").split(",")] if isinstance(text, str) else text


class TorchGeoOptions(BaseModel):
    """How a TorchGeo data set is taken.

    Attributes:
        range: stored values that become 0 and 255, of images that hold more than 255.
        channels: positions of red, green and blue, from 1, where the class names no bands.
        kind: of the labels, where a sample has several.
        ignore: values of masks that are no class.
        first: value of the first class in masks, or number of the first class of boxes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    range: Annotated[tuple[float, float] | None, BeforeValidator(_numbers)] = None
    channels: Annotated[tuple[int, int, int] | None, BeforeValidator(_numbers)] = None
    kind: Kind | None = None
    ignore: Annotated[list[int] | None, BeforeValidator(_numbers)] = None
    first: int | None = Field(default=None, ge=0)


@dataclass(frozen=True)
class Quirk:
    """What a class' samples mean beyond what they say.

    Attributes:
        arguments: of its constructor.
        options: how it is taken unless a user says otherwise.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


# Masks of LoveDA: 0 is no data, 1 the first class. BigEarthNet's order of bands is in its docstring, B04 the fourth.
QUIRKS = {
    "LoveDA": Quirk(options={"first": 1, "ignore": [0]}),
    "BigEarthNet": Quirk({"bands": "s2"}, {"channels": (4, 3, 2), "kind": "multilabel"}),
    "BigEarthNetV2": Quirk({"bands": "s2"}, {"channels": (4, 3, 2), "kind": "multilabel"}),
    "VHR10": Quirk(options={"kind": "boxes"}),
}


@dataclass(frozen=True)
class Sample:
    """A sample of a data set.

    Attributes:
        name: of its file, or its position.
        part: `train`, `val`, `test`, or None where TorchGeo's splits are something else.
        of: the data set.
        at: its position there.
    """

    name: str
    part: str | None
    of: Any
    at: int

    def read(self) -> dict[str, Any]:
        """Its tensors by name.

        Raises:
            DataError: TorchGeo cannot read it.
        """
        try:
            return dict(self.of[self.at])
        except UNREADABLE as error:
            raise DataError(f"TorchGeo cannot read {self.name}{because(error, 'download it again')}") from None


def read(source: Path, out: Path, slices: Slices, progress: Count, name: str, options: TorchGeoOptions) -> None:
    """Prepare the samples of TorchGeo's class `name`, which finds its files below `source`.

    Raises:
        DataError: TorchGeo is not installed, has no such data set, or finds no samples with labels; or what it reads needs
            an option.
    """
    quirk = QUIRKS.get(name, Quirk())
    taken = TorchGeoOptions.model_validate({**quirk.options, **options.model_dump(exclude_none=True)})
    samples, left = _labelled(_samples(source, name, quirk))
    if not samples:
        raise DataError(f"{source}: TorchGeo's {name} finds no samples with labels there")
    first = samples[0].read()
    kind = taken.kind or _kind(first, name)
    reading = _Reading(name, kind, taken, _class_names(samples[0].of))
    classes = reading.classes(samples)
    whole = kind in {"class", "multilabel"}
    sizes = [] if whole else [reading.image(sample.read(), sample).shape for sample in samples]
    total = len(samples) if whole else sum(len(windows(size[0], size[1], slices)) for size in sizes)
    writer = SliceWriter(out, total, slices.size, classes, KINDS[kind])
    for sample in samples:
        tensors = sample.read()
        image = reading.image(tensors, sample)
        truth = reading.truth(tensors, sample, image.shape[:2])
        if whole:
            writer.add(resized(image, slices.size), truth, sample.name, part=sample.part)
        else:
            masks = None if kind == "boxes" else cut(truth, slices, IGNORE)
            for window, pixels in cut(image, slices, 0):
                label = boxes_in(truth, window)[0] if masks is None else next(masks)[1]
                writer.add(pixels, label, sample.name, window.x, window.y, sample.part)
        progress(writer.written, writer.total)
    found = {"samples without labels, left out": left} if left else {}
    writer.finish(
        {"overlap": 0.0 if whole else slices.overlap, "palette": distinct_colours(len(classes)), "found": found}
    )


def _module() -> Any:
    try:
        return importlib.import_module("torchgeo.datasets")
    except ImportError:
        raise DataError(f"TorchGeo is not installed: {INSTALL}") from None


def _samples(source: Path, name: str, quirk: Quirk) -> list[Sample]:
    """All samples of a class, of each of its splits that are there, by name within each.

    Raises:
        DataError: TorchGeo is not installed, has no such set of images, or finds nothing.
    """
    module = _module()
    made = getattr(module, name, None)
    if not (inspect.isclass(made) and issubclass(made, module.NonGeoDataset)):
        why = "is one raster, not a set of images" if inspect.isclass(made) else "is unknown to this TorchGeo"
        raise DataError(f"torchgeo:{name} {why}: choose a NonGeoDataset of torchgeo.datasets")
    known = inspect.signature(made.__init__).parameters
    arguments = {"root": str(source), "download": False, "checksum": False, **quirk.arguments}
    if "bands" in known and "bands" not in arguments and hasattr(made, "rgb_bands"):
        arguments["bands"] = made.rgb_bands
    arguments = {key: value for key, value in arguments.items() if key in known}
    splits = _splits(made, known["split"].annotation) if "split" in known else [None]
    found: list[Sample] = []
    why = ""
    for split in splits:
        try:
            opened: Any = made(**arguments, **({"split": split} if split else {}))
        except AssertionError:  # its annotation names a split that it has not
            continue
        except UNREADABLE as error:  # a split that was not downloaded
            why = f" ({str(error).splitlines()[0][:200]})" if str(error) else ""
            continue
        part = next((part for part, words in PARTS.items() if split in words), None)
        every = (Sample(_name(opened, at, source, split), part, opened, at) for at in range(len(opened)))
        found += sorted(every, key=lambda sample: sample.name)
    if not found:
        raise DataError(f"{source}: TorchGeo's {name} finds nothing there{why}")
    names = Counter(sample.name for sample in found)
    if len(names) < len(found):
        raise DataError(f"TorchGeo's {name} has {names.most_common(1)[0][0]} in two of its splits")
    return found


def _splits(made: Any, annotation: Any) -> list[str]:
    """Splits that a class states, and those of its annotation: LEVIR-CD's leaves out `val`."""
    stated = next((getattr(made, name) for name in ("splits", "valid_splits") if hasattr(made, name)), ())
    names = [name for name in (*stated, *get_args(annotation)) if isinstance(name, str)]
    return list(dict.fromkeys(names))


def _name(opened: Any, at: int, source: Path, split: str | None) -> str:
    """Name of a sample: its file below the source without its ending, or its position in the split."""
    for attribute in ("imgs", "files", "image_fns", "samples"):
        listed = getattr(opened, attribute, None)
        entry = listed[at] if isinstance(listed, list) and len(listed) == len(opened) else None
        if isinstance(entry, Mapping):
            entry = next((entry[key] for key in ("image", "image1", "region", "images1") if key in entry), None)
        entry = entry[0] if isinstance(entry, (tuple, list)) else entry
        if isinstance(entry, (str, Path)):
            path = Path(entry)
            below = path.relative_to(source) if path.is_relative_to(source) else path
            return below.with_suffix("").as_posix()
    return f"{split or 'sample'}/{at:06d}"


def _labelled(samples: list[Sample]) -> tuple[list[Sample], int]:
    """The samples whose part has labels, and how many have none; a test part without any gives way to the validation part."""
    kept: list[Sample] = []
    left = 0
    for _, group in itertools.groupby(samples, key=lambda sample: id(sample.of)):
        each = list(group)
        if {"label", "mask", "bbox_xyxy"} & each[0].read().keys():
            kept += each
        else:
            left += len(each)
    if {sample.part for sample in kept} == {"train", "val"}:
        kept = [Sample(s.name, "test" if s.part == "val" else s.part, s.of, s.at) for s in kept]
    return kept, left


def _class_names(opened: Any) -> list[str]:
    for attribute in ("classes", "categories"):
        names = getattr(opened, attribute, None)
        if isinstance(names, (list, tuple)) and all(isinstance(name, str) for name in names):
            return list(names)
    return []


def _kind(tensors: Mapping[str, Any], name: str) -> Kind:
    """What the labels of a sample are.

    Raises:
        DataError: they are of several kinds, or of none that is known here.
    """
    dates = getattr(tensors.get("image"), "ndim", 0) == 4
    if "bbox_xyxy" in tensors:
        return "boxes"
    if "mask" in tensors and "label" not in tensors:
        return "change" if dates or "image1" in tensors else "mask"
    if "label" in tensors and "mask" not in tensors:
        return "multilabel" if getattr(tensors["label"], "ndim", 0) == 1 and len(tensors["label"]) > 1 else "class"
    raise DataError(
        f"torchgeo:{name} gives {', '.join(sorted(tensors))}: say --option kind=KIND, one of {', '.join(KINDS)}"
    )


@dataclass(frozen=True)
class _Reading:
    """Turns a sample's tensors into pixels and labels."""

    name: str
    kind: Kind
    options: TorchGeoOptions
    names: list[str]

    def image(self, tensors: Mapping[str, Any], sample: Sample) -> NDArray[np.uint8]:
        """Red, green and blue of each date, H x W x 3 dates."""
        dates = [tensors[key] for key in ("image1", "image2") if key in tensors] or [tensors.get("image")]
        if dates[0] is None:
            raise DataError(f"torchgeo:{self.name} gives {', '.join(sorted(tensors))}, and no image")
        if self.kind == "change" and len(dates) == 1:
            dates = list(dates[0])
        return np.concatenate([self._rgb(np.asarray(date), sample) for date in dates], axis=2)

    def _rgb(self, stored: NDArray[Any], sample: Sample) -> NDArray[np.uint8]:
        if stored.ndim != 3:
            raise DataError(f"torchgeo:{self.name}: images of shape {stored.shape} are no images of one date")
        if self.options.channels is not None and len(stored) != 3:
            stored = stored[[channel - 1 for channel in self.options.channels]]
        if len(stored) == 1:
            stored = np.repeat(stored, 3, axis=0)
        if len(stored) != 3:
            raise DataError(
                f"torchgeo:{self.name} has {len(stored)} bands and no names of them: say --option channels=4,3,2 for red, "
                "green and blue, counted from 1"
            )
        pixels = np.nan_to_num(stored.astype(np.float32)).transpose(1, 2, 0)
        if self.options.range is not None:
            low, high = self.options.range
            pixels = (pixels - low) * (IGNORE / (high - low))
        elif pixels.max() > IGNORE or 0 < pixels.max() <= 1:
            raise DataError(
                f"{sample.name} has values up to {pixels.max():g}: say --option range=LOW:HIGH, such as 0:3000"
            )
        return np.ascontiguousarray(np.clip(np.rint(pixels), 0, IGNORE).astype(np.uint8))

    def classes(self, samples: list[Sample]) -> list[str]:
        """Names of the classes: TorchGeo's, or numbers where it has none."""
        if self.kind == "change":
            return ["unchanged", "changed"]
        if self.names:
            return self.names[: -1 if self.options.first and self.names[-1] == "no-data" else None]
        label = samples[0].read()["mask" if self.kind == "mask" else "label"]
        if self.kind == "multilabel":
            return [f"class {number}" for number in range(len(label))]
        key = "mask" if self.kind == "mask" else "label"
        highest = max(int(np.max(np.asarray(sample.read()[key]), initial=0)) for sample in samples)
        return [f"class {number}" for number in range(self.options.first or 0, highest + 1)]

    def truth(self, tensors: Mapping[str, Any], sample: Sample, size: tuple[int, int]) -> Any:
        """The label as its kind stores one."""
        if self.kind == "boxes":
            return self._boxes(tensors, sample, size)
        if self.kind == "multilabel":
            return np.asarray(tensors["label"]).astype(np.uint8)
        if self.kind == "class":
            return int(np.asarray(tensors["label"]).reshape(()))
        mask = np.asarray(tensors["mask"]).astype(np.int64)
        mask = mask[0] if mask.ndim == 3 and len(mask) == 1 else mask
        if mask.shape != size:
            raise DataError(f"{sample.name}: the mask is {mask.shape}, the image {size}")
        numbers = mask - (self.options.first or 0)
        numbers[np.isin(mask, [*(self.options.ignore or []), IGNORE])] = IGNORE
        allowed = range(2 if self.kind == "change" else len(self.names) or IGNORE)
        unknown = np.setdiff1d(numbers, [*allowed, IGNORE])
        if len(unknown):
            value = unknown[0] + (self.options.first or 0)
            raise DataError(
                f"{sample.name}: the mask has the value {value}, which is no class: say --option ignore={value}"
            )
        return numbers.astype(np.uint8)

    def _boxes(self, tensors: Mapping[str, Any], sample: Sample, size: tuple[int, int]) -> NDArray[np.float32]:
        first, names = self.options.first or 0, self.names
        corners = np.asarray(tensors["bbox_xyxy"], dtype=np.float64).reshape(-1, 4)
        numbers = np.asarray(tensors["label"], dtype=np.int64).reshape(-1) - first
        known = names or [str(number) for number in range(int(numbers.max(initial=0)) + 1)]
        if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(known):
            raise DataError(
                f"{sample.name}: a box has a class that is none of {', '.join(known)}: say --option first=1"
            )
        raws = [
            Raw((box[0], box[1], box[2], box[3]), known[number], sample.name)
            for box, number in zip(corners.tolist(), numbers.tolist(), strict=True)
        ]
        return checked(raws, known, size).boxes
