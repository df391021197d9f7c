"""Views a second of three ways to augment: `python benchmarks/augmentation_libraries.py [CORES] [ROUNDS] [BATCH]`.

SimCLR's views of 256 px tiles, at 64 and 224 px: our batched tensor code, kornia's on the same batches (`pip install
kornia`; no dependency of the harness), and lightly's transform on decoded Pillow images in the workers of a DataLoader,
one a core. All three take turns in one run; the figures are medians over rounds, divided by cores.
"""

import math
import statistics
import sys
from functools import partial

import kornia.augmentation as ka
import torch
from lightly.transforms.simclr_transform import SimCLRTransform
from torch.utils.data import DataLoader

from bench.backbones.normalisation import IMAGENET
from benchmarks.augmentation import SIZES, alternate, scenes
from benchmarks.pretraining import Pictures
from methods.augment import recipes
from methods.augment.blur import REACH
from methods.augment.views import View


def kornias(size: int) -> ka.AugmentationSequential:
    """SimCLR's view; kornia shrinks without antialiasing and has one kernel length for all widths of the blur."""
    recipe = recipes.SIMCLR
    strength = recipe.jitter
    taps = 2 * math.ceil(REACH * recipe.sigma[1]) + 1
    return ka.AugmentationSequential(
        ka.RandomResizedCrop((size, size), scale=recipe.scale),
        ka.RandomHorizontalFlip(recipe.left_right),
        ka.ColorJitter(
            strength.brightness, strength.contrast, strength.saturation, strength.hue, p=recipe.jitter_chance
        ),
        ka.RandomGrayscale(p=recipe.grey),
        ka.RandomGaussianBlur((taps, taps), recipe.sigma, p=recipe.blur),
        ka.Normalize(torch.tensor(IMAGENET.mean), torch.tensor(IMAGENET.std)),
    )


def main(cores: int, rounds: int, batch: int) -> None:
    torch.set_num_threads(cores)
    tiles = scenes(batch)
    images = torch.from_numpy(tiles).permute(0, 3, 1, 2)
    generator = torch.Generator().manual_seed(0)
    print(f"{cores} cores, {rounds} rounds of {batch} views")
    for size in SIZES:
        view, kornia = View(recipes.SIMCLR, size, IMAGENET.mean, IMAGENET.std), kornias(size)
        pictures = Pictures(tiles, SimCLRTransform(input_size=size).transforms[0])
        loader = DataLoader(pictures, max(1, batch // cores), num_workers=cores, persistent_workers=True)
        contenders = {
            "ours": partial(view, images, generator),
            "kornia": lambda kornia=kornia: kornia(images.float() / 255),
            # A turn is an epoch: the workers have nothing left to do in the others' turns.
            "lightly": lambda loader=loader: list(loader),
        }
        seconds = {name: statistics.median(times) for name, times in alternate(contenders, rounds).items()}
        rates = {name: batch / each / cores for name, each in seconds.items()}
        print(f"{size} px: " + ", ".join(f"{name} {rate:.0f} views/s a core" for name, rate in rates.items()))


if __name__ == "__main__":
    main(*(int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((1, 1), (2, 9), (3, 64))))
