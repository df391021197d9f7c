"""Views a second: our batched augmentation and lightly's transform, one thread each, in turns."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from lightly.transforms.simclr_transform import SimCLRTransform
from PIL import Image

from bench.backbones.normalisation import IMAGENET
from methods.augment import recipes
from methods.augment.views import View

SIZES = (64, 224)
# Side of the tiles that views are cut from; the papers' tiles.
SOURCE = 256


def measure(rounds: int, batch: int) -> dict[str, float]:
    """Median views/s a core of SimCLR's views, ours and lightly's, and their ratio, at 64 and 224 px.

    Lightly gets decoded Pillow images, ours a batch of the same pixels: neither reads files.

    Args:
        rounds: turns that each of the two gets.
        batch: views made in one turn.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _measure(rounds, batch)
    finally:
        torch.set_num_threads(threads)


def _measure(rounds: int, batch: int) -> dict[str, float]:
    tiles = scenes(batch)
    pictures = [Image.fromarray(tile) for tile in tiles]
    images = torch.from_numpy(tiles).permute(0, 3, 1, 2)
    generator = torch.Generator().manual_seed(0)
    figures: dict[str, float] = {"tile_px": SOURCE, "batch": batch, "rounds": rounds}
    for size in SIZES:
        transform = SimCLRTransform(input_size=size).transforms[0]
        view = View(recipes.SIMCLR, size, IMAGENET.mean, IMAGENET.std)

        def lightlys(transform: Callable[..., torch.Tensor] = transform) -> None:
            torch.stack([transform(picture) for picture in pictures])

        def ours(view: View = view) -> None:
            view(images, generator)

        rates = alternate({"ours": ours, "lightly": lightlys}, rounds)
        for name, seconds in rates.items():
            figures[f"{name}_{size}"] = batch / statistics.median(seconds)
        figures[f"ratio_lightly_{size}"] = figures[f"ours_{size}"] / figures[f"lightly_{size}"]
    return figures


def scenes(count: int) -> np.ndarray:
    """Smooth coloured tiles with some grain, uint8, count x 256 x 256 x 3."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)
    smooth = [np.asarray(Image.fromarray(c).resize((SOURCE, SOURCE), Image.Resampling.BICUBIC)) for c in coarse]
    return np.clip(np.stack(smooth) + rng.normal(0, 8, (count, SOURCE, SOURCE, 3)), 0, 255).astype(np.uint8)


def alternate(contenders: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender's rounds, taken in turns so that a busy machine slows all alike; one round to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name, work in contenders.items():
            begun = time.perf_counter()
            work()
            if turn:
                seconds[name].append(time.perf_counter() - begun)
    return seconds
