"""Tiny scenes in the public layouts of Sentinel-2 (`.SAFE`, levels 1C and 2A) and of orthorectified Gaofen products."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.shutil import copy

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
COARSE = {"B01": 60, "B09": 60, "B10": 60, **dict.fromkeys(("B05", "B06", "B07", "B8A", "B11", "B12"), 20)}
PLACE = {"crs": "EPSG:32650", "origin": (499_980.0, 4_000_020.0)}  # of tile T50SMF


def write_safe(folder: Path, pixels: dict[str, np.ndarray], *, level: str, baseline: str, day: str) -> Path:
    """A Sentinel-2 product: bands, quality masks, true colour image and metadata.

    Args:
        folder: where the `.SAFE` folder goes.
        pixels: reflectance times 10,000 of some bands at 10 m, `H x W`; all other bands are noise. Negative means no data.
        level: `1C` or `2A`.
        baseline: of processing, as in the name (`0213`, `0400`); from 0400 on 1000 is added to the values.
        day: of acquisition, `YYYYMMDD`.
    """
    stamp, tile = f"{day}T030121", "T50SMF"
    safe = folder / f"S2A_MSIL{level}_{stamp}_N{baseline}_R132_{tile}_{day}T061234.SAFE"
    granule = safe / "GRANULE" / f"L{level}_{tile}_A023625_{stamp}"
    offset = 1000 if baseline >= "0400" else 0
    height, width = next(iter(pixels.values())).shape
    draw = np.random.default_rng(int(day))
    for band in BANDS:
        if level == "2A" and band == "B10":  # the cirrus band is not delivered at level 2A
            continue
        metres = COARSE.get(band, 10)
        side = (height * 10 // metres, width * 10 // metres)
        plain = pixels.get(band, draw.integers(0, 4000, side))
        stored = np.where(plain < 0, 0, plain + offset).astype(np.uint16)
        name = f"{tile}_{stamp}_{band}"
        images = granule / "IMG_DATA"
        if level == "1C":
            _write_jp2(images / f"{name}.jp2", stored, metres)
            continue
        for coarser in (10, 20, 60):
            if coarser >= metres:
                step = coarser // metres
                _write_jp2(images / f"R{coarser}m" / f"{name}_{coarser}m.jp2", stored[::step, ::step], coarser)
    colour = granule / "IMG_DATA" / ("R10m" if level == "2A" else "") / f"{tile}_{stamp}_TCI"
    picture = draw.integers(0, 256, (3, height, width)).astype(np.uint8)
    _write_jp2(colour.with_name(colour.name + ("_10m.jp2" if level == "2A" else ".jp2")), picture, 10)
    _write_jp2(granule / "QI_DATA" / "MSK_CLDPRB_20m.jp2", picture[0, ::2, ::2], 20)
    for band in ("B02", "B03", "B04"):  # masks of single bands came as JPEG 2000 with baseline 04.00
        _write_jp2(granule / "QI_DATA" / f"MSK_DETFOO_{band}.jp2", picture[0] % 12, 10)
    (safe / f"MTD_MSIL{level}.xml").write_text(_metadata(level, baseline, offset))
    (granule / "MTD_TL.xml").write_text("<n1:Level-Tile_ID xmlns:n1='https://psd-14.sentinel2.eo.esa.int'/>")
    return safe


def _metadata(level: str, baseline: str, offset: int) -> str:
    """The part of MTD_MSIL*.xml that concerns the values; the offsets stand there from baseline 04.00 on."""
    group, tag = {
        "1C": ("Radiometric_Offset_List", "RADIO_ADD_OFFSET"),
        "2A": ("BOA_ADD_OFFSET_VALUES_LIST", "BOA_ADD_OFFSET"),
    }[level]
    lines = "".join(f'<{tag} band_id="{number}">{-offset}</{tag}>' for number in range(len(BANDS)))
    offsets = f"<{group}>{lines}</{group}>" if offset else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="no"?><n1:Level-{level}_User_Product '
        f'xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-{level}.xsd"><n1:General_Info>'
        f"<Product_Info><PROCESSING_BASELINE>{baseline[:2]}.{baseline[2:]}</PROCESSING_BASELINE></Product_Info>"
        "<Product_Image_Characteristics><Special_Values><SPECIAL_VALUE_TEXT>NODATA</SPECIAL_VALUE_TEXT>"
        "<SPECIAL_VALUE_INDEX>0</SPECIAL_VALUE_INDEX></Special_Values><Special_Values><SPECIAL_VALUE_TEXT>SATURATED"
        "</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>65535</SPECIAL_VALUE_INDEX></Special_Values>"
        f"{offsets}</Product_Image_Characteristics></n1:General_Info></n1:Level-{level}_User_Product>"
    )


def _write_jp2(path: Path, pixels: np.ndarray, metres: float) -> None:
    """A lossless JPEG 2000 file; `pixels` is H x W or B x H x W. Like ESA's it declares no no-data value."""
    plain = _write_tif(path.with_suffix(".tmp"), pixels, metres)
    copy(plain, path, driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES", YCBCR420="NO")
    plain.unlink()


def _write_tif(path: Path, pixels: np.ndarray, metres: float) -> Path:
    bands = pixels.reshape(-1, *pixels.shape[-2:])
    path.parent.mkdir(parents=True, exist_ok=True)
    place = {"crs": PLACE["crs"], "transform": Affine(metres, 0, PLACE["origin"][0], 0, -metres, PLACE["origin"][1])}
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with rasterio.open(path, "w", driver="GTiff", **place, **shape) as dataset:
        dataset.write(bands)
    return path


def write_gaofen(folder: Path, pixels: np.ndarray, *, sensor: str = "GF2_PMS1", metres: float = 3.24) -> Path:
    """An orthorectified multispectral Gaofen image: blue, green, red, near infrared in 10 of 16 bits, 0 outside.

    Args:
        folder: where the product's folder goes.
        pixels: `4 x H x W`.
        sensor: satellite and camera, as names start (`GF1_WFV4`, `GF2_PMS1`, `GF6_PMS`).
        metres: side of a pixel.
    """
    name = f"{sensor}_E118.6_N37.4_20160826_L1A0001792619"
    camera = f"-MSS{sensor[-1]}" if "PMS" in sensor and sensor[-1].isdigit() else ""
    path = _write_tif(folder / name / f"{name}{camera}_ORTHO_MS.tiff", pixels.astype(np.uint16), metres)
    path.with_suffix(".xml").write_text(f"<ProductMetaData><SatelliteID>{sensor[:3]}</SatelliteID></ProductMetaData>")
    return path
