"""The Dubai set (Humans in the Loop) as slices: not one of the papers' sets, so no layout that the harness itself knows."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from bench.core import files
from tasks.datasets.cutting import cut
from tasks.prepared import Prepared
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter


def write(root: Path, out: Path, size: int) -> Prepared:
    """The Dubai set's images and palette masks, cut; the source is the tile, so that a split by image is by tile."""
    about = json.loads((root / "classes.json").read_text())
    colours = {tuple(colour): about["classes"].index(name) for name, colour in about["palette"].items()}
    images = sorted((root / "images").iterdir())
    masks = [next((root / "labels").glob(f"{image.stem}.*")) for image in images]
    slices = Slices(size=size)
    pieces = []
    for image, mask in zip(images, masks, strict=True):
        with Image.open(image) as picture, Image.open(mask) as label:
            rgb, colour = np.asarray(picture.convert("RGB")), np.asarray(label.convert("RGB"))
        classes = np.full(colour.shape[:2], 255, np.uint8)
        for known, number in colours.items():
            classes[(colour == known).all(axis=2)] = number
        whole = [(w, a, b) for (w, a), (_, b) in zip(cut(rgb, slices, 0), cut(classes, slices, 255), strict=True)]
        pieces += [(image.stem, *piece) for piece in whole]
    with files.new_folder(out) as work:
        writer = SliceWriter(work, len(pieces), size, about["classes"])
        for stem, window, image, label in pieces:
            writer.add(image, label, stem.split("_")[0], window.x + 10_000 * int(stem[-3:]), window.y)
        writer.finish({"overlap": 0.0, "palette": [about["palette"][name] for name in about["classes"]]})
    return Prepared.open(out)
