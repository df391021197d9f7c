"""Speed of cutting, filtering, storing and reading tiles on synthetic scenes, on one core."""

import multiprocessing
import resource
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, BinaryIO

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.windows import Window

from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules, reject_pixels
from bench.corpus.scenes.discovery import find_scenes
from bench.corpus.scenes.reading import SceneReader
from bench.corpus.scenes.scene import describe
from bench.corpus.scenes.stretch import Stretch
from bench.corpus.scenes.tiling import windows_of
from bench.corpus.storage.batches import Batches
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.shards import tile_facts
from benchmarks.landcover import LEFT, PIXEL, TOP, make_raster

SIZE, OVERLAP, SCENE_PIXEL = 256, 0.2, 4.0


def measure(folder: Path, side: int, tiles: int) -> dict[str, Any]:
    """Build a corpus from one large scene and read it at random.

    Args:
        folder: folder to work in.
        side: of the scene in pixels.
        tiles: tiles that are read in the comparison with JPEG files.

    Returns:
        Rates on one core, shares of time, and the peak memory of a process that built the corpus.
    """
    make_scene(folder / "scenes" / "scene.tif", side)
    cover = max(64, int(side * SCENE_PIXEL / PIXEL) + 2)
    make_raster(folder / "n50_30_2020lc030.tif", cover)
    shares = _stages(folder)
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        seconds, busy, built, windows, peak = pool.apply(_build, (folder,))
    corpus = Corpus.open(folder / "corpus")
    ours, theirs = _read_rates(corpus, folder / "jpeg", tiles)
    return {
        "tiles_per_s": round(windows / seconds, 1),
        "tiles_per_cpu_s": round(windows / busy, 1),
        "tiles_cut": windows,
        "tiles_kept": built,
        "scene": f"{side} x {side}, 8-bit RGB, deflate tiles of 512",
        "peak_rss_mib": round(peak, 1),
        **shares,
        "read_tiles_per_s": round(ours, 1),
        "read_jpeg_dataloader_tiles_per_s": round(theirs, 1),
        "ratio_jpeg_dataloader": round(ours / theirs, 2),
    }


def make_scene(path: Path, side: int, seed: int = 0) -> None:
    """A scene of smooth ground with grain and a few clouds, written block by block."""
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True)
    step = 512
    place = {"crs": "EPSG:32650", "transform": Affine(SCENE_PIXEL, 0, LEFT, 0, -SCENE_PIXEL, TOP)}
    layout = {"compress": "deflate", "zlevel": 1, "tiled": True, "blockxsize": step, "blockysize": step}
    grain = rng.normal(0, 12, size=(step, step, 3)).astype(np.float32)
    wave = np.sin(np.arange(step, dtype=np.float32) / 40)
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=side, width=side, dtype="uint8", **place, **layout
    ) as dataset:
        for row in range(0, side, step):
            for column in range(0, side, step):
                level = rng.uniform(60, 160, size=3) + (200 if rng.random() < 0.05 else 0)
                block = np.roll(grain, rng.integers(step), axis=0) + level + 25 * wave[:, None, None]
                height, width = min(step, side - row), min(step, side - column)
                pixels = np.clip(block, 1, 255).astype(np.uint8)[:height, :width]
                dataset.write(np.moveaxis(pixels, 2, 0), window=Window(column, row, width, height))


def _build(folder: Path) -> tuple[float, float, int, int, float]:
    """Build in a process of its own, so that its peak memory is that of building."""
    start, busy = perf_counter(), process_time()
    landcover = folder / "n50_30_2020lc030.tif"
    corpus = build_corpus(folder / "scenes", landcover, "globeland30", folder / "corpus", synthetic=True)
    seconds, busy = perf_counter() - start, process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return seconds, busy, len(corpus), sum(scene.windows for scene in corpus.manifest.scenes), peak


def _stages(folder: Path) -> dict[str, float]:
    """Shares of the time for decoding, filtering, and digesting and writing, on the scene's first 20 strips."""
    scene = describe(find_scenes(folder / "scenes", None)[0], None, Stretch())
    windows = windows_of(scene.height, scene.width, SIZE, OVERLAP)
    spent = {"decode": 0.0, "filter": 0.0, "write": 0.0}
    with SceneReader(scene, Stretch()) as reader, (folder / "tiles").open("wb") as stream:
        strips = reader.strips(windows.rows[:20], SIZE)
        for _ in windows.rows[:20]:
            pixels, _valid = _timed(spent, "decode", partial(next, strips))
            for column in windows.columns:
                tile = np.ascontiguousarray(pixels[:, column : column + SIZE])
                if _timed(spent, "filter", partial(reject_pixels, Rules(), tile)) is None:
                    _timed(spent, "write", partial(_write, stream, tile))
    total = sum(spent.values())
    return {f"share_{name}": round(value / total, 3) for name, value in spent.items()}


def _write(stream: BinaryIO, tile: NDArray[np.uint8]) -> None:
    tile_facts(tile)
    stream.write(tile.data)


def _timed(spent: dict[str, float], name: str, action: Callable[[], Any]) -> Any:
    start = perf_counter()
    result = action()
    spent[name] += perf_counter() - start
    return result


def _read_rates(corpus: Corpus, jpegs: Path, tiles: int, batch: int = 64) -> tuple[float, float]:
    """Random tiles a second as pretraining reads them, and the same tiles from JPEG files through a DataLoader.

    Both work in this process, on one core.
    """
    import torch
    from PIL import Image
    from torch.utils.data import DataLoader, Dataset

    batches = Batches(corpus, min(batch, len(corpus)), seed=0)
    numbers = range(max(1, tiles // batches.batch_size))
    order = np.concatenate([batches[number].indices for number in numbers])
    jpegs.mkdir()
    for index in np.unique(order):
        Image.fromarray(corpus.tiles(np.array([index]))[0]).save(jpegs / f"{index}.jpg", quality=90)

    class Files(Dataset[NDArray[np.uint8]]):
        def __len__(self) -> int:
            return len(order)

        def __getitem__(self, place: int) -> NDArray[np.uint8]:
            with Image.open(jpegs / f"{order[place]}.jpg") as image:
                return np.array(image)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    start = perf_counter()
    for number in numbers:
        torch.from_numpy(batches[number].tiles)
    ours = len(order) / (perf_counter() - start)
    start = perf_counter()
    for _ in DataLoader(Files(), batch_size=batches.batch_size, num_workers=0):
        pass
    theirs = len(order) / (perf_counter() - start)
    torch.set_num_threads(threads)
    return ours, theirs
