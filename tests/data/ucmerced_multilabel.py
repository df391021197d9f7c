"""A tiny copy of UC Merced's images with the table of labels of Chaudhuri et al. 2018, in their public layout."""

from pathlib import Path

import numpy as np
from PIL import Image

LABELS = (
    "airplane", "bare-soil", "buildings", "cars", "chaparral", "court", "dock", "field", "grass",
    "mobile-home", "pavement", "sand", "sea", "ship", "tanks", "trees", "water",
)  # fmt: skip
# What an image of each scene class may show, and the colour in which it shows it.
SCENES = {"beach": ("sand", "sea", "trees"), "harbor": ("dock", "ship", "water"), "runway": ("grass", "pavement")}
COLOURS = {
    "sand": (220, 200, 140), "sea": (20, 60, 120), "trees": (20, 90, 30), "dock": (150, 150, 160),
    "ship": (240, 240, 240), "water": (40, 90, 140), "grass": (110, 160, 60), "pavement": (90, 90, 90),
}  # fmt: skip


def draw(scene: str, index: int, size: int) -> tuple[np.ndarray, set[str]]:
    """An image of bands in the colours of its labels, and those labels: the bits of index + 1, so that all sets occur."""
    may = SCENES[scene]
    shown = [label for bit, label in enumerate(may) if (index % (2 ** len(may) - 1) + 1) >> bit & 1]
    rows = np.array_split(np.arange(size), len(shown))
    image = np.random.default_rng(index).normal(0, 6, (size, size, 3))
    for label, part in zip(shown, rows, strict=True):
        image[part] += COLOURS[label]
    return np.clip(image, 0, 255).astype(np.uint8), set(shown)


def write_ucmerced_multilabel(folder: Path, per_scene: int = 7, size: int = 64, table: str = "multilabels") -> Path:
    """`UCMerced_LandUse/Images/<scene>/<scene>NN.tif` and `<table>/LandUse_Multilabeled.txt`."""
    lines = ["\t".join(("IMAGE\\LABEL", *LABELS))]
    for scene in SCENES:
        (folder / "UCMerced_LandUse" / "Images" / scene).mkdir(parents=True)
        for index in range(per_scene):
            image, shown = draw(scene, index, size)
            name = f"{scene}{index:02d}"
            Image.fromarray(image).save(folder / "UCMerced_LandUse" / "Images" / scene / f"{name}.tif")
            lines.append("\t".join((name, *(str(int(label in shown)) for label in LABELS))))
    (folder / table).mkdir(exist_ok=True)
    (folder / table / "LandUse_Multilabeled.txt").write_text("\r\n".join(lines) + "\r\n")
    return folder
