"""Tiny copies of UCMerced (TIFF, a few images of another size) and RSSCN7 (JPEG) in their public layout."""

from pathlib import Path

import numpy as np
from PIL import Image

UCMERCED = ("agricultural", "airplane", "beach")
RSSCN7 = ("aGrass", "bField", "cIndustry", "dRiverLake", "eForest", "fResident", "gParking")


def draw_scene(seed: int, number: int, height: int, width: int) -> np.ndarray:
    """Stripes whose direction and width tell the class."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    wave = np.sin((x * np.cos(number) + y * np.sin(number)) * 2 * np.pi / (4 + number) + draw.uniform(0, 6))
    return np.clip(120 + 60 * wave[..., None] + draw.normal(0, 10, (height, width, 3)), 0, 255).astype(np.uint8)


def write_ucmerced(folder: Path, per_class: int = 4, size: int = 256) -> Path:
    """`UCMerced_LandUse/Images/<class>/<class>NN.tif`; the first image of each class is a little smaller."""
    for number, name in enumerate(UCMERCED):
        for index in range(per_class):
            short = 9 if index == 0 else 0
            image = draw_scene(100 * number + index, number, size - short, size)
            path = folder / "UCMerced_LandUse" / "Images" / name / f"{name}{index:02d}.tif"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    return folder


def write_rsscn7(folder: Path, per_class: int = 3, size: int = 400) -> Path:
    """`<letter><Class>/<letter>NNN.jpg`."""
    for number, name in enumerate(RSSCN7):
        (folder / name).mkdir(parents=True)
        for index in range(1, per_class + 1):
            image = draw_scene(100 * number + index, number, size, size)
            Image.fromarray(image).save(folder / name / f"{name[0]}{index:03d}.jpg", quality=90)
    return folder
