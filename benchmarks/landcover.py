"""Speed of counting land cover, with the same footprints given to two other libraries.

The raster and the footprints are synthetic: patches of ten classes at 30 m, and squares on whole pixels, so that all
three must find the same counts. Everything runs in one process on one core; all files are in the page cache.
"""

from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from bench.corpus.landcover.footprints import Counts, LandCover
from bench.corpus.landcover.product import CLASSES, Product
from bench.corpus.landcover.registry import load_product

FOOTPRINT = 34
"""Pixels at 30 m under a tile of 256 pixels at 4 m."""

PIXEL, LEFT, TOP = 30.0, 500_000.0, 4_000_000.0


def measure(folder: Path, side: int, tiles: int, peer_tiles: int, slow_peer_tiles: int) -> dict[str, Any]:
    """Count the same footprints three ways.

    Args:
        folder: folder to work in.
        side: of the raster in pixels.
        tiles: footprints that this package counts.
        peer_tiles: how many of them exactextract counts.
        slow_peer_tiles: how many of them rasterstats counts.

    Returns:
        Rates, ratios and whether the counts are equal.

    Raises:
        ModuleNotFoundError: a peer is not installed.
    """
    exactextract, rasterstats = (import_module(name) for name in ("exactextract", "rasterstats"))
    product = load_product("globeland30")
    raster = make_raster(folder / "landcover.tif", side)
    squares = make_footprints(side, tiles)
    with rasterio.open(raster) as dataset:
        crs = dataset.crs.to_wkt()
    start, busy = perf_counter(), process_time()
    cover = LandCover(raster, product)
    counts = cover.count(squares, crs)
    ours, ours_busy = tiles / (perf_counter() - start), tiles / (process_time() - busy)
    shifted = _rate(cover, squares[:peer_tiles] + np.array([0.3, 0.4]) * PIXEL, crs)
    turned = _rate(cover, _turn(squares[:peer_tiles]), crs)
    features = [_feature(square) for square in squares[: max(peer_tiles, slow_peer_tiles)]]
    rates = {}
    for strategy in ("feature-sequential", "raster-sequential"):
        start = perf_counter()
        found = exactextract.exact_extract(
            str(raster), features[:peer_tiles], ["unique", "frac", "count"], strategy=strategy
        )
        rates[strategy] = peer_tiles / (perf_counter() - start)
    exact = np.array([_of_exactextract(row["properties"], product) for row in found])
    start = perf_counter()
    zonal = rasterstats.zonal_stats(features[:slow_peer_tiles], str(raster), categorical=True)
    slow = slow_peer_tiles / (perf_counter() - start)
    plain = np.array([_by_class(row, product) for row in zonal])
    best = max(rates.values())
    return {
        "tiles_per_s": round(ours, 1),
        "tiles_per_cpu_s": round(ours_busy, 1),
        "tiles_per_s_between_pixels": round(shifted, 1),
        "tiles_per_s_rotated": round(turned, 1),
        "exactextract_tiles_per_s": round(best, 1),
        "exactextract_strategy": max(rates, key=lambda name: rates[name]),
        "rasterstats_tiles_per_s": round(slow, 1),
        "ratio_exactextract": round(ours / best, 2),
        "ratio_rasterstats": round(ours / slow, 2),
        "equal_to_exactextract": _equal(exact, counts),
        "equal_to_rasterstats": _equal(plain, counts),
        "raster": f"{side} x {side}, LZW tiles of 256",
        "tiles": tiles,
    }


def make_raster(path: Path, side: int, seed: int = 0) -> Path:
    """Patches of 16 x 16 pixels in GlobeLand30's ten codes with a tenth of stray pixels, in LZW tiles of 256."""
    rng = np.random.default_rng(seed)
    codes = np.array([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], dtype=np.uint8)
    patches = rng.choice(codes, size=(-(-side // 16), -(-side // 16)))
    pixels = np.kron(patches, np.ones((16, 16), dtype=np.uint8))[:side, :side]
    stray = rng.random(pixels.shape) < 0.1
    pixels[stray] = rng.choice(codes, size=int(stray.sum()))
    place = {"crs": "EPSG:32650", "transform": Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)}
    layout = {"compress": "lzw", "tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=side, width=side, dtype="uint8", **place, **layout
    ) as dataset:
        dataset.write(pixels, 1)
    return path


def make_footprints(side: int, tiles: int, seed: int = 1) -> NDArray[np.float64]:
    """Squares of 34 x 34 whole pixels at random places; `N x 4 x 2`."""
    rng = np.random.default_rng(seed)
    column, row = rng.integers(0, side - FOOTPRINT, size=(2, tiles))
    left, top = LEFT + PIXEL * column, TOP - PIXEL * row
    right, bottom = left + PIXEL * FOOTPRINT, top - PIXEL * FOOTPRINT
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.stack([np.stack(corner, axis=1) for corner in corners], axis=1).astype(np.float64)


def _turn(squares: NDArray[np.float64], angle: float = 0.3) -> NDArray[np.float64]:
    centre = squares.mean(axis=1, keepdims=True)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.asarray((squares - centre) @ matrix.T + centre)


def _rate(cover: LandCover, squares: NDArray[np.float64], crs: str) -> float:
    start = perf_counter()
    cover.count(squares, crs)
    return len(squares) / (perf_counter() - start)


def _feature(square: NDArray[np.float64]) -> dict[str, Any]:
    ring = [*square.tolist(), square[0].tolist()]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _by_class(by_code: dict[int, float], product: Product) -> NDArray[np.float64]:
    counts = np.zeros(len(CLASSES))
    for code, count in by_code.items():
        index = product.indices[int(code)]
        if index < len(CLASSES):
            counts[index] += count
    return counts


def _of_exactextract(row: dict[str, Any], product: Product) -> NDArray[np.float64]:
    by_code = {int(code): share * row["count"] for code, share in zip(row["unique"], row["frac"], strict=True)}
    return _by_class(by_code, product)


def _equal(theirs: NDArray[np.float64], counts: Counts) -> bool:
    return bool(np.allclose(theirs, counts.classes[: len(theirs)], atol=1e-3))
