"""A prepared data set: slices in memory-mapped arrays beside an index that describes and identifies them."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from bench.backbones.normalisation import Normalisation
from bench.core import documents
from bench.core.arrays import read_array
from bench.core.bands import COLOURS, Bands, Values
from bench.core.errors import DataError
from bench.core.suggest import file_meant
from tasks import labels
from tasks.labels.label import Label

INDEX = "index.json"
SCHEMA = 3
# Schema 2 lacks what the registry declares and which slices repeat others; all else is the same, so it is still read.
OLDEST = 2
Colour = Annotated[int, Field(ge=0, le=255)]
# Images whose statistics are taken at once.
AT_ONCE = 64


class _Slice(BaseModel):
    source: str
    x: int
    y: int
    part: str | None = None
    place: str | None = None


class _Equal(BaseModel):
    slices: list[str]
    same_label: bool


class _Index(BaseModel):
    """Of what type the parts of an index are that are read; see `Prepared.index`."""

    kind: str
    classes: Annotated[list[str], Field(min_length=1)]
    palette: list[tuple[Colour, Colour, Colour]]
    slices: list[_Slice]
    hash: str
    files: dict[str, str] = {}
    synthetic: bool = False
    band_names: Annotated[list[str], Field(min_length=1)] | None = None
    originals: dict[str, list[str]] = {}
    footprints: list[Annotated[list[tuple[float, float]], Field(min_length=4, max_length=4)] | None] | None = None
    duplicates: list[_Equal] = []
    found: dict[str, int] = {}
    published: int | None = None
    resized: int = 0

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.footprints is not None and len(self.footprints) != len(self.slices):
            raise ValueError(f"{len(self.footprints)} footprints of {len(self.slices)} slices")
        names = {f"{each.source}@{each.x},{each.y}" for each in self.slices}
        unknown = next((name for group in self.duplicates for name in group.slices if name not in names), None)
        if unknown is not None:
            raise ValueError(f"duplicates name {unknown!r}, which is no slice")
        return self


@dataclass(frozen=True)
class Prepared:
    """Slices of one data set, read by memory map.

    Attributes:
        path: folder of the prepared set.
        index: what `index.json` says: data set, whether it is synthetic, kind of labels, size, overlap, classes,
            palette, names of the bands where they are not red, green and blue, hash, files, slices that repeat others,
            and of every slice its source image, the window's left and top pixel and, where the public layout has parts,
            its part.
    """

    path: Path
    index: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> "Prepared":
        """Open a prepared set.

        Raises:
            DataError: it is absent, incomplete, or of another version.
        """
        file = path / INDEX
        if not file.is_file():
            raise DataError(f"no prepared data set at {path}{file_meant(path)}: make it with `bench data prepare`")
        index = documents.read_json(file, DataError, "prepare the data set again", (OLDEST, SCHEMA))
        documents.parse(_Index, index, f"{file} is no index of a prepared set", DataError)
        return cls(path, index)

    def __len__(self) -> int:
        """Number of slices."""
        return len(self.index["slices"])

    @property
    def hash(self) -> str:
        """Hash of all pixels, labels, class names and slice names."""
        return str(self.index["hash"])

    @property
    def synthetic(self) -> bool:
        """Whether the data set is declared to be made by a generator; False in sets of schema 2, which do not say."""
        return bool(self.index.get("synthetic", False))

    @cached_property
    def label(self) -> Label:
        """What a label is.

        Raises:
            DataError: the kind is unknown here.
        """
        label = labels.find(self.index["kind"], self.dates)
        if label is None:
            raise DataError(
                f"{self.path / 'index.json'} has labels of kind {self.index['kind']!r} on {self.dates} dates, which is "
                "unknown here: prepare the data set again, or install the package that brings the kind"
            )
        return label

    @property
    def bands(self) -> Bands:
        """The bands of an image; red, green and blue where the index names none."""
        values: Values = "uint16" if self.images.dtype == np.uint16 else "uint8"
        return Bands(tuple(self.index.get("band_names", COLOURS)), values)

    @property
    def dates(self) -> int:
        """Images side by side in the bands of a slice."""
        return int(self.images.shape[-1]) // len(self.bands)

    @property
    def classes(self) -> list[str]:
        """Class names; a label is a position in this list, or 255 where it is ignored."""
        return list(self.index["classes"])

    @property
    def palette(self) -> list[tuple[int, int, int]]:
        """The data set's own colour of each class."""
        return [(red, green, blue) for red, green, blue in self.index["palette"]]

    @property
    def images(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """Slices N x H x W x C, of two dates one after the other in C; memory-mapped."""
        images: NDArray[np.uint8] | NDArray[np.uint16] = self._array("images")
        return images

    @property
    def labels(self) -> NDArray[np.uint8]:
        """Labels of one shape: classes of pixels N x H x W, or one class of each slice, N; memory-mapped."""
        array: NDArray[np.uint8] = self._array("labels")
        return array

    @cached_property
    def class_counts(self) -> NDArray[np.int64]:
        """Pixels, slices or boxes of each class in each slice, N x K."""
        return np.asarray(self._array("class_counts"), dtype=np.int64)

    def label_at(self, position: int) -> NDArray[Any]:
        """The label of a slice as it is stored."""
        return self.label.read(self._array, position)

    @cached_property
    def names(self) -> list[str]:
        """A name of each slice that does not depend on the order: source image and window."""
        return [slice_name(s) for s in self.index["slices"]]

    @cached_property
    def sources(self) -> list[str]:
        """The source image of each slice."""
        return [s["source"] for s in self.index["slices"]]

    def originals(self, positions: list[int]) -> list[str]:
        """Files of the public layout that some slices were cut from, each once, by name.

        Raises:
            DataError: the set was prepared by a version that did not keep them.
        """
        kept: dict[str, list[str]] = self.index.get("originals", {})
        sources = {self.sources[at] for at in positions}
        if not sources <= kept.keys():
            raise DataError(f"{self.path / INDEX} does not say which files it was made of: prepare the data set again")
        return sorted({file for source in sources for file in kept[source]})

    @property
    def parts(self) -> list[str | None]:
        """The part (`train`, `val`, `test`) that the public layout gives each slice, or None."""
        return [s.get("part") for s in self.index["slices"]]

    @property
    def places(self) -> list[str]:
        """Where each slice is of: the place that the layout names, else its source image."""
        return [s.get("place", s["source"]) for s in self.index["slices"]]

    @cached_property
    def footprints(self) -> NDArray[np.float64] | None:
        """Corners of each slice in degrees, N x 4 x 2, not numbers where not known; None where no image has a place."""
        kept = self.index.get("footprints")
        if kept is None:
            return None
        return np.array([np.full((4, 2), np.nan) if each is None else each for each in kept], dtype=np.float64)

    def statistics(self, positions: list[int]) -> Normalisation:
        """Mean and standard deviation of each band over the pixels of some slices, of both dates where there are two."""
        bands = self.bands
        total, square, count = np.zeros(len(bands)), np.zeros(len(bands)), 0
        for start in range(0, len(positions), AT_ONCE):
            values = self.images[positions[start : start + AT_ONCE]].reshape(-1, len(bands)) / bands.highest
            total, square, count = total + values.sum(axis=0), square + (values**2).sum(axis=0), count + len(values)
        mean = total / count
        std = np.sqrt(np.maximum(square / count - mean**2, 0))
        return Normalisation(tuple(mean.tolist()), tuple(std.tolist()), "the data set's own", bands.names)

    def counts(self) -> dict[str, int]:
        """What the set holds, by name: images, slices, and pixels, slices or boxes of each class."""
        totals = self.class_counts.sum(axis=0)
        return {
            "images": len(set(self.sources)),
            "slices": len(self),
            **{f"slices of {part}": count for part, count in Counter(filter(None, self.parts)).items()},
            **{f"{self.label.unit} of {name}": int(total) for name, total in zip(self.classes, totals, strict=True)},
        }

    def repeats(self) -> dict[str, int]:
        """Slices whose pixels are those of an earlier slice, by what makes them matter; empty where there are none."""
        groups = self.index.get("duplicates", [])
        part_of = dict(zip(self.names, self.parts, strict=True))
        counts = {
            "slices that repeat another": sum(len(group["slices"]) - 1 for group in groups),
            "groups of equal slices with different labels": sum(not group["same_label"] for group in groups),
            "groups of equal slices in several parts": sum(len({part_of[n] for n in g["slices"]}) > 1 for g in groups),
        }
        return {name: count for name, count in counts.items() if count}

    @cached_property
    def _opened(self) -> dict[str, NDArray[Any]]:
        return {}

    def _array(self, name: str) -> Any:
        if name not in self._opened:
            self._opened[name] = read_array(self.path / f"{name}.npy", DataError, "prepare the data set again")
            self._check(name, self._opened[name].shape)
        return self._opened[name]

    def _check(self, name: str, shape: tuple[int, ...]) -> None:
        """Refuse an array that is not of this index' slices and classes."""
        expected = {"images": (len(self),), "labels": (len(self),), "class_counts": (len(self), len(self.classes))}
        wanted = expected.get(name, shape)
        if shape[: len(wanted)] != wanted:
            raise DataError(
                f"{self.path / name}.npy is {shape}, its index has {len(self)} slices of {len(self.classes)} classes: "
                "prepare the data set again"
            )


def slice_name(entry: dict[str, Any]) -> str:
    """Name of a slice by its entry in the index."""
    return f"{entry['source']}@{entry['x']},{entry['y']}"
