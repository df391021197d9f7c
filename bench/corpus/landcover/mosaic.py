"""Reading windows of a grid of land-cover sheets as class indices, seamlessly and without whole sheets in memory."""

from collections import OrderedDict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from bench.core.errors import CorpusError
from bench.core.rasters import open_raster
from bench.corpus.landcover.product import NODATA, UNKNOWN, Product
from bench.corpus.landcover.sheets import Grid, Sheet

OPEN_FILES = 32


class Mosaic:
    """Windows of grids as class indices of `bench.corpus.landcover.product`.

    Args:
        base: folder that the sheets' names are relative to.
        product: the legend.
    """

    def __init__(self, base: Path, product: Product) -> None:
        self._base = base
        self._product = product
        self._open: OrderedDict[str, tuple[DatasetReader, NDArray[np.uint8]]] = OrderedDict()

    def read(self, grid: Grid, window: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Class indices of a window (first row, end row, first column, end column); `NODATA` outside the sheets.

        Raises:
            CorpusError: a sheet cannot be read or holds a code that is not in the legend.
        """
        region = np.full((window[1] - window[0], window[3] - window[2]), NODATA, dtype=np.uint8)
        boxes = grid.boxes
        row, end_row = np.maximum(boxes[:, 0], window[0]), np.minimum(boxes[:, 1], window[1])
        column, end_column = np.maximum(boxes[:, 2], window[2]), np.minimum(boxes[:, 3], window[3])
        for index in np.flatnonzero((row < end_row) & (column < end_column)):
            placed = grid.placed[index]
            height, width = int(end_row[index] - row[index]), int(end_column[index] - column[index])
            part = Window(int(column[index]) - placed.column, int(row[index]) - placed.row, width, height)
            top, left = int(row[index] - window[0]), int(column[index] - window[2])
            target = region[top : top + height, left : left + width]
            np.copyto(target, self._read_sheet(placed.sheet, part), where=target == NODATA)
        return region

    def _read_sheet(self, sheet: Sheet, window: Window) -> NDArray[np.uint8]:
        path = self._base / sheet.name
        dataset, table = self._dataset(sheet.name)
        try:
            codes = dataset.read(1, window=window)
            masked = MaskFlags.per_dataset in dataset.mask_flag_enums[0]
            hidden = dataset.read_masks(1, window=window) == 0 if masked else None
        except RasterioError as error:
            reason = " ".join(str(error.__cause__ or error).split())
            raise CorpusError(f"land cover {path} cannot be read ({reason}): replace the file") from None
        index = look_up(codes, table)
        if hidden is not None:
            index[hidden] = NODATA
        if index.size and index.max() >= UNKNOWN:
            code = codes[index == UNKNOWN].flat[0]
            raise CorpusError(
                f"land cover {path} holds the value {code}, which is not in the legend of {self._product.name}: "
                "choose the right --product, or add the code to a file of your own"
            )
        return index

    def _dataset(self, name: str) -> tuple[DatasetReader, NDArray[np.uint8]]:
        if name in self._open:
            self._open.move_to_end(name)
            return self._open[name]
        dataset = open_raster(self._base / name, CorpusError, georeferenced=True)
        self._open[name] = (dataset, self._product.lookup(dataset.nodata))
        if len(self._open) > OPEN_FILES:
            self._open.popitem(last=False)[1][0].close()
        return self._open[name]

    def close(self) -> None:
        """Close all sheets; they are opened again when needed."""
        while self._open:
            self._open.popitem()[1][0].close()


def look_up(codes: NDArray[np.generic], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Class index of every code.

    Args:
        codes: values as stored, of any integer or float type; NaN means not mapped.
        table: `Product.lookup`.
    """
    if codes.dtype == np.uint8:
        return np.asarray(table[32768 : 32768 + 256][codes])
    wide = codes.astype(np.float64)
    with np.errstate(invalid="ignore"):
        known = (wide == np.rint(wide)) & (wide >= -32768) & (wide <= 65535)
    index = table[np.where(known, wide, 0).astype(np.int64) + 32768]
    index[~known] = UNKNOWN
    index[np.isnan(wide)] = NODATA
    return np.asarray(index)
