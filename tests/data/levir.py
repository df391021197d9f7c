"""A tiny copy of Levir (detection) in its public layout: 800 x 600 JPEGs with a text file each, one of them empty."""

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (800, 600)  # width, height


def write_levir(folder: Path, count: int = 4, size: tuple[int, int] = SIZE) -> Path:
    """`NNNNN.jpg` and `NNNNN.txt`; the last image has no objects."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = size
    for index in range(count):
        draw = np.random.default_rng(index)
        image = draw.normal(90, 8, (height, width, 3))
        lines = []
        for _ in range(0 if index == count - 1 else 5):
            number, side = int(draw.integers(1, 4)), int(draw.integers(20, 60))
            left, top = int(draw.integers(0, width - side)), int(draw.integers(0, height - side))
            image[top : top + side, left : left + side] = 60 * number + 50
            lines.append(f"{number} {left} {top} {left + side} {top + side}\n")
        Image.fromarray(np.clip(image, 0, 255).astype(np.uint8)).save(folder / f"{index + 1:05d}.jpg", quality=95)
        (folder / f"{index + 1:05d}.txt").write_text("".join(lines))
    return folder
