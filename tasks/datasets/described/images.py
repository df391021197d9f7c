"""Reading the images and masks of a described data set: pictures, or TIFFs of other bands and types."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.datasets.described.contents import Files, MaskClass, as_list
from tasks.datasets.pictures import read_rgb, read_values, size_of
from tasks.datasets.rasters import open_tiff, strips

# A TIFF of other bands is read whole: 2 GiB of three bands in 32 bits.
MOST_PIXELS = 1 << 27


def image_size(path: Path, contents: Files) -> tuple[int, int]:
    """Height and width of an image, from its header."""
    if contents.bands is None:
        return size_of(path)
    with open_tiff(path) as raster:
        return raster.height, raster.width


def read_image(path: Path, contents: Files) -> NDArray[np.uint8]:
    """Read an image as red, green and blue, H x W x 3.

    Raises:
        DataError: it is no such image; the message says what to write where bands or a range would help.
    """
    if contents.bands is None:
        return read_rgb(path)
    with open_tiff(path) as raster:
        if max(contents.bands) > raster.count:
            raise DataError(f"{path} has {raster.count} bands: bands of its data set name band {max(contents.bands)}")
        if raster.height * raster.width > MOST_PIXELS:
            raise DataError(f"{path} is {raster.height} x {raster.width}: cut it into images first")
        stored = np.concatenate([strip[..., [band - 1 for band in contents.bands]] for strip in strips(raster)])
    if contents.range is None:
        if stored.dtype != np.uint8:
            raise DataError(f"{path} holds {stored.dtype}: say under range which values become 0 and 255")
        return np.ascontiguousarray(stored)
    low, high = contents.range
    scaled = (np.nan_to_num(stored.astype(np.float32), nan=low) - low) * (IGNORE / (high - low))
    return np.asarray(np.clip(np.rint(scaled), 0, IGNORE), dtype=np.uint8)


class MaskReader:
    """Reads masks into class numbers by a table of values, or of colours.

    Args:
        classes: with their values or colours.
        unlabelled: values or colours that are no class.
    """

    def __init__(self, classes: list[MaskClass], unlabelled: list[int] | list[str]) -> None:
        self._in_colours = classes[0].value is None
        self._values = np.full(IGNORE + 1, -1, dtype=np.int16)
        self._colours: dict[int, int] = {}
        for number, each in enumerate(classes):
            self._enter(as_list(each.value) + as_list(each.colour), number)
        self._enter(unlabelled, IGNORE)

    def _enter(self, codes: list[int] | list[str], number: int) -> None:
        for code in codes:
            if isinstance(code, str):
                self._colours[int(code[1:], 16)] = number
            else:
                self._values[code] = number

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Class numbers H x W, 255 where there is none.

        Raises:
            DataError: the mask has a value or a colour that the description lacks.
        """
        if not self._in_colours:
            values = read_values(path)
            numbers = self._values[values]
            if (numbers < 0).any():
                value = values[numbers < 0][0]
                raise DataError(f"{path} has the value {value}, which is no class: add it to classes or to unlabelled")
            return numbers.astype(np.uint8)
        codes = pack(read_rgb(path))
        present, where = np.unique(codes, return_inverse=True)
        unknown = [int(code) for code in present if int(code) not in self._colours]
        if unknown:
            raise DataError(
                f"{path} has the colour #{unknown[0]:06x}, which is no class: add it to classes or unlabelled"
            )
        table = np.array([self._colours[int(code)] for code in present], dtype=np.uint8)
        return table[where].reshape(codes.shape)


def pack(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Colours H x W x 3 as numbers, `0xrrggbb`."""
    wide = colours.astype(np.uint32)
    return np.asarray((wide[..., 0] << 16) | (wide[..., 1] << 8) | wide[..., 2])
