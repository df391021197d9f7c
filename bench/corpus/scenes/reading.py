"""Reading a scene strip by strip, as the values of its tiles."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError
from bench.core.rasters import open_raster
from bench.corpus.scenes import offsets
from bench.corpus.scenes.discovery import sensor_of
from bench.corpus.scenes.scene import Scene
from bench.corpus.scenes.stretch import Levels, Stretch, sample_windows


class SceneReader:
    """Reads a scene from top to bottom in strips, as values of its tiles with a mask of real pixels.

    Args:
        scene: the scene.
        stretch: how its values become those of a tile.
        nodata: value of the pixels outside the image, where the file declares none.
        kept: bands of the tiles.

    Raises:
        CorpusError: a file cannot be read.
    """

    def __init__(self, scene: Scene, stretch: Stretch, nodata: float | None = None, kept: Bands = RGB) -> None:
        self.scene = scene
        self._stretch = stretch
        self._kept = kept
        self._files = ExitStack()
        self._datasets = [
            self._files.enter_context(open_raster(path, CorpusError, georeferenced=True)) for path in scene.files
        ]
        first = self._datasets[0]
        self._nodata = next((v for v in (first.nodata, nodata, scene.nodata) if v is not None), None)
        self._masked = MaskFlags.per_dataset in first.mask_flag_enums[scene.bands[0] - 1]
        self.levels: Levels | None = None
        if stretch.kind == "range":
            self.levels = stretch.levels(None, len(kept)).before(scene.offsets.values)
        elif stretch.kind == "percentile":
            self.levels = stretch.levels(self._sample(), len(kept))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def check_offset(self) -> tuple[str, ...]:
        """Hold the scene's offset against its pixels, where a fixed range depends on it.

        Returns:
            Warnings, each one line.

        Raises:
            CorpusError: the pixels contradict the offset, or cannot be read.
        """
        said = self.scene.offsets
        in_doubt = self.scene.dtype in {"uint16", "int16"} and sensor_of(self.scene.name) in {None, "Sentinel-2"}
        if self._stretch.kind != "range" or not (any(said.values) or said.overruled or in_doubt):
            return ()
        return offsets.check(self.scene.path, self.scene.name, said, self._sample())

    def _sample(self) -> NDArray[np.generic]:
        """Real values on a fixed lattice of blocks across the scene; `B x N`."""
        parts = []
        for window in sample_windows(self.scene.height, self.scene.width):
            values, valid = self._raw(window)
            parts.append(values[:, valid])
        return np.concatenate(parts, axis=1)

    def _raw(self, window: Window) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Values `B x H x W` and which pixels are real `H x W`."""
        try:
            if len(self._datasets) == 1:
                values = self._datasets[0].read(list(self.scene.bands), window=window)
            else:
                values = np.stack([dataset.read(1, window=window) for dataset in self._datasets])
            masks = self._datasets[0].read_masks(self.scene.bands[0], window=window) if self._masked else None
        except RasterioError as error:
            reason = " ".join(str(error.__cause__ or error).split())
            raise CorpusError(
                f"{self.scene.path} cannot be read ({reason}): replace the file or leave it out"
            ) from None
        if masks is not None:
            valid = masks > 0
        elif self._nodata is None:
            valid = np.ones(values.shape[1:], dtype=bool)
        else:
            valid = (values != self._nodata).any(axis=0)
        if values.dtype.kind == "f":
            valid &= np.isfinite(values).all(axis=0)
        return values, valid

    def read(self, row: int, height: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Rows `row .. row + height` as `H x W x B` and the mask of real pixels `H x W`."""
        values, valid = self._raw(Window(0, row, self.scene.width, height))
        scaled = values if self.levels is None else self.levels.apply(values, self._kept)
        pixels = np.empty((*valid.shape, len(scaled)), dtype=self._kept.dtype)
        for band, plane in enumerate(scaled):  # twice as quick as moving the axis
            pixels[..., band] = plane
        return pixels, valid

    def strips(self, rows: tuple[int, ...], size: int) -> Iterator[tuple[NDArray[Any], NDArray[np.bool_]]]:
        """The strip of `size` rows at each of `rows`; rows that two strips share are decoded once."""
        end = 0
        pixels = np.empty((0, self.scene.width, len(self._kept)), dtype=self._kept.dtype)
        valid = np.empty((0, self.scene.width), dtype=bool)
        for row in rows:
            kept = max(0, end - row)
            new_pixels, new_valid = self.read(row + kept, size - kept)
            pixels = np.concatenate([pixels[len(pixels) - kept :], new_pixels])
            valid = np.concatenate([valid[len(valid) - kept :], new_valid])
            end = row + size
            yield pixels, valid
