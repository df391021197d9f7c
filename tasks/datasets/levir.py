"""Levir (detection): images with one text file each, a line `class x1 y1 x2 y2` for every object."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.context import Count
from bench.core.errors import DataError
from bench.core.files import because
from tasks.datasets.cutting import Window, cut, windows
from tasks.datasets.layout import child, find_folder
from tasks.datasets.pictures import distinct_colours, pictures, read_rgb, size_of
from tasks.labels.boxes import LABEL as BOXES
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

# Class 1, 2 and 3 of the text files.
CLASSES = ("airplane", "ship", "oil-tank")
# A box cut by a slice's edge stays in the slice if at least this share of it is inside; ours, the paper is silent.
VISIBLE = 0.5
# People draw some boxes the wrong way round or over the edge; where more are odd, the numbers mean something else.
MOST_ODD = 0.01

Boxes = NDArray[np.float32]


def read_levir(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare Levir, with texts beside the images or in a folder `labels` beside a folder `images`."""
    images, texts = _folders(source)
    pairs = [(image, texts / f"{image.stem}.txt") for image in pictures(images)]
    if not pairs:
        raise DataError(f"{images} holds no image: is the download complete?")
    sizes = [size_of(image) for image, _ in pairs]
    read = [read_boxes(text, *size) for (_, text), size in zip(pairs, sizes, strict=True)]
    boxes = [truth for truth, _ in read]
    odd = [said for _, lines in read for said in lines]
    if len(odd) > MOST_ODD * max(1, sum(map(len, boxes))):
        raise DataError(f"{odd[0]}; in all {len(odd)} of {sum(map(len, boxes))} boxes: are they all `x1 y1 x2 y2`?")
    total = sum(len(windows(*size, slices)) for size in sizes)
    writer = SliceWriter(out, total, slices.size, list(CLASSES), BOXES)
    done = dropped = 0
    for (path, _), truth in zip(pairs, boxes, strict=True):
        for window, part in cut(read_rgb(path), slices, 0):
            inside, lost = boxes_in(truth, window)
            writer.add(part, inside, path.stem, window.x, window.y, originals=[path.name])
            dropped += lost
            done += 1
            progress(done, total)
    empty = sum(not len(each) for each in boxes)
    about = {"overlap": slices.overlap, "palette": distinct_colours(len(CLASSES))}
    found = {"images without objects": empty, "objects": sum(map(len, boxes)), "pieces of objects left out": dropped}
    found |= {"odd boxes that were put right or left out": len(odd)} if odd else {}
    writer.finish(about | {"found": found, "odd boxes": odd})


def read_boxes(path: Path, height: int, width: int) -> tuple[Boxes, list[str]]:
    """Read a text file as M x 5: left, top, right, bottom in pixels, class from 0.

    A box whose corners are given in another order is turned round, one that reaches over the edge is cut there, one
    without a size is left out.

    Returns:
        The boxes, and a line on each that was odd.

    Raises:
        DataError: the file is absent, or a line is no box that shows in the image; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(f"{path} is missing: an image without objects has an empty file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable text file{because(error, 'download it again')}") from None
    odd: list[str] = []
    read = [
        _box(line, f"{path}, line {number}", height, width, odd) for number, line in enumerate(lines, 1) if line.strip()
    ]
    return np.array([box for box in read if box], dtype=np.float32).reshape(-1, 5), odd


def boxes_in(boxes: Boxes, window: Window) -> tuple[Boxes, int]:
    """Boxes in a window's own pixels, clipped to it, and how many pieces were too small a share to stay.

    Args:
        boxes: M x 5 in the image's pixels.
        window: the window.
    """
    low, high = np.array([window.x, window.y]), np.array([window.x, window.y]) + window.size
    corners = np.concatenate([np.clip(boxes[:, :2], low, high), np.clip(boxes[:, 2:4], low, high)], axis=1)
    visible = _area(corners) / _area(boxes)
    kept = visible >= VISIBLE
    corners -= np.array([window.x, window.y] * 2, dtype=np.float32)
    inside = np.concatenate([corners, boxes[:, 4:]], axis=1)[kept]
    return inside.astype(np.float32), int(((visible > 0) & ~kept).sum())


def _area(boxes: Boxes) -> Boxes:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), dtype=np.float32)


def _box(line: str, where: str, height: int, width: int, odd: list[str]) -> list[float] | None:
    words = line.split()
    try:
        number, x1, y1, x2, y2 = int(words[0]), *map(float, words[1:])
    except (ValueError, TypeError):
        raise DataError(f"{where}: {line.strip()!r} is not `class x1 y1 x2 y2`") from None
    if not np.isfinite([x1, y1, x2, y2]).all():
        raise DataError(f"{where}: {line.strip()!r} has a corner that is no number")
    if not 1 <= number <= len(CLASSES):
        raise DataError(f"{where}: class {number} is none of 1 airplane, 2 ship, 3 oil-tank")
    if x1 == x2 or y1 == y2:
        odd.append(f"{where}: the box {line.strip()!r} has no size")
        return None
    (left, right), (top, bottom) = sorted([x1, x2]), sorted([y1, y2])
    inside = [max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)]
    shown = max(inside[2] - inside[0], 0) * max(inside[3] - inside[1], 0)
    if shown < VISIBLE * (right - left) * (bottom - top):
        raise DataError(f"{where}: the box {line.strip()!r} leaves its image of {width} x {height}")
    if inside != [left, top, right, bottom]:
        odd.append(f"{where}: the box {line.strip()!r} leaves its image of {width} x {height}")
    elif inside != [x1, y1, x2, y2]:
        odd.append(f"{where}: the box {line.strip()!r} has its corners the wrong way round")
    return [*inside, number - 1]


def _folders(source: Path) -> tuple[Path, Path]:
    """Folders of the images and of the texts."""

    def fits(folder: Path) -> bool:
        if child(folder, "images") and child(folder, "labels"):
            return True
        texts = {file.stem for file in folder.glob("*.txt")}
        return bool(texts) and any(image.stem in texts for image in pictures(folder))

    folder = find_folder(source, "images with a text file each, or folders images and labels", fits)
    images, texts = child(folder, "images"), child(folder, "labels")
    return (images, texts) if images and texts else (folder, folder)
