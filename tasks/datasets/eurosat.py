"""EuroSAT: Sentinel-2 tiles in red, green and blue, one folder a class."""

from pathlib import Path

from bench.core.context import Count
from tasks.datasets.layout import find_folder, folders
from tasks.datasets.scene_folders import write_classes
from tasks.protocol_parts import Slices

CLASSES = (
    "AnnualCrop",
    "Forest",
    "HerbaceousVegetation",
    "Highway",
    "Industrial",
    "Pasture",
    "PermanentCrop",
    "Residential",
    "River",
    "SeaLake",
)


def read_eurosat(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `EuroSAT_RGB/<Class>/<Class>_N.jpg`, or the folder `2750` of the first archive."""
    folder = find_folder(
        source,
        f"folders of the {len(CLASSES)} classes {', '.join(CLASSES)}",
        lambda each: set(CLASSES) <= {entry.name for entry in folders(each)},
    )
    write_classes({name: folder / name for name in CLASSES}, out, slices, progress)
