"""Tiny copies of data sets in the layouts that TorchGeo's classes read."""

import csv
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image

EUROSAT = ("AnnualCrop", "River")
ONERA = "Onera Satellite Change Detection dataset - "
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B10", "B11", "B12", "B8A")


def _image(seed: int, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _raster(path: Path, bands: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": str(bands.dtype)}
    with rasterio.open(path, "w", driver="GTiff", **shape) as raster:
        raster.write(bands)


def write_eurosat_spatial(folder: Path, size: int = 64) -> Path:
    """13 bands of 16 bits, band k of value 100 k + the image's number, and the three lists of longitude."""
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for name in EUROSAT:
        for number in range(1, 5):
            bands = np.stack([np.full((size, size), 100 * (k + 1) + number, np.uint16) for k in range(13)])
            bands[:, 0, 0] = 0
            place = folder / "ds" / "images" / "remote_sensing" / "otherDatasets" / "sentinel_2" / "tif" / name
            _raster(place / f"{name}_{number}.tif", bands)
            lists["train" if number < 3 else "val" if number == 3 else "test"].append(f"{name}_{number}.jpg")
    for part, names in lists.items():
        (folder / f"eurosat-spatial-{part}.txt").write_text("\n".join(names) + "\n")
    return folder


def write_loveda(folder: Path, size: int = 32) -> Path:
    """Masks of 0 to 7; Test has none."""
    for at, part in enumerate(("Train", "Val", "Test")):
        for scene in ("Urban", "Rural"):
            stem = f"{2 * at + (scene == 'Rural')}.png"
            _save(folder / part / scene / "images_png" / stem, _image(at))
            if part != "Test":
                mask = (np.arange(size * size).reshape(size, size) % 8).astype(np.uint8)
                _save(folder / part / scene / "masks_png" / stem, mask)
    return folder


def write_resisc45(folder: Path) -> Path:
    """Two classes and the three lists."""
    lists: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for at, name in enumerate(("airplane", "wetland")):
        for number in range(1, 5):
            _save(folder / "NWPU-RESISC45" / name / f"{name}_{number:03d}.jpg", _image(10 * at + number))
            lists["train" if number < 3 else "val" if number == 3 else "test"].append(f"{name}_{number:03d}.jpg")
    for part, names in lists.items():
        (folder / f"resisc45-{part}.txt").write_text("\n".join(names) + "\n")
    return folder


def write_dlrsd_multilabel(folder: Path) -> Path:
    """`DLRSD/Images/<class>/<class>NN.tif` and `multilabels.csv` of 17 columns."""
    rows = [["image", *(f"label{k}" for k in range(17))]]
    for number in range(3):
        _save(folder / "DLRSD" / "Images" / "beach" / f"beach{number:02d}.tif", _image(number))
        rows.append([f"beach{number:02d}", *(int(k in {number, 16}) for k in range(17))])
    with (folder / "DLRSD" / "multilabels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder


def write_levircd(folder: Path) -> Path:
    """`{A,B,label}/<part>_N.png` in one folder, masks of 0 and 255."""
    for part in ("train", "val", "test"):
        mask = np.zeros((32, 32), dtype=np.uint8)
        mask[:8, :8] = 255
        for name, pixels in (("A", _image(1)), ("B", _image(2)), ("label", mask)):
            _save(folder / name / f"{part}_1.png", pixels)
    return folder


def write_oscd(folder: Path) -> Path:
    """13 bands of both dates in a file each, band k of value 100 k + the date."""
    for part, city in (("Train", "paris"), ("Test", "rio")):
        place = folder / f"{ONERA}Images" / city
        for date in (1, 2):
            for number, band in enumerate(BANDS, start=1):
                _raster(
                    place / f"imgs_{date}_rect" / f"{band}.tif", np.full((1, 32, 32), 100 * number + date, np.uint16)
                )
        (place / "dates.txt").write_text("date_1: 20150101\ndate_2: 20180101\n")
        mask = np.zeros((32, 32), dtype=np.uint8)
        mask[:4, :4] = 255
        _save(folder / f"{ONERA}{part} Labels" / city / "cm" / "cm.png", mask)
    return folder


def write_dior(folder: Path) -> Path:
    """`sample_df.csv` names images, annotations and parts; the test part has no boxes."""
    rows = [["image_path", "label_path", "split"]]
    for number, part in enumerate(("train", "train", "val", "test"), start=1):
        half = "test" if part == "test" else "trainval"
        image, label = f"Images_{half}/{number:05d}.jpg", f"Annotations_trainval/{number:05d}.xml"
        _save(folder / image, _image(number))
        rows.append([image, label, part])
        if part != "test":
            (folder / label).parent.mkdir(exist_ok=True)
            (folder / label).write_text(
                f"<annotation><filename>{number:05d}.jpg</filename><object><name>windmill</name><bndbox><xmin>2</xmin>"
                f"<ymin>3</ymin><xmax>{10 + number}</xmax><ymax>20</ymax></bndbox></object></annotation>"
            )
    with (folder / "sample_df.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder
