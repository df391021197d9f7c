"""Scenes of red, green, blue and near infrared in 16 bits over their land cover, and a data set of such images.

Values are reflectance times 10,000. The classes differ in what the near infrared says of them, and in the width of their stripes.
"""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from bench.core import files
from bench.core.bands import Bands
from tasks.labels.image_class import LABEL
from tasks.writing import SliceWriter

NAMES = ("red", "green", "blue", "nir")
# Cultivated land, forest and water of GlobeLand30, with their mean reflectance by band and the period of their stripes.
COVERS = {
    10: ((0.12, 0.11, 0.08, 0.32), 9),
    20: ((0.05, 0.07, 0.04, 0.45), 5),
    60: ((0.03, 0.05, 0.07, 0.02), 7),
}


def pixels_of(code: int, size: int, generator: np.random.Generator) -> np.ndarray:
    """Stored values of a square of one class, uint16, size x size x 4."""
    means, period = COVERS[code]
    stripes = 1 + 0.4 * np.sin(2 * np.pi * (np.arange(size) + generator.integers(size)) / period)
    reflectance = np.array(means) * generator.uniform(0.8, 1.2) * stripes[:, None]
    noisy = reflectance + generator.normal(0, 0.01, (size, size, len(NAMES)))
    return np.clip(np.rint(10_000 * noisy), 1, 10_000).astype(np.uint16)


def write_scenes(folder: Path, rows: int = 6, columns: int = 8, size: int = 32, seed: int = 0) -> Path:
    """Write `scenes/scene.tif` and `landcover/n50_30_2020lc030.tif`: squares of one class each, in UTM zone 50 north.

    Args:
        folder: where both folders go.
        rows: of squares.
        columns: of squares.
        size: side of a square in pixels of 10 m; the last fifth of its rows belongs to the next class.
        seed: of everything random.
    """
    generator = np.random.default_rng(seed)
    codes = generator.choice(list(COVERS), size=(rows, columns))
    squares = [[pixels_of(int(code), size, generator) for code in row] for row in codes]
    scene = np.concatenate([np.concatenate(row, axis=1) for row in squares])
    cover = codes.repeat(size, 0).repeat(size, 1)
    edge = np.arange(rows * size) % size >= 0.8 * size
    following = dict(zip(COVERS, np.roll(list(COVERS), -1), strict=True))
    cover[edge] = np.vectorize(following.get)(cover[edge])
    _write(folder / "scenes" / "scene.tif", scene.transpose(2, 0, 1))
    _write(folder / "landcover" / "n50_30_2020lc030.tif", cover[None].astype(np.uint8))
    return folder


def write_prepared(folder: Path, bands: Bands, per_class: int = 10, size: int = 32, seed: int = 1) -> Path:
    """Write a prepared data set of images of one class each; 8 bits hold reflectance up to a half.

    Args:
        folder: of the set.
        bands: of the images: some of `NAMES`.
        per_class: images of each class.
        size: side of an image in pixels.
        seed: of everything random.
    """
    generator = np.random.default_rng(seed)
    classes = ["cultivated land", "forest", "water"]
    chosen = [NAMES.index(name) for name in bands.names]
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, len(COVERS) * per_class, size, classes, label=LABEL, bands=bands)
        for number in range(per_class):
            for label, code in enumerate(COVERS):
                pixels = pixels_of(code, size, generator)[..., chosen]
                stored = pixels if bands.values == "uint16" else np.minimum(pixels // 20, 255)
                writer.add(stored.astype(bands.dtype), label, f"{classes[label]}-{number}")
        palette = [[255, 220, 100], [20, 120, 30], [30, 60, 200]]
        writer.finish({"dataset": "multispectral", "synthetic": True, "overlap": 0.0, "palette": palette})
    return folder


def _write(path: Path, bands: np.ndarray) -> None:
    path.parent.mkdir(parents=True)
    place = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, 10, 10)}
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", **place, **shape) as raster:
        raster.write(bands)
