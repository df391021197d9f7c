"""A tiny copy of Levir-CS: scenes of four bands (blue, green, red, near infrared) as GeoTIFF, masks of 0, 1 and 2."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import from_origin

BAND_VALUES = (10, 20, 30, 40)


def write_levir_cs(folder: Path, count: int = 3, size: tuple[int, int] = (120, 132), dtype: str = "uint8") -> Path:
    """`images/<name>.tif` and `masks/<name>.png`; band b is 10 b everywhere outside clouds, which are bright."""
    for name, image, mask in _draw(count, size):
        write_scene(folder / "images" / f"{name}.tif", image.astype(dtype), photometric="MINISBLACK")
        (folder / "masks").mkdir(exist_ok=True)
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder


def write_published_levir_cs(folder: Path, size: tuple[int, int] = (120, 132)) -> Path:
    """The published tree: `train|test/{mss,dem,label_0_1_2}`, scenes of 16 bits with values up to 1023."""
    for part, (name, image, mask) in zip(("train", "train", "test"), _draw(3, size), strict=True):
        write_scene(folder / part / "mss" / f"{name}_mss.tiff", 4 * image.astype("uint16"))
        write_scene(folder / part / "dem" / f"{name}_dem.tiff", np.zeros((1, *size), "int16"))
        write_scene(folder / part / "label_0_1_2" / f"{name}_roiMap.tif", mask[None])
    return folder


def write_scene(path: Path, bands: np.ndarray, **profile) -> None:
    """Write B x H x W as a GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = bands.shape
    profile |= {"crs": "EPSG:32650", "transform": from_origin(500000, 4400000, 160, 160), "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", width=width, height=height, count=count, **profile) as scene:
        scene.write(bands)


def _draw(count: int, size: tuple[int, int]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Name, bands B x H x W and mask of some scenes."""
    height, width = size
    for index in range(count):
        draw = np.random.default_rng(index)
        mask = draw.choice(3, (-(-height // 12), -(-width // 12)), p=(0.5, 0.3, 0.2)).repeat(12, 0).repeat(12, 1)
        mask = mask[:height, :width].astype(np.uint8)
        image = np.broadcast_to(np.array(BAND_VALUES)[:, None, None], (4, height, width)).copy()
        image = image + np.where(mask == 1, 150, np.where(mask == 2, 90, 0))
        yield f"GF1_WFV1_E{110 + index}.0_N40.0", image, mask
