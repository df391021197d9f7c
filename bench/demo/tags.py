"""Multi-label set of the demo world: UC Merced's images and its table of labels, of patchworks of land cover."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from bench.demo import scenes
from bench.demo.drawing import draw_all
from bench.demo.noise import band, generator
from bench.demo.optics import Image, draw_optics, expose
from bench.demo.planet import ARTIFICIAL, BARE, CULTIVATED, FOREST, GRASSLAND, WATER, Codes
from tasks.datasets.ucmerced_multilabel import CLASSES, TABLE

VERSION = 2
COUNT = 240
SIZE = 64
# The label that stands for each land cover; the other labels of the table do not occur.
LABEL_OF = {
    ARTIFICIAL: "buildings",
    BARE: "bare-soil",
    CULTIVATED: "field",
    FOREST: "trees",
    GRASSLAND: "grass",
    WATER: "water",
}
# A land cover is a label of an image from this share of it on; less is a sliver at the edge.
SHOWN = 0.05


def patchwork(seed: int, index: int, size: int) -> Codes:
    """The land cover of each pixel of an image: two or three covers in patches."""
    rng = generator(seed, "tags", index)
    covers = rng.choice(list(LABEL_OF), size=int(rng.integers(2, 4)), replace=False)
    highest = np.argmax([band(rng, (size, size), 20, 60) for _ in covers], axis=0)
    return np.asarray(covers[highest], dtype=np.uint8)


def labels_of(codes: Codes) -> set[str]:
    """The labels of what an image shows."""
    return {label for code, label in LABEL_OF.items() if (codes == code).mean() >= SHOWN}


def render_tagged(seed: int, index: int, size: int) -> Image:
    """One image, `size` x `size` x 3."""
    rng = generator(seed, "tags", index, "image")
    optics = draw_optics(rng, cloudy=0.0)
    return expose(scenes.paint(patchwork(seed, index, size), scenes.COVERS, optics, 1.0, rng), optics, rng)


def write_tagged(folder: Path, seed: int, count: int, size: int) -> None:
    """Write `UCMerced_LandUse/Images/patchwork/patchworkNNN.tif` and `LandUse_Multilabeled.txt` under `folder`."""
    images = folder / "UCMerced_LandUse" / "Images" / "patchwork"
    images.mkdir(parents=True)
    draw_all([partial(_write, images, seed, index, size) for index in range(count)])
    lines = ["\t".join(("IMAGE\\LABEL", *CLASSES))]
    for index in range(count):
        shown = labels_of(patchwork(seed, index, size))
        lines.append("\t".join((_name(index), *(str(int(label in shown)) for label in CLASSES))))
    (folder / TABLE).write_text("\n".join(lines) + "\n")


def _name(index: int) -> str:
    return f"patchwork{index:03d}"


def _write(folder: Path, seed: int, index: int, size: int) -> None:
    Picture.fromarray(render_tagged(seed, index, size)).save(folder / f"{_name(index)}.tif")
