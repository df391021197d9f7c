"""A tiny copy of Levir-CS: scenes of four bands (blue, green, red, near infrared) as GeoTIFF, masks of 0, 1 and 2."""

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image
from rasterio.transform import from_origin

BAND_VALUES = (10, 20, 30, 40)


def write_levir_cs(folder: Path, count: int = 3, size: tuple[int, int] = (120, 132), dtype: str = "uint8") -> Path:
    """`images/<name>.tif` and `masks/<name>.png`; band b is 10 b everywhere outside clouds, which are bright."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    height, width = size
    for index in range(count):
        draw = np.random.default_rng(index)
        mask = draw.choice(3, (-(-height // 12), -(-width // 12)), p=(0.5, 0.3, 0.2)).repeat(12, 0).repeat(12, 1)
        mask = mask[:height, :width].astype(np.uint8)
        image = np.broadcast_to(np.array(BAND_VALUES)[:, None, None], (4, height, width)).copy()
        image = image + np.where(mask == 1, 150, np.where(mask == 2, 90, 0))
        name = f"GF1_WFV1_E{110 + index}.0_N40.0"
        with rasterio.open(
            folder / "images" / f"{name}.tif",
            "w",
            driver="GTiff",
            width=width,
            height=height,
            count=4,
            dtype=dtype,
            photometric="MINISBLACK",
            crs="EPSG:32650",
            transform=from_origin(500000, 4400000, 160, 160),
        ) as scene:
            scene.write(image.astype(dtype))
        Image.fromarray(mask).save(folder / "masks" / f"{name}.png")
    return folder
