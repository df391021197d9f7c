"""Proportions of whole images: from the class folders they lie in, or from a table with a row for each."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.core.configs import ConfigKind
from bench.core.documents import parse
from bench.core.errors import CorpusError
from bench.core.files import because
from bench.core.suggest import nearest
from bench.corpus.images.names import Names
from bench.corpus.images.source import ImageFile
from bench.corpus.landcover.product import CLASSES

FOLDERS = ConfigKind("mapping of class folders", "landcover-of-classes", CorpusError)


class ClassFolders(BaseModel):
    """What the class folders of a data set show, as written in `configs/landcover-of-classes/*.yaml` or a user's file.

    Attributes:
        name: short name, as given to `--classes-as`.
        title: where the proportions come from, in words.
        source: of the data set.
        classes: names of the proportions' columns; the paper's eight where not given.
        folders: by the name of a folder the class it shows, or the share of each of several, or None for a folder whose
            images are left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    source: str = ""
    classes: tuple[str, ...] = Field(default=CLASSES, min_length=1)
    folders: dict[str, str | dict[str, float] | None] = Field(min_length=1)

    @model_validator(mode="after")
    def _shares_are_of_classes(self) -> "ClassFolders":
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("a class stands twice")
        for folder in self.folders:
            for name, share in self.shares(folder).items():
                if name not in self.classes:
                    raise ValueError(f"folder {folder} shows {name!r}: use one of {', '.join(self.classes)}")
                if not 0 <= share < float("inf"):
                    raise ValueError(f"folder {folder} has the share {share} of {name}: use numbers from 0 up")
        return self

    def shares(self, folder: str) -> dict[str, float]:
        """Shares of classes that a folder's images show, not yet adding up to 1; empty where they are left out."""
        shown = self.folders[folder]
        if isinstance(shown, str):
            return {shown: 1.0}
        return shown or {}


@dataclass(frozen=True)
class Proportions:
    """Land cover of whole images.

    Attributes:
        classes: names of the columns.
        stated: name and title of where they come from, for the manifest.
        rows: `N x K` of the images; each sums to 1, or is zeros where none of the classes is shown.
    """

    classes: tuple[str, ...]
    stated: dict[str, Any]
    rows: NDArray[np.float32]


def from_folders(name: str, images: Sequence[ImageFile]) -> Proportions:
    """Proportions by the folder that each image lies in.

    Args:
        name: a shipped mapping (`eurosat`), or the path of a `.yaml` file.
        images: of the corpus.

    Raises:
        CorpusError: there is no such mapping, it is wrong, or an image lies in a folder that it does not have.
    """
    file = FOLDERS.find(name)
    mapping = parse(ClassFolders, FOLDERS.read(file), file, CorpusError)
    column = {each: number for number, each in enumerate(mapping.classes)}
    rows = np.zeros((len(images), len(column)))
    for row, image in zip(rows, images, strict=True):
        folder = class_folder(image)
        if folder not in mapping.folders:
            known = ", ".join(nearest(folder, mapping.folders))
            raise CorpusError(
                f"{file} has no folder {folder!r}, in which {image.path} lies: add it, or correct {known}"
            )
        for each, share in mapping.shares(folder).items():
            row[column[each]] = share
    stated = mapping.model_dump(mode="json", exclude={"classes"})
    return Proportions(mapping.classes, stated, _normalised(rows))


def class_folder(image: ImageFile) -> str:
    """Name of the folder that an image lies in, which stands for its class; empty where it lies in none."""
    return "" if image.folder == "." else image.folder.rpartition("/")[2]


def from_table(file: Path, images: Sequence[ImageFile], names: Names, numbers: Sequence[int]) -> Proportions:
    """Proportions from a CSV file: a column `image`, and one for each class.

    Args:
        file: the table. Columns that are all among the paper's eight classes give these eight; others are a legend of
            their own. Rows are divided by their sum.
        images: of the corpus.
        names: finds all images of the source, those that are left out too.
        numbers: of the corpus' images among those.

    Raises:
        CorpusError: the file cannot be read, has no such columns, names an image that is not there or twice, lacks one,
            or holds what is no number from 0 up.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            head, lines = list(reader.fieldnames or ()), [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"table {file} cannot be read{because(error, 'give a CSV file')}") from None
    shown = [name for name in head if name != "image"]
    if "image" not in head or not shown or len(set(head)) < len(head):
        raise CorpusError(f"table {file} has the columns {', '.join(head)}: give `image`, and one for each class")
    classes = CLASSES if set(shown) <= set(CLASSES) else tuple(shown)
    columns = [classes.index(name) for name in shown]
    place = {number: row for row, number in enumerate(numbers)}
    rows = np.full((len(images), len(classes)), np.nan)
    seen: set[int] = set()
    for line, row in lines:
        where = f"{file}, line {line}"
        number = names.find(row["image"] or "", where)
        if number in seen:
            raise CorpusError(f"{where}: {row['image']} stands there twice: keep one row")
        seen.add(number)
        if number in place:
            rows[place[number]] = 0
            rows[place[number], columns] = [_share(row[name], name, where) for name in shown]
    missing = np.flatnonzero(np.isnan(rows).any(axis=1))
    if len(missing):
        raise CorpusError(
            f"table {file} has no row of {images[missing[0]].name} ({len(missing)} in all): add one, or leave the image "
            "out by --without"
        )
    return Proportions(classes, {"name": "table", "title": f"table {file.name}"}, _normalised(rows))


def _share(text: str | None, name: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise CorpusError(f"{where}: {name} is {text!r}: write a number from 0 up")
    return value


def _normalised(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    total = rows.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rows, total, out=np.zeros_like(rows), where=total > 0), dtype=np.float32)
