"""Tiny data sets that no reader of the harness knows, in layouts that people use: folders of classes, masks, boxes, ..."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"water": (30, 60, 160), "field": (170, 150, 60), "town": (150, 130, 130)}


def draw(seed: int, size: int, colour: tuple[int, int, int] = (120, 120, 120)) -> np.ndarray:
    """An image H x W x 3 of smooth texture in a colour; no two seeds look alike."""
    coarse = np.random.default_rng(seed).integers(0, 110, (8, 8), dtype=np.uint8)
    texture = np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC), dtype=np.int16) - 55
    return np.clip(texture[..., None] + np.array(colour), 0, 255).astype(np.uint8)


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **({"quality": 95} if path.suffix == ".jpg" else {}))


def write_classes(folder: Path, per_class: int = 10, size: int = 32, part: str = "") -> Path:
    """`<class>/<N>.jpg`, or `<part>/<class>/<N>.jpg`; the class is the colour."""
    for number, (name, colour) in enumerate(COLOURS.items()):
        for at in range(per_class):
            save(folder / part / name / f"{at}.jpg", draw(1000 * number + at + 77 * len(part), size, colour))
    return folder


def write_masks(folder: Path, places: int = 5, crops: int = 2, size: int = 64) -> Path:
    """`images/site<P>_<ROW>_<COLUMN>.jpg` and `masks/...png` of 0, 1 and 255: ground, house, unknown."""
    for place in range(places):
        for crop in range(crops):
            pixels = draw(10 * place + crop, size)
            mask = np.zeros((size, size), dtype=np.uint8)
            draws = np.random.default_rng(10 * place + crop)
            for _ in range(4):
                top, left = draws.integers(0, size - 12, 2)
                pixels[top : top + 12, left : left + 12] = (220, 60, 50)
                mask[top : top + 12, left : left + 12] = 1
            mask[:2] = 255
            name = f"site{place}_{crop}_{0}"
            save(folder / "images" / f"{name}.jpg", pixels)
            save(folder / "masks" / f"{name}.png", mask)
    return folder


def objects(seed: int, size: int, pixels: np.ndarray) -> list[tuple[int, int, int, int, str]]:
    """Draw boats and cars into an image: left, top, right, bottom, name."""
    draws = np.random.default_rng(seed)
    found = []
    for name, colour in (("boat", (240, 240, 240)), ("car", (200, 30, 30))):
        left, top = (int(value) for value in draws.integers(1, size - 20, 2))
        pixels[top : top + 16, left : left + 16] = colour
        found.append((left, top, left + 16, top + 16, name))
    return found


def write_voc(folder: Path, count: int = 6, size: int = 64) -> Path:
    """`JPEGImages/<N>.jpg` and `Annotations/<N>.xml`, whose corners count pixels from 1."""
    (folder / "Annotations").mkdir(parents=True, exist_ok=True)
    for at in range(count):
        pixels = draw(at, size)
        found = objects(at, size, pixels)
        save(folder / "JPEGImages" / f"{at:05d}.jpg", pixels)
        text = "".join(
            f"<object><name>{name}</name><difficult>{int(at == 0 and name == 'car')}</difficult><bndbox>"
            f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>"
            for left, top, right, bottom, name in found
        )
        (folder / "Annotations" / f"{at:05d}.xml").write_text(f"<annotation><size/>{text}</annotation>")
    return folder


def write_coco(folder: Path, count: int = 6, size: int = 64) -> Path:
    """`images/<N>.png` and `annotations/instances.json`; one box is of a crowd."""
    images, boxes = [], []
    for at in range(count):
        pixels = draw(at, size)
        for left, top, right, bottom, name in objects(at, size, pixels):
            boxes.append({
                "id": len(boxes) + 1, "image_id": at + 7, "category_id": {"boat": 3, "car": 9}[name],
                "bbox": [left, top, right - left, bottom - top], "iscrowd": int(at == 0 and name == "car"),
            })  # fmt: skip
        save(folder / "images" / f"{at:05d}.png", pixels)
        images.append({"id": at + 7, "file_name": f"{at:05d}.png", "width": size, "height": size})
    categories = [{"id": 3, "name": "boat"}, {"id": 9, "name": "car"}]
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    (folder / "annotations" / "instances.json").write_text(
        json.dumps({"images": images, "annotations": boxes, "categories": categories})
    )
    return folder


def write_lines(folder: Path, count: int = 4, size: int = 64, *, shares: bool = False) -> Path:
    """`images/<N>.png` and `labels/<N>.txt`: `class x y w h` in shares, or `class left top right bottom` from class 1."""
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for at in range(count):
        pixels = draw(at, size)
        lines = []
        for left, top, right, bottom, name in objects(at, size, pixels):
            number = ["boat", "car"].index(name)
            middle = (left + right) / 2 / size, (top + bottom) / 2 / size, (right - left) / size, (bottom - top) / size
            corners = (number + 1, left, top, right, bottom)
            lines.append(" ".join(map(str, (number, *middle) if shares else corners)))
        save(folder / "images" / f"{at:05d}.png", pixels)
        (folder / "labels" / f"{at:05d}.txt").write_text("\n".join(lines) + "\n")
    return folder


def write_pairs(folder: Path, count: int = 4, size: int = 64) -> Path:
    """`train|val/{A,B,label}/<N>.png`: a square of 16 pixels came."""
    for part, first in (("train", 0), ("val", count)):
        for at in range(first, first + count):
            before, mask = draw(at, size), np.zeros((size, size), dtype=np.uint8)
            after = before.copy()
            after[8:24, 8:24], mask[8:24, 8:24] = 250, 255
            for name, pixels in (("A", before), ("B", after), ("label", mask)):
                save(folder / part / name / f"{at:04d}.png", pixels)
    return folder


def write_table(folder: Path, count: int = 6, size: int = 32) -> Path:
    """`images/<N>.jpg` and `labels.csv`: a column of 0 and 1 for each of two classes."""
    rows = ["image,trees,roads"]
    for at in range(count):
        save(folder / "images" / f"{at}.jpg", draw(at, size))
        rows.append(f"{at}.jpg,{at % 2},{int(at % 3 > 0)}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")
    return folder
