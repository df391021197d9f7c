"""Tiny copies of ISPRS Potsdam and Vaihingen in their public layout, with the benchmark's colours."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

COLOURS = np.array(
    [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0), (0, 0, 0)], dtype=np.uint8
)
POTSDAM = [f"top_potsdam_{row}_{column}" for row in (2, 3) for column in (10, 11)]
# The columns of the 38 published tiles, by row.
POTSDAM_COLUMNS = {2: (10, 14), 3: (10, 14), 4: (10, 15), 5: (10, 15), 6: (7, 15), 7: (7, 13)}
PUBLISHED_POTSDAM = [
    f"top_potsdam_{row}_{column}" for row, (low, high) in POTSDAM_COLUMNS.items() for column in range(low, high + 1)
]
CAR = 4
VAIHINGEN = [f"top_mosaic_09cm_area{number}" for number in (1, 2, 30)]


def write_tiff(path: Path, pixels: np.ndarray, **profile) -> None:
    """Write H x W x C as the mosaics are: plain TIFF, bands in one strip after another."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, count = pixels.shape
    profile = {
        "dtype": pixels.dtype,
        "transform": from_origin(366000, 5810000, 0.05, 0.05),
        "crs": "EPSG:32633",
    } | profile
    with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=count, **profile) as raster:
        raster.write(np.moveaxis(pixels, -1, 0))


def draw_pair(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """An image whose brightness follows its classes, and the classes 0 to 5 with a boundary of 6 between blocks."""
    draw = np.random.default_rng(seed)
    blocks = draw.integers(0, 6, (-(-height // 16), -(-width // 16)))
    classes = blocks.repeat(16, 0).repeat(16, 1)[:height, :width]
    image = np.clip(40 * classes[..., None] + draw.normal(20, 12, (height, width, 3)), 0, 255).astype(np.uint8)
    classes[::16] = 6
    return image, classes


def write_potsdam(folder: Path, size: tuple[int, int] = (80, 96)) -> Path:
    """`2_Ortho_RGB/top_potsdam_R_C_RGB.tif` and `5_Labels_all/top_potsdam_R_C_label.tif`."""
    for seed, name in enumerate(POTSDAM):
        image, classes = draw_pair(seed, *size)
        write_tiff(folder / "2_Ortho_RGB" / f"{name}_RGB.tif", image)
        (folder / "2_Ortho_RGB" / f"{name}_RGB.tfw").write_text("0.05\n0\n0\n-0.05\n366000\n5810000\n")
        write_tiff(folder / "5_Labels_all" / f"{name}_label.tif", COLOURS[classes])
    return folder


def write_published_potsdam(folder: Path, size: tuple[int, int] = (48, 64)) -> Path:
    """All 38 tiles by their names; the labels of two are off the palette, as in the published files.

    `6_7` codes cars as (252, 255, 0) but for its first row; `4_12` has noise of up to 86 grey levels on every channel, as
    lossy compression left it: no channel is within 40 of 128.
    """
    for seed, name in enumerate(PUBLISHED_POTSDAM):
        image, classes = draw_pair(seed, *size)
        label = COLOURS[classes]
        if name.endswith("_6_7"):
            cars = classes == CAR
            cars[:1] = False
            label[cars] = (252, 255, 0)
        if name.endswith("_4_12"):
            noise = np.random.default_rng(412).integers(1, 87, label.shape, dtype=np.uint8)
            label = np.where(label == 255, 255 - noise, noise).astype(np.uint8)
        write_tiff(folder / "2_Ortho_RGB" / f"{name}_RGB.tif", image)
        write_tiff(folder / "5_Labels_all" / f"{name}_label.tif", label)
    return folder


def write_vaihingen(folder: Path) -> Path:
    """`top/top_mosaic_09cm_areaN.tif` and the complete ground truth; sizes differ, nothing is georeferenced."""
    for seed, name in enumerate(VAIHINGEN):
        image, classes = draw_pair(seed, 70 + 7 * seed, 90)
        plain = {"transform": None, "crs": None}
        write_tiff(folder / "top" / f"{name}.tif", image, **plain)
        truth = folder / "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
        write_tiff(truth / f"{name}.tif", COLOURS[classes], **plain)
    return folder
