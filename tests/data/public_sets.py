"""Tiny copies of RESISC45, AID, WHU-RS19, LoveDA, iSAID, DIOR and OSCD in their public layouts."""

from pathlib import Path

import numpy as np
import yaml
from PIL import Image

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "datasets"


def _facts(name: str) -> dict:
    return yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())["contents"]


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _image(seed: int, size: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def write_scenes(folder: Path, name: str, root: str, per_class: int = 2, size: int = 32) -> Path:
    """`<root>/<class>/<class>_NNN.jpg` of RESISC45, AID or WHU-RS19; AID's files are in lower case."""
    for number, each in enumerate(_facts(name)["classes"]):
        for at in range(1, per_class + 1):
            stem = f"{each}_{at:03d}" if name == "resisc45" else f"{each.lower()}_{at}"
            _save(folder / root / each / f"{stem}.jpg", _image(100 * number + at, size))
    return folder


def write_loveda(folder: Path, size: int = 64) -> Path:
    """`Train|Val/{Urban,Rural}/{images_png,masks_png}/N.png`, masks of 0 to 7; Test has no masks."""
    number = 0
    for part in ("Train", "Val", "Test"):
        for scene in ("Urban", "Rural"):
            for _ in range(2):
                _save(folder / part / scene / "images_png" / f"{number}.png", _image(number, size))
                if part != "Test":
                    mask = np.arange(size * size).reshape(size, size) % 8
                    _save(folder / part / scene / "masks_png" / f"{number}.png", mask.astype(np.uint8))
                number += 1
    return folder


def write_isaid(folder: Path, size: int = 64) -> Path:
    """`train|val/images/PNNNN.png` and `Semantic_masks/images/PNNNN_instance_color_RGB.png` in the palette's colours."""
    colours = [bytes.fromhex(each["colour"][1:]) for each in _facts("isaid")["classes"]]
    palette = np.array([list(each) for each in colours], dtype=np.uint8)
    for number, part in enumerate(("train", "train", "val")):
        mask = palette[np.arange(size * size).reshape(size, size) % len(palette)]
        _save(folder / part / "images" / f"P{number:04d}.png", _image(number, size))
        _save(folder / part / "Semantic_masks" / "images" / f"P{number:04d}_instance_color_RGB.png", mask)
    return folder


def write_dior(folder: Path, size: int = 64) -> Path:
    """`JPEGImages-trainval|test/NNNNN.jpg`, and `Annotations` with horizontal boxes beside oriented ones."""
    classes = _facts("dior")["classes"]
    for number in range(1, 7):
        part = "trainval" if number <= 4 else "test"
        _save(folder / f"JPEGImages-{part}" / f"{number:05d}.jpg", _image(number, size))
        objects = "".join(
            f"<object><name>{name}</name><bndbox><xmin>{5 * at + 1}</xmin><ymin>9</ymin><xmax>{5 * at + 4}</xmax>"
            f"<ymax>{8 + number}</ymax></bndbox></object>"
            for at, name in enumerate(classes[number::7])
        )
        for kind, text in (("Horizontal", objects), ("Oriented", "<object><name>ship</name></object>")):
            file = folder / "Annotations" / f"{kind} Bounding Boxes" / f"{number:05d}.xml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"<annotation>{text}</annotation>")
    return folder


def write_oscd(folder: Path, size: int = 40) -> Path:
    """Three folders of `Onera Satellite Change Detection dataset`; lists with commas; some masks have an opaque alpha."""
    name = "Onera Satellite Change Detection dataset - "
    cities = {"Train": ["abudhabi", "bercy", "paris"], "Test": ["dubai", "rio"]}
    for part, places in cities.items():
        for at, city in enumerate(places):
            for date in (1, 2):
                _save(folder / f"{name}Images" / city / "pair" / f"img{date}.png", _image(10 * at + date, size))
            (folder / f"{name}Images" / city / "dates.txt").write_text("date_1: 20150101\ndate_2: 20180101\n")
            mask = np.zeros((size, size), dtype=np.uint8)
            mask[:10, :10] = 255
            opaque = np.dstack([mask, mask, mask, np.full_like(mask, 255)])
            _save(folder / f"{name}{part} Labels" / city / "cm" / "cm.png", opaque if at else mask)
        (folder / f"{name}Images" / f"{part.lower()}.txt").write_text(",".join(places) + "\n")
    return folder
