"""One image, or its mask, as an array."""

import io
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.core.errors import CorpusError, DataError
from bench.core.pictures import to_rgb, upright

FORMATS = ("JPEG", "PNG", "TIFF")

MAX_PIXELS = 2**26
"""Of one image; Pillow takes more than 2^26.4 for a bomb. A larger one is a scene."""

Larger = Literal["cut", "resize"]


def read_picture(data: bytes, path: Path) -> NDArray[np.uint8]:
    """Red, green and blue of 8 bits, `H x W x 3`; grey is repeated.

    Args:
        data: of a JPEG, PNG or TIFF file.
        path: names it in messages.

    Raises:
        CorpusError: it is none of them, torn, too large, or holds other bands or more than 8 bits.
    """
    try:
        with _opened(data, path) as picture:
            return np.asarray(to_rgb(picture, path))
    except DataError as error:
        raise CorpusError(f"{error}: convert it, or leave it out") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CorpusError(f"{path} is torn ({' '.join(str(error).split())}): fetch it again, or leave it out") from None


def read_mask(data: bytes, path: Path) -> NDArray[np.int32]:
    """The codes of a mask, `H x W`: the values of its one band, or the places in its palette.

    Raises:
        CorpusError: it is no picture of one band, torn or too large.
    """
    try:
        with _opened(data, path) as picture:
            if picture.mode not in {"1", "L", "P", "I", "I;16"}:
                raise CorpusError(f"mask {path} has the mode {picture.mode}, expected one band with a product's codes")
            return np.asarray(upright(picture, path)).astype(np.int32)
    except DataError as error:
        raise CorpusError(str(error)) from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise CorpusError(f"mask {path} is torn ({' '.join(str(error).split())}): fetch it again") from None


def _opened(data: bytes, path: Path) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        raise CorpusError(f"{path} is no {', '.join(FORMATS)} of whole bytes: replace it, or leave it out") from None
    if picture.width * picture.height > MAX_PIXELS:
        raise CorpusError(
            f"{path} claims {picture.width} x {picture.height} pixels: build from it by --scenes, or leave it out"
        )
    return picture


def centre_square(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of the largest square in the middle of an image."""
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return slice(top, top + side), slice(left, left + side)


def resize(square: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square image at another size, each pixel a bicubic mean of those under it; `size x size x 3`."""
    return np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.BICUBIC))


def resize_map(square: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """A square map at another size: the value in the middle of each pixel."""
    return np.asarray(Image.fromarray(square).resize((size, size), Image.Resampling.NEAREST))
