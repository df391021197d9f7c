"""A small real corpus on disk, whose land cover can be told from the tiles' texture."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench import files
from bench.corpus import manifest, shards
from bench.corpus.reader import Corpus

CLASSES = ("stripes", "checks", "noise")


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


def write_corpus(folder: Path, count: int, size: int, *, landcover: bool = True) -> Corpus:
    """Write a corpus of `count` tiles of three textures; each tile's land cover is mostly its texture's class."""
    generator = np.random.default_rng(0)
    kinds = generator.choice(3, size=count, p=(0.6, 0.3, 0.1))
    tiles = np.stack([_texture(kind, size, generator) for kind in kinds])
    proportions = np.full((count, 3), 0.1, dtype="<f4")
    proportions[np.arange(count), kinds] = 0.8
    index = np.zeros(count, dtype=shards.TILE)
    index["slot"] = np.arange(count)
    for row, tile in zip(index, tiles, strict=True):
        row["sum"], row["square"], row["digest"] = shards.tile_facts(tile)
    mean, std = shards.mean_and_std(index, size)
    classes = CLASSES if landcover else ()
    folder.mkdir(parents=True)
    (folder / "tiles.bin").write_bytes(tiles.tobytes())
    np.save(folder / manifest.INDEX, index)
    if landcover:
        np.save(folder / manifest.LANDCOVER, proportions)
    content = shards.content_hash(size, classes, index["digest"], proportions if landcover else None)
    facts = {"size": size, "tiles": count, "classes": classes, "mean": mean, "std": std, "hash": content}
    made = {"overlap": 0.0, "bands": None, "stretch": "none", "rules": {}, "product": None, "epoch": None}
    rest = {"request": "", "scenes": [], "skipped": {}, "counts": {}}
    shard = {"file": "tiles.bin", "tiles": count}
    files.write_json(
        folder / manifest.MANIFEST, {"schema": manifest.SCHEMA, **facts, **made, **rest, "shards": [shard]}
    )
    return Corpus.open(folder)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tiny tensors gain nothing from threads, and lose much on a busy machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Corpus:
    """96 tiles of 32 pixels."""
    return write_corpus(tmp_path_factory.mktemp("methods") / "corpus", 96, 32)


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
