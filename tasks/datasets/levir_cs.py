"""Levir-CS (cloud and snow): scenes of several bands as GeoTIFF, and a mask of one band for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from bench.core.context import Count
from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import windows
from tasks.datasets.layout import child, find_folders
from tasks.datasets.pictures import pictures, read_mask, size_of
from tasks.datasets.rasters import open_tiff, read_window
from tasks.protocols import Slices
from tasks.writing import SliceWriter

PALETTE = {"background": (0, 0, 0), "cloud": (255, 255, 255), "snow": (0, 170, 255)}
# GF-1 WFV delivers blue, green, red, near infrared.
GF1_BANDS = [3, 2, 1]
# The published folders are mss and label_0_1_2, the names in them end with _mss and _roiMap.
IMAGES = ("images", "image", "img", "mss")
MASKS = ("masks", "mask", "labels", "label", "label_0_1_2")
ENDINGS = ("_mss", "_roiMap")


@dataclass(frozen=True)
class Reading:
    """How a copy of the data set is read, where it differs from the default.

    Attributes:
        values: the mask's value of background, cloud and snow; a class that is left empty does not occur.
        ignored: mask values that are not scored.
        bands: red, green and blue band, from 1; None asks the file, and takes GF-1's order where it does not say.
        low, high: values that become 0 and 255, for scenes of more than 8 bits.
    """

    values: tuple[tuple[int, ...], ...] = ((0,), (1,), (2,))
    ignored: tuple[int, ...] = ()
    bands: list[int] | None = None
    low: float | None = None
    high: float | None = None

    @classmethod
    def parse(cls, options: Mapping[str, str]) -> "Reading":
        """Read `values=0,1,2`, `ignored=255`, `bands=3,2,1` and `range=0:1023`; `+` joins values, as in `0+64,255,`.

        Raises:
            DataError: an option is unknown or cannot be read.
        """
        read = {"values": _values, "ignored": _numbers, "bands": lambda text: list(_numbers(text)), "range": _range}
        found: dict[str, object] = {}
        for name, text in options.items():
            if name not in read:
                raise DataError(f"option {name} is unknown: levir-cs takes {', '.join(read)}")
            try:
                found[name] = read[name](text)
            except ValueError:
                raise DataError(
                    f"option {name}={text} cannot be read: write it like values=0,1,2 bands=3,2,1 range=0:1023"
                ) from None
        limits = found.pop("range", (None, None))
        low, high = limits if isinstance(limits, tuple) else (None, None)
        return cls(**found, low=low, high=high)  # type: ignore[arg-type]  # each was read by its own function


def read_levir_cs(
    source: Path, out: Path, slices: Slices, progress: Count, options: Mapping[str, str] | None = None
) -> None:
    """Prepare `mss/<name>_mss.tiff` and `label_0_1_2/<name>_roiMap.tif`, or `images/<name>.tif` and `masks/<name>.*`.

    Folders side by side that hold both, such as `train` and `test`, are taken together.
    """
    reading = Reading.parse(options or {})
    pairs = _pairs(source)
    cuts = {_name(image): windows(*_size(image, mask), slices) for image, mask in pairs}
    total = sum(map(len, cuts.values()))
    writer = SliceWriter(out, total, slices.size, list(PALETTE))
    done = 0
    taken: set[tuple[int, ...]] = set()
    for path, mask_path in pairs:
        mask = decode(read_mask(mask_path), reading, mask_path)
        with open_tiff(path) as scene:
            bands = reading.bands or _bands(scene, path)
            taken.add(tuple(bands))
            for window in cuts[_name(path)]:
                label = np.full((slices.size, slices.size), IGNORE, dtype=np.uint8)
                part = mask[window.y : window.y + window.size, window.x : window.x + window.size]
                label[: part.shape[0], : part.shape[1]] = part
                pixels = to_bytes(read_window(scene, window, bands), reading, path)
                writer.add(pixels, label, _name(path), window.x, window.y)
                done += 1
                progress(done, total)
    about = {"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]}
    writer.finish(about | {"bands": sorted(taken)})


def decode(values: NDArray[np.uint8], reading: Reading, path: Path) -> NDArray[np.uint8]:
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


def to_bytes(pixels: NDArray[np.generic], reading: Reading, path: Path) -> NDArray[np.uint8]:
    """Bring a scene's values to 8 bits; 8-bit scenes stay as they are unless a range is given.

    Raises:
        DataError: the scene has more bits and no range is given.
    """
    if reading.low is None or reading.high is None:
        if pixels.dtype != np.uint8:
            raise DataError(
                f"{path} has bands of {pixels.dtype}, expected uint8: give --option range=LOW:HIGH (0:1023 as its authors)"
            )
        return np.asarray(pixels, dtype=np.uint8)
    scaled = (pixels.astype(np.float32) - reading.low) * (IGNORE / (reading.high - reading.low))
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


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _values(text: str) -> tuple[tuple[int, ...], ...]:
    parts = tuple(tuple(int(value) for value in part.split("+") if value) for part in text.split(","))
    if len(parts) != len(PALETTE):
        raise ValueError(text)
    return parts


def _range(text: str) -> tuple[float, float]:
    low, high = (float(part) for part in text.split(":"))
    if high <= low:
        raise ValueError(text)
    return low, high
