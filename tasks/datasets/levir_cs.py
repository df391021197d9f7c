"""Levir-CS (cloud and snow): scenes of several bands as GeoTIFF, and a mask of one band for each."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from bench.core.bands import Bands
from bench.core.context import Count
from bench.core.errors import DataError
from bench.corpus.scenes.georeference import Georeference
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import windows
from tasks.datasets.layout import child, find_folders
from tasks.datasets.levir_cs_options import LevirCSOptions
from tasks.datasets.pictures import pictures, read_mask, size_of
from tasks.datasets.rasters import open_tiff, read_window
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

PALETTE = {"background": (0, 0, 0), "cloud": (255, 255, 255), "snow": (0, 170, 255)}
# GF-1 WFV delivers blue, green, red, near infrared.
GF1_BANDS = [3, 2, 1]
# The published folders are mss and label_0_1_2, the names in them end with _mss and _roiMap.
IMAGES = ("images", "image", "img", "mss")
MASKS = ("masks", "mask", "labels", "label", "label_0_1_2")
ENDINGS = ("_mss", "_roiMap")


def read_levir_cs(source: Path, out: Path, slices: Slices, progress: Count, reading: LevirCSOptions) -> None:
    """Prepare `mss/<name>_mss.tiff` and `label_0_1_2/<name>_roiMap.tif`, or `images/<name>.tif` and `masks/<name>.*`.

    Folders side by side that hold both, such as `train` and `test`, are taken together.
    """
    pairs = _pairs(source)
    cuts = {_name(image): windows(*_size(image, mask), slices) for image, mask in pairs}
    total = sum(map(len, cuts.values()))
    writer = SliceWriter(out, total, slices.size, list(PALETTE), bands=Bands(reading.names, reading.type))
    done = 0
    taken: set[tuple[int, ...]] = set()
    for path, mask_path in pairs:
        mask = decode(read_mask(mask_path), reading, mask_path)
        with open_tiff(path) as scene:
            bands = list(reading.bands or _bands(scene, path))
            taken.add(tuple(bands))
            place = Georeference.of_raster(scene)
            for window in cuts[_name(path)]:
                label = np.full((slices.size, slices.size), IGNORE, dtype=np.uint8)
                part = mask[window.y : window.y + window.size, window.x : window.x + window.size]
                label[: part.shape[0], : part.shape[1]] = part
                pixels = to_type(read_window(scene, window, bands), reading, path)
                footprint = place.footprint(window.x, window.y, window.size) if place else None
                name = _name(path)
                writer.add(pixels, label, name, window.x, window.y, originals=[path.name], footprint=footprint)
                done += 1
                progress(done, total)
    about = {"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]}
    writer.finish(about | {"bands": sorted(taken)})


def decode(values: NDArray[np.uint8], reading: LevirCSOptions, path: Path) -> NDArray[np.uint8]:
    """Turn mask values H x W into classes, 0 background, 1 cloud, 2 snow, 255 not scored.

    Raises:
        DataError: a value is none of those known.
    """
    lookup = np.full(IGNORE + 1, -1, dtype=np.int16)
    for number, known in enumerate(reading.values):
        lookup[list(known)] = number
    lookup[list(reading.ignored)] = IGNORE
    unknown = np.flatnonzero((np.bincount(values.ravel(), minlength=IGNORE + 1) > 0) & (lookup < 0))
    if len(unknown):
        raise DataError(f"{path}: the mask has the value {unknown[0]}, which is none of {reading.values}")
    return np.asarray(lookup[values], dtype=np.uint8)


def to_type(pixels: NDArray[np.generic], reading: LevirCSOptions, path: Path) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Bring a scene's values to 8 bits, or keep its 16; 8-bit scenes stay as they are unless a range is given.

    Raises:
        DataError: the scene has other values than are asked for, and no range is given.
    """
    if reading.range is None:
        if pixels.dtype != reading.type:
            remedy = "give --option range=LOW:HIGH (0:1023 as its authors) or --option type=uint16"
            wanted = remedy if reading.type == "uint8" else "leave out --option type=uint16"
            raise DataError(f"{path} has bands of {pixels.dtype}, expected {reading.type}: {wanted}")
        return np.asarray(pixels, dtype=reading.type)
    low, high = reading.range
    scaled = (pixels.astype(np.float32) - low) * (IGNORE / (high - low))
    return np.asarray(np.clip(np.rint(scaled), 0, IGNORE), dtype=np.uint8)


def _bands(scene: object, path: Path) -> list[int]:
    interpretation = list(getattr(scene, "colorinterp", ()))
    wanted = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
    if all(colour in interpretation for colour in wanted):
        # GDAL calls any four bands of 8 bits red, green, blue and alpha unless told otherwise.
        if ColorInterp.alpha in interpretation:
            raise DataError(
                f"{path} has bands said to be red, green, blue and alpha, which may be GDAL's guess: say which are "
                "red, green and blue, such as --option bands=3,2,1"
            )
        return [interpretation.index(colour) + 1 for colour in wanted]
    if len(interpretation) < max(GF1_BANDS):
        raise DataError(f"{path} has {len(interpretation)} bands, expected at least {max(GF1_BANDS)}")
    return GF1_BANDS


def _pairs(source: Path) -> list[tuple[Path, Path]]:
    found = find_folders(source, lambda each: bool(child(each, *IMAGES) and child(each, *MASKS)))
    if not found:
        raise DataError(
            f"{source} has no folders mss and label_0_1_2, or images and masks: give the one that holds both"
        )
    pairs = [pair for folder in found for pair in _pairs_of(folder)]
    _by_name([scene for scene, _ in pairs])
    return pairs


def _pairs_of(folder: Path) -> list[tuple[Path, Path]]:
    images, masks = child(folder, *IMAGES), child(folder, *MASKS)
    assert images
    assert masks
    scenes = [file for file in pictures(images) if file.suffix.lower() in {".tif", ".tiff"}]
    if not scenes:
        raise DataError(f"{images} holds no TIFF: is the download complete?")
    mask_of = _by_name(pictures(masks))
    for scene in scenes:
        if _name(scene) not in mask_of:
            raise DataError(f"{scene} has no mask: {masks} holds no picture of {_name(scene)}")
    return [(scene, mask_of[_name(scene)]) for scene in scenes]


def _by_name(paths: list[Path]) -> dict[str, Path]:
    """Files by the name of their scene.

    Raises:
        DataError: two belong to one scene.
    """
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(_name(path), path)
        if other is not path:
            raise DataError(f"{path} and {other} are both of {_name(path)}: keep one of them")
    return found


def _name(path: Path) -> str:
    """Name of a scene: that of its file without the ending that tells scene and mask apart."""
    return next((path.stem.removesuffix(end) for end in ENDINGS if path.stem.endswith(end)), path.stem)


def _size(image: Path, mask: Path) -> tuple[int, int]:
    with open_tiff(image) as scene:
        height, width = scene.shape
    if size_of(mask) != (height, width):
        raise DataError(f"{mask} is {size_of(mask)}, its image {image.name} is {(height, width)}")
    return height, width
