"""Labelled images in the layout of torchvision's `ImageFolder`: one folder a class. Nothing here imports torch."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from bench.core.errors import DataError
from bench.core.files import because, is_stray
from bench.core.pictures import refuse_deep
from bench.core.suggest import file_meant

# The endings of torchvision's ImageFolder that are 8-bit pictures.
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
# A picture of more pixels than this is taken for a mistake or an attack.
MOST_PIXELS = 100_000_000


@dataclass(frozen=True)
class LabelledImages:
    """A labelled set.

    Attributes:
        root: the folder.
        classes: names, in order.
        files: of each image, relative to `root`, by class and name.
        labels: index of each image's class.
        hash: of the files' names and sizes.
    """

    root: Path
    classes: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]
    hash: str

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int, size: int) -> NDArray[np.uint8]:
        """One image, its shorter side scaled to `size` and its middle cut out, size x size x 3.

        As torchvision's ImageFolder reads it: CMYK (ImageNet has some) is converted, alpha and EXIF are ignored.

        Raises:
            DataError: the file is broken, too large, or has more than 8 bits.
        """
        path = self.root / self.files[index]
        try:
            with Image.open(path) as picture:
                width, height = picture.size
                if width * height > MOST_PIXELS:
                    raise DataError(f"{path} has {width} x {height} pixels, more than is read: remove it")
                # A JPEG is decoded at the smallest of its built-in scales that still has enough pixels.
                picture.draft("RGB", (size, size))
                refuse_deep(picture, path)
                return _square(picture.convert("RGB"), size)
        except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:
            raise DataError(f"{path} is not a readable picture{because(error, 'replace or remove it')}") from None


def list_images(root: Path) -> LabelledImages:
    """List a labelled set; what systems and tools left there (`__MACOSX`, `.ipynb_checkpoints`, `._a.jpg`) is no part.

    Raises:
        DataError: no such folder, or fewer than two classes with pictures.
    """
    if not root.is_dir():
        near = file_meant(root)
        raise DataError(
            f"folder of labelled images {root} does not exist{near}: correct the option labelled that names it"
        )
    classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not is_stray(entry.name))
    found = [
        (file.relative_to(root).as_posix(), label, file.stat().st_size)
        for label, name in enumerate(classes)
        for file in sorted((root / name).rglob("*"))
        if file.suffix.lower() in ENDINGS and not any(map(is_stray, file.relative_to(root).parts))
    ]
    if len({label for _, label, _ in found}) < max(2, len(classes)):
        raise DataError(f"{root} needs at least two folders, each a class with pictures ({', '.join(ENDINGS)})")
    digest = hashlib.sha256("".join(f"{file}\0{size}\0" for file, _, size in found).encode()).hexdigest()[:32]
    files, labels = tuple(file for file, _, _ in found), tuple(label for _, label, _ in found)
    return LabelledImages(root, tuple(classes), files, labels, digest)


def _square(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    resized = picture.resize((width, height), Image.Resampling.BILINEAR)
    left, top = (width - size) // 2, (height - size) // 2
    return np.asarray(resized.crop((left, top, left + size, top + size)), dtype=np.uint8)
