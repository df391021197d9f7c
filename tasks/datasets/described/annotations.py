"""Boxes of a described data set: VOC's XML, COCO's JSON, and lines of text.

Boxes are M x 5: left, top, right, bottom in pixels, and the number of the class.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, FiniteFloat

from bench.core import documents
from bench.core.errors import DataError
from bench.core.files import because

# A file of one image; COCO's hold a whole data set.
MOST_BYTES = 1 << 26
MOST_COCO_BYTES = 1 << 31
# Of a box that reaches over its image's edge, the share that must lie inside; as of Levir.
VISIBLE = 0.5

Boxes = NDArray[np.float32]


@dataclass(frozen=True)
class Raw:
    """A box as it is annotated: corners in pixels, the class' name, and where it stands."""

    corners: tuple[float, float, float, float]
    name: str
    where: str


@dataclass
class Checked:
    """Boxes of one image, and the lines that were put right or left out."""

    boxes: Boxes
    odd: list[str] = field(default_factory=list)


def read_voc(path: Path, *, difficult: bool) -> list[Raw]:
    """Boxes of a VOC file; corners are pixels counted from 1, as VOC counts, and become edges counted from 0.

    Args:
        path: the file.
        difficult: take the boxes that are marked so.

    Raises:
        DataError: it is broken, or an object has no box; it is named.
    """
    found = []
    for number, each in enumerate(_xml(path).iter("object"), start=1):
        where = f"{path}, object {number}"
        if not difficult and (each.findtext("difficult") or "0").strip() == "1":
            continue
        box = each.find("bndbox")
        texts = [box.findtext(edge) if box is not None else None for edge in ("xmin", "ymin", "xmax", "ymax")]
        name = (each.findtext("name") or "").strip()
        left, top, right, bottom = _numbers([text or "" for text in texts], where)
        if not name:
            raise DataError(f"{where} has no name")
        found.append(Raw((left - 1, top - 1, right, bottom), name, where))
    return found


def read_lines(path: Path, size: tuple[int, int], *, shares: bool) -> list[Raw]:
    """Boxes of a file of text, a line each; the name is the class' number.

    Args:
        path: the file.
        size: height and width of the image.
        shares: whether lines are `class x y width height` in shares of the image, else `class left top right bottom`.

    Raises:
        DataError: a line is no box; it is named.
    """
    found = []
    for number, line in enumerate(_text(path).splitlines(), start=1):
        words, where = line.split(), f"{path}, line {number}"
        if not words:
            continue
        if len(words) != 5 or not words[0].isdecimal():
            kind = "class x y width height" if shares else "class left top right bottom"
            raise DataError(f"{where}: {line.strip()[:80]!r} is not `{kind}`")
        a, b, c, d = _numbers(words[1:], where)
        if shares:
            height, width = size
            if not max(map(abs, (a, b, c, d))) <= 1:
                raise DataError(f"{where}: {line.strip()!r} is more than the whole image: is it `corners`?")
            a, b, c, d = (a - c / 2) * width, (b - d / 2) * height, (a + c / 2) * width, (b + d / 2) * height
        found.append(Raw((a, b, c, d), str(int(words[0])), where))
    return found


class _Image(BaseModel):
    id: int | str
    file_name: str


class _Category(BaseModel):
    id: int | str
    name: str = Field(min_length=1)


class _Annotation(BaseModel):
    image_id: int | str
    category_id: int | str
    bbox: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
    iscrowd: int = 0


class _Coco(BaseModel):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_Annotation]


class Coco:
    """Annotations of COCO files, asked for by the path of an image; boxes of crowds are left out and counted.

    Args:
        paths: the files.

    Raises:
        DataError: one is broken, or names an image or a class that it does not list.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.names: list[str] = []
        self.crowds = 0
        self._by_stem: dict[str, list[tuple[tuple[str, ...], list[Raw]]]] = defaultdict(list)
        for path in paths:
            self._read(path)

    def _read(self, path: Path) -> None:
        if path.stat().st_size > MOST_COCO_BYTES:
            raise DataError(f"{path} is too large to be read: divide it")
        values = documents.read_json(path, DataError, "export it again")
        read = documents.parse(_Coco, values, path, DataError)
        category = {each.id: each.name for each in read.categories}
        self.names += [each.name for each in read.categories if each.name not in self.names]
        boxes: dict[int | str, list[Raw]] = {each.id: [] for each in read.images}
        for number, each in enumerate(read.annotations):
            where = f"{path}, annotation {number}"
            if each.image_id not in boxes or each.category_id not in category:
                raise DataError(f"{where} names an image or a category that the file does not list")
            if each.iscrowd:
                self.crowds += 1
                continue
            left, top, width, height = each.bbox
            corners = (left, top, left + width, top + height)
            boxes[each.image_id].append(Raw(corners, category[each.category_id], where))
        for image in read.images:
            parts = PurePosixPath(image.file_name.replace("\\", "/")).parts
            if parts:
                self._by_stem[parts[-1]].append((parts, boxes[image.id]))

    def of(self, below: str) -> list[Raw] | None:
        """Boxes of an image by its path; None where no file lists it.

        Raises:
            DataError: several entries are of this image.
        """
        parts = PurePosixPath(below).parts
        listed = self._by_stem.get(parts[-1], [])
        ends = [raws for other, raws in listed if _agree(parts, other)]
        if len(ends) > 1:
            raise DataError(f"COCO's files list {below} {len(ends)} times: give the folders in file_name")
        return ends[0] if ends else None


def is_coco(path: Path) -> bool:
    """Whether a JSON file holds COCO's keys."""
    try:
        values = documents.read_json(path, DataError, "")
    except DataError:
        return False
    return {"images", "annotations", "categories"} <= values.keys()


def _agree(parts: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one path is the end of the other."""
    length = min(len(parts), len(other))
    return parts[-length:] == other[-length:]


def checked(raws: list[Raw], classes: list[str], size: tuple[int, int]) -> Checked:
    """Boxes with class numbers, inside their image; copies differ in capitals of the classes' names.

    Corners that are the wrong way round are turned, what reaches over an edge is cut, what has no size is left out.

    Args:
        raws: as annotated.
        classes: names in order.
        size: height and width of the image.

    Raises:
        DataError: a class is unknown, or a box lies mostly outside its image.
    """
    height, width = size
    kept: list[list[float]] = []
    odd: list[str] = []
    numbers = {name.lower(): at for at, name in reversed(list(enumerate(classes)))} | {
        name: at for at, name in enumerate(classes)
    }
    for raw in raws:
        number = numbers.get(raw.name, numbers.get(raw.name.lower()))
        if number is None:
            raise DataError(f"{raw.where}: class {raw.name!r} is none of {', '.join(classes)}")
        (left, right), (top, bottom) = sorted(raw.corners[::2]), sorted(raw.corners[1::2])
        inside = [max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))]
        shown = max(inside[2] - inside[0], 0.0) * max(inside[3] - inside[1], 0.0)
        if left == right or top == bottom:
            odd.append(f"{raw.where}: the box has no size")
            continue
        if shown < VISIBLE * (right - left) * (bottom - top):
            raise DataError(f"{raw.where}: the box {_shown(raw)} leaves its image of {width} x {height}")
        # A pixel is the rounding of shares, or a corner that a tool counted from 0 and not from 1.
        if np.abs(np.subtract(inside, raw.corners)).max() > 1:
            odd.append(f"{raw.where}: the box {_shown(raw)} was put right")
        kept.append([*inside, number])
    return Checked(np.array(kept, dtype=np.float32).reshape(-1, 5), odd)


def _shown(raw: Raw) -> str:
    return " ".join(f"{value:g}" for value in raw.corners)


def _numbers(texts: Sequence[str], where: str) -> tuple[float, float, float, float]:
    try:
        values = np.array([float(text) for text in texts])
    except ValueError:
        values = np.array([np.nan])
    if not np.isfinite(values).all():
        raise DataError(f"{where}: {' '.join(texts)[:80]!r} are no four numbers")
    a, b, c, d = values.tolist()
    return a, b, c, d


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is too large for the annotation of an image")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable text file{because(error, 'download it again')}") from None


def _xml(path: Path) -> Any:
    text = _text(path)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError(f"{path} declares entities, which no annotation needs: it is not read")
    try:
        return ET.fromstring(text)  # noqa: S314 - it declares no entities
    except (ET.ParseError, ValueError) as error:
        raise DataError(f"{path} is not readable XML{because(error, 'export it again')}") from None
