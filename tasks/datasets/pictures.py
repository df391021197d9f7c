"""Reading pictures that fit into memory, and nothing else that calls itself one."""

import colorsys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.errors import DataError

FORMATS = ("JPEG", "PNG", "TIFF")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture of three 8-bit bands as H x W x 3.

    Raises:
        DataError: it is absent, broken, too large, no picture, or has other bands.
    """
    return _read(path, ("RGB",))


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a picture of one 8-bit band, or of palette positions, as H x W.

    Raises:
        DataError: it is absent, broken, too large, no picture, or has other bands.
    """
    return _read(path, ("L", "P"))


def size_of(path: Path) -> tuple[int, int]:
    """Height and width of a picture, from its header."""
    with _open(path) as picture:
        return picture.height, picture.width


def pictures(folder: Path) -> list[Path]:
    """Pictures in a folder, by name.

    Raises:
        DataError: two have the same name but for the ending.
    """
    found = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    refuse_duplicates(found)
    return found


def refuse_duplicates(paths: Iterable[Path]) -> None:
    """Refuse two files whose names differ by ending, case or folder only."""
    seen: dict[str, Path] = {}
    for path in paths:
        other = seen.setdefault(path.stem.lower(), path)
        if other is not path:
            raise DataError(f"{path} has the same name as {other}: keep one of them")


def resized(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize H x W x 3 to size x size, bilinear with antialiasing; an image that fits is returned as it is."""
    if image.shape[:2] == (size, size):
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


def distinct_colours(count: int) -> list[list[int]]:
    """Colours around the wheel, for data sets that have none of their own."""
    hues = [colorsys.hsv_to_rgb(number / count, 0.85, 0.95) for number in range(count)]
    return [[round(255 * part) for part in hue] for hue in hues]


def _read(path: Path, modes: tuple[str, ...]) -> NDArray[np.uint8]:
    with _open(path) as picture:
        if picture.mode not in modes:
            raise DataError(f"{path} is a picture of mode {picture.mode}, expected {' or '.join(modes)} (8 bits)")
        try:
            pixels = np.asarray(picture)
        except (OSError, SyntaxError, ValueError) as error:
            raise DataError(f"{path} breaks off or is broken ({error}): download it again") from None
    return np.asarray(pixels, dtype=np.uint8)


def _open(path: Path) -> Any:
    try:
        return Image.open(path, formats=FORMATS)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: is the download complete?") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path} unpacks to far more pixels than any picture of this data set has") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        reason = "it is none" if isinstance(error, UnidentifiedImageError) else str(error)
        raise DataError(f"{path} is not a readable {', '.join(FORMATS)} picture ({reason})") from None
