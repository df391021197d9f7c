"""The demo's other downstream sets on disk, each generated when first asked for and then found again.

All lie at other places than the corpus and come from other seeds. The folder's name carries the generator's version
and sizes, so a changed set never passes for the old one.
"""

from collections.abc import Callable
from pathlib import Path

from bench.core import files
from bench.core.context import Say, quiet
from bench.demo import change, cloud_snow, detection, natural, objects, scene_classes, tags


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
        The folder that holds `UCMerced_LandUse/Images/<class>/<class>NN.tif`.
    """
    name = f"scene-classes-v{scene_classes.VERSION}-{per_class}x{size}"
    return _ensure(home, name, say, lambda work: scene_classes.write_scene_classes(work, 31, per_class, size))


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
    name = f"detection-v{detection.VERSION}-{count}x{size[0]}x{size[1]}"
    return _ensure(home, name, say, lambda work: detection.write_detection(work, 41, count, size))


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
    name = f"cloud-snow-v{cloud_snow.VERSION}-{count}x{size}"
    return _ensure(home, name, say, lambda work: cloud_snow.write_cloud_snow(work, 53, count, size))


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
    name = f"change-v{change.VERSION}-{counts}x{size}"
    return _ensure(home, name, say, lambda work: change.write_change(work, 61, splits, size))


def ensure_natural(
    home: Path, say: Say = quiet, *, per_class: int = natural.PER_CLASS, size: int = natural.SIZE
) -> Path:
    """Labelled ground photographs, an image folder.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        per_class: images of each of the 10 classes.
        size: side of an image, pixels.

    Returns:
        The folder that holds `<class>/*.png`.
    """
    name = f"natural-v{natural.VERSION}-{per_class}x{size}"
    return _ensure(home, name, say, lambda work: natural.write_natural(work, 71, per_class, size))


def ensure_objects(
    home: Path, say: Say = quiet, *, per_class: int = objects.PER_CLASS, size: int = objects.SIZE
) -> Path:
    """Pictures of one object or none, an image folder: what options of methods are judged on.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        per_class: images of each of the 4 classes.
        size: side of an image, pixels.

    Returns:
        The folder that holds `<class>/*.png`.
    """
    name = f"dev-objects-v{objects.VERSION}-{per_class}x{size}"
    return _ensure(home, name, say, lambda work: objects.write_objects(work, 97, per_class, size))


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
    name = f"tags-v{tags.VERSION}-{count}x{size}"
    return _ensure(home, name, say, lambda work: tags.write_tagged(work, 83, count, size))


def _ensure(home: Path, name: str, say: Say, write: Callable[[Path], None]) -> Path:
    root = home / f"demo-{name}"
    if not root.is_dir():
        say(f"drawing {root}")
        with files.new_folder(root) as work:
            write(work)
    return root
