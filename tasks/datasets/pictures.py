"""Reading pictures that fit into memory, and nothing else that calls itself one."""

import colorsys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.core.errors import DataError
from bench.core.files import because, is_stray
from bench.core.pictures import to_rgb, upright

FORMATS = ("JPEG", "PNG", "TIFF")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture of three 8-bit bands, or one that becomes so without loss, as H x W x 3.

    Raises:
        DataError: it is absent, broken, too large, no picture, transparent, turned, or has other bands.
    """
    with _open(path) as picture:
        return _pixels(lambda: to_rgb(picture, path), path)


def read_mask(path: Path) -> NDArray[np.uint8]:
    """Read a picture of one 8-bit band, or of palette positions, as H x W.

    Raises:
        DataError: it is absent, broken, too large, no picture, turned, or has other bands.
    """
    with _open(path) as picture:
        if picture.mode not in {"L", "P"}:
            raise DataError(f"{path} is a picture of mode {picture.mode}, expected L or P (8 bits)")
        return _pixels(lambda: upright(picture, path), path)


def read_values(path: Path) -> NDArray[np.uint8]:
    """Read the values of a mask H x W: of grey or of a palette's positions; three equal bands are one, black and white 0 and 255.

    Raises:
        DataError: as of `read_rgb`, or it has colours.
    """
    with _open(path) as picture:
        if picture.mode in {"L", "P"}:
            return _pixels(lambda: upright(picture, path), path)
    return read_grey(path)


def read_grey(path: Path) -> NDArray[np.uint8]:
    """Read the brightness of a picture, however it is stored (grey, black and white, palette, equal bands), as H x W.

    Raises:
        DataError: as of `read_rgb`, or it has colours.
    """
    with _open(path) as picture:
        if picture.mode == "1":
            return _pixels(lambda: upright(picture, path).convert("L"), path)
    red, green, blue = np.moveaxis(read_rgb(path), 2, 0)
    if not ((red == green).all() and (green == blue).all()):
        raise DataError(f"{path} is a picture in colours, expected grey")
    return np.ascontiguousarray(red)


def has_colours(path: Path) -> bool:
    """Whether a picture has pixels that are not grey; one of palette positions has none."""
    with _open(path) as picture:
        if picture.mode in {"1", "L", "P"}:
            return False
    pixels = read_rgb(path)
    return bool((pixels[..., :1] != pixels[..., 1:]).any())


def size_of(path: Path) -> tuple[int, int]:
    """Height and width of a picture, from its header."""
    with _open(path) as picture:
        return picture.height, picture.width


def pictures(folder: Path) -> list[Path]:
    """Pictures in a folder, by name; what systems left there (`._a.jpg`) is none.

    Raises:
        DataError: two have the same name but for the ending.
    """
    entries = (file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and not is_stray(file.name))
    found = sorted(file for file in entries if file.is_file())
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


def _pixels(decode: Callable[[], Image.Image], path: Path) -> NDArray[np.uint8]:
    try:
        return np.asarray(decode(), dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} breaks off or is broken{because(error, 'download it again')}") from None


def _open(path: Path) -> Any:
    try:
        return Image.open(path, formats=FORMATS)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: is the download complete?") from None
    except Image.DecompressionBombError:
        raise DataError(f"{path} unpacks to far more pixels than any picture of this data set has") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        why = " (it is none)" if isinstance(error, UnidentifiedImageError) else because(error, "download it again")
        raise DataError(f"{path} is not a readable {', '.join(FORMATS)} picture{why}") from None
