"""Tiny copies of LEVIR-CD (1024 x 1024 PNG, cut down here) and CDD (256 x 256 JPEG, masks too) in their public layout."""

from pathlib import Path

import numpy as np
from PIL import Image


def draw_pair(seed: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two dates and a mask of 0 and 255: a square came."""
    draw = np.random.default_rng(seed)
    before = np.clip(draw.normal(100, 10, (size, size, 3)), 0, 255).astype(np.uint8)
    after = np.clip(before + draw.normal(10, 5, before.shape), 0, 255).astype(np.uint8)
    mask = np.zeros((size, size), dtype=np.uint8)
    top, left = draw.integers(0, size // 2, 2)
    mask[top : top + size // 4, left : left + size // 4] = 255
    after[mask == 255] = 220
    return before, after, mask


def write_levir_cd(folder: Path, counts: tuple[int, int, int] = (3, 1, 2), size: int = 1024) -> Path:
    """`train|val|test/{A,B,label}/<split>_N.png`."""
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        for index in range(1, count + 1):
            for name, image in zip(("A", "B", "label"), draw_pair(index, size), strict=True):
                (folder / part / name).mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(folder / part / name / f"{part}_{index}.png", compress_level=1)
    return folder


def write_cdd(folder: Path, counts: tuple[int, int, int] = (3, 1, 2), size: int = 256) -> Path:
    """`train|val|test/{A,B,OUT}/NNNNN.jpg`; the masks are JPEGs as well, with the blur of their edges."""
    for part, count in zip(("train", "val", "test"), counts, strict=True):
        for index in range(count):
            for name, image in zip(("A", "B", "OUT"), draw_pair(index, size), strict=True):
                (folder / part / name).mkdir(parents=True, exist_ok=True)
                Image.fromarray(image).save(folder / part / name / f"{index:05d}.jpg", quality=90)
    return folder
