"""The demo's other downstream sets on disk, each generated when first asked for and then found again.

All lie at other places than the corpus and come from other seeds. The folder's name carries the generator's version, the
world's seed and sizes, so that a changed set never passes for the old one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.core import files
from bench.core.context import Say, quiet
from bench.core.world import of_part, world_seed
from bench.demo import change, cloud_snow, detection, natural, scene_classes, tags


def ensure_scene_classes(
    home: Path, say: Say = quiet, *, per_class: int = scene_classes.PER_CLASS, size: int = scene_classes.SIZE
) -> Path:
    """Scene classification in the layout of UCMerced.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        per_class: images of each of the 8 classes.
        size: side of an image, pixels.

    Returns:
        The folder that holds `UCMerced_LandUse/Images/<class>/<class>NNN.tif`.
    """
    part = _Part("scene-classes", scene_classes.VERSION, f"{per_class}x{size}")
    return part.ensure(home, say, lambda work, seed: scene_classes.write_scene_classes(work, seed, per_class, size))


def ensure_detection(
    home: Path, say: Say = quiet, *, count: int = detection.COUNT, size: tuple[int, int] = detection.SIZE
) -> Path:
    """Object detection in the layout of Levir.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        count: number of images.
        size: width and height of an image, pixels.

    Returns:
        The folder of `NNNNN.jpg` and `NNNNN.txt`.
    """
    part = _Part("detection", detection.VERSION, f"{count}x{size[0]}x{size[1]}")
    return part.ensure(home, say, lambda work, seed: detection.write_detection(work, seed, count, size))


def ensure_cloud_snow(
    home: Path, say: Say = quiet, *, count: int = cloud_snow.COUNT, size: int = cloud_snow.SIZE
) -> Path:
    """Cloud and snow segmentation in the manner of Levir-CS.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        count: number of scenes.
        size: side of a scene, pixels.

    Returns:
        The folder that holds `images/<name>.tif` (red, green, blue, near infrared) and `masks/<name>.png` (0
        background, 1 cloud, 2 snow).
    """
    part = _Part("cloud-snow", cloud_snow.VERSION, f"{count}x{size}")
    return part.ensure(home, say, lambda work, seed: cloud_snow.write_cloud_snow(work, seed, count, size))


def ensure_change(
    home: Path, say: Say = quiet, *, splits: dict[str, int] | None = None, size: int = change.SIZE
) -> Path:
    """Change detection in the layout of LEVIR-CD.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        splits: number of pairs in `train`, `val` and `test`; None for the demo's.
        size: side of an image, pixels.

    Returns:
        The folder that holds `train|val|test/{A,B,label}/*.png`.
    """
    splits = splits or change.SPLITS
    counts = "-".join(str(count) for count in splits.values())
    part = _Part("change", change.VERSION, f"{counts}x{size}")
    return part.ensure(home, say, lambda work, seed: change.write_change(work, seed, splits, size))


def ensure_natural(
    home: Path, say: Say = quiet, *, per_class: int = natural.PER_CLASS, size: int = natural.SIZE
) -> Path:
    """Labelled ground photographs, an image folder; they belong to no world.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        per_class: images of each of the 10 classes.
        size: side of an image, pixels.

    Returns:
        The folder that holds `<class>/*.png`.
    """
    root = home / f"demo-natural-v{natural.VERSION}-{per_class}x{size}"
    return _drawn(root, say, lambda work: natural.write_natural(work, 71, per_class, size))


def ensure_tags(home: Path, say: Say = quiet, *, count: int = tags.COUNT, size: int = tags.SIZE) -> Path:
    """Multi-label classification in the layout of UC Merced's labels.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        count: number of images.
        size: side of an image, pixels.

    Returns:
        The folder that holds `UCMerced_LandUse/Images/<class>/<class>NNN.tif` and `LandUse_Multilabeled.txt`.
    """
    part = _Part("tags", tags.VERSION, f"{count}x{size}")
    return part.ensure(home, say, lambda work, seed: tags.write_tagged(work, seed, count, size))


@dataclass(frozen=True)
class _Part:
    """One part of the world: its kind, the version of its generator, and its sizes."""

    kind: str
    version: int
    sizes: str

    def ensure(self, home: Path, say: Say, write: Callable[[Path, int], None]) -> Path:
        """The part's folder, drawn by `write(folder, seed)` when it is absent."""
        world = world_seed()
        root = home / f"demo-{self.kind}-v{self.version}-{world}-{self.sizes}"
        return _drawn(root, say, lambda work: write(work, of_part(world, self.kind)))


def _drawn(root: Path, say: Say, write: Callable[[Path], None]) -> Path:
    if not root.is_dir():
        say(f"drawing {root}")
        with files.new_folder(root) as work:
            write(work)
    return root
