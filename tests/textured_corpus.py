"""A small real corpus on disk, whose land cover can be told from the tiles' texture."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from PIL import Image
from rasterio.transform import from_origin

from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.reader import Corpus

# Cultivated land, forest and water in GlobeLand30, for stripes, checks and noise.
CODES = (10, 20, 60)


def _texture(kind: int, size: int, generator: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:size, :size] + generator.integers(0, size, 2)[:, None, None]
    period = generator.integers(4, 9)
    if kind == 0:
        pattern = np.sin(2 * np.pi * x / period)
    elif kind == 1:
        pattern = np.sign(np.sin(2 * np.pi * x / period) * np.sin(2 * np.pi * y / period))
    else:
        pattern = generator.normal(size=(size, size))
    colour = generator.uniform(60, 190, 3)
    return np.clip(colour + 40 * pattern[..., None], 0, 255).astype(np.uint8)


def _write_raster(path: Path, bands: np.ndarray) -> None:
    """A GeoTIFF of 30 m pixels in UTM zone 50 north; bands first."""
    path.parent.mkdir(parents=True)
    place = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, 30, 30)}
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **place, **shape) as raster:
        raster.write(bands)


def write_corpus(folder: Path, rows: int, columns: int, size: int) -> Corpus:
    """A corpus of tiles of three textures; eight tenths of a tile's land cover is its texture's class."""
    generator = np.random.default_rng(0)
    kinds = generator.choice(3, size=(rows, columns), p=(0.6, 0.3, 0.1))
    tiles = [[_texture(kind, size, generator) for kind in row] for row in kinds]
    scene = np.concatenate([np.concatenate(row, axis=1) for row in tiles])
    cover = np.array(CODES, dtype=np.uint8)[kinds].repeat(size, 0).repeat(size, 1)
    # The last rows of every tile belong to the next class.
    edge = np.arange(rows * size) % size >= 0.8 * size
    cover[edge] = np.array(CODES, dtype=np.uint8)[(kinds + 1) % 3].repeat(size, 0).repeat(size, 1)[edge]
    _write_raster(folder / "scenes" / "scene.tif", scene.transpose(2, 0, 1))
    _write_raster(folder / "landcover" / "n50_30_2020lc030.tif", cover[None])
    folders = (folder / "scenes", folder / "landcover", "globeland30", folder / "corpus")
    return build_corpus(*folders, size=size, overlap=0.0, controls=True, keep_map=True)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and lose much on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Corpus:
    """96 tiles of 32 pixels."""
    made = write_corpus(tmp_path_factory.mktemp("methods"), 8, 12, 32)
    assert len(made) == 96
    return made


@pytest.fixture(scope="session")
def labelled(tmp_path_factory) -> Path:
    """Two classes of 9 and 12 pictures of different sizes and formats."""
    root = tmp_path_factory.mktemp("labelled")
    generator = np.random.default_rng(1)
    for name, count, kind in (("boat", 9, "png"), ("cat", 12, "jpg")):
        (root / name).mkdir()
        for index in range(count):
            pixels = generator.integers(0, 256, (40 + index, 50, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{index}.{kind}")
    return root
