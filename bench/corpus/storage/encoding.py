"""How one tile becomes bytes in a shard: as it is, or as a JPEG."""

import io
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError

Encoding = Literal["raw", "jpeg"]


def check_jpeg(jpeg: int | None, bands: Bands) -> None:
    """Refuse a JPEG quality that is none, and bands that a JPEG cannot hold.

    Raises:
        CorpusError: not in 1..100, or bands other than 8-bit red, green and blue.
    """
    if jpeg is not None and not 1 <= jpeg <= 100:
        raise CorpusError(f"--jpeg {jpeg} is not a quality: use 1 to 100, or leave it out for exact pixels")
    if jpeg is not None and bands != RGB:
        raise CorpusError(f"--jpeg {jpeg} keeps 8-bit red, green and blue only, not {bands}: leave it out")


def encode(tile: NDArray[Any], jpeg: int | None) -> bytes:
    """Bytes of a `size x size x B` tile.

    Args:
        tile: the pixels; 8-bit red, green and blue for a JPEG.
        jpeg: quality, or None for the pixels as they are.
    """
    if jpeg is None:
        return tile.tobytes()
    stream = io.BytesIO()
    # Colour at full resolution: halving it, the default, saves 40% of a stretched Landsat tile and errs 40% more.
    Image.fromarray(tile).save(stream, format="JPEG", quality=jpeg, subsampling=0)
    return stream.getvalue()


def decode(data: bytes, size: int) -> NDArray[np.uint8]:
    """Pixels of a JPEG tile, `size x size x 3`.

    Raises:
        ValueError: not a JPEG of this size.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if image.size != (size, size) or image.mode != "RGB":
                raise ValueError(f"an image of {image.size} in {image.mode}")
            return np.asarray(image)
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(str(error)) from None
