"""A tiny copy of EuroSAT in its public layout, and lists of its images as TorchGeo's are written."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial",
    "Pasture", "PermanentCrop", "Residential", "River", "SeaLake",
)  # fmt: skip


def write_eurosat(folder: Path, per_class: int = 5, size: int = 64, root: str = "EuroSAT_RGB") -> Path:
    """`<root>/<Class>/<Class>_N.jpg`, counted from 1; the class is the hue of the image."""
    for number, name in enumerate(CLASSES):
        (folder / root / name).mkdir(parents=True)
        for index in range(1, per_class + 1):
            draw = np.random.default_rng(100 * number + index)
            colour = np.array([number * 25, 255 - number * 25, 40 * (number % 6)])
            image = np.clip(colour + draw.normal(0, 12, (size, size, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(image).save(folder / root / name / f"{name}_{index}.jpg", quality=95)
    return folder


def write_lists(folder: Path, per_class: int = 5) -> dict[str, Path]:
    """`eurosat-train.txt`, `-val.txt` and `-test.txt`: a name on each line; 3 : 1 : 1 of each class."""
    parts = {"train": range(1, per_class - 1), "val": [per_class - 1], "test": [per_class]}
    files = {}
    for part, numbers in parts.items():
        files[part] = folder / f"eurosat-{part}.txt"
        files[part].write_text("".join(f"{name}_{number}.jpg\n" for name in CLASSES for number in numbers))
    return files
