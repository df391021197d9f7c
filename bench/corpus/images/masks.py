"""Masks of land cover on the grids of the images: a product's codes, pixel by pixel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.corpus.images.picture import read_mask, resize_map
from bench.corpus.images.source import ImageFile, ImageSource
from bench.corpus.landcover.mosaic import look_up
from bench.corpus.landcover.product import CLASSES, NODATA, UNKNOWN, Product


@dataclass(frozen=True)
class MaskedImage:
    """The land cover under an image, or under a window of one.

    Attributes:
        indices: `H x W` class indices of `bench.corpus.landcover.product`.
        counted: `H x W` of those that are counted, which differ from `indices` where they were resized.
    """

    indices: NDArray[np.uint8]
    counted: NDArray[np.uint8]

    def at(self, place: tuple[slice, slice]) -> "MaskedImage":
        """The land cover under a window, by its rows and columns."""
        return MaskedImage(np.ascontiguousarray(self.indices[place]), np.ascontiguousarray(self.counted[place]))

    def resized(self, size: int) -> "MaskedImage":
        """The map at another size; the proportions stay those of all its pixels."""
        return replace(self, indices=resize_map(self.indices, size))

    @property
    def proportions(self) -> NDArray[np.float32]:
        """A of Eq. 6, each pixel a cell: `K`, summing to 1; zeros where none of the classes is there."""
        counts = np.bincount(self.counted.ravel(), minlength=len(CLASSES))[: len(CLASSES)].astype(np.float64)
        return np.asarray(counts / max(counts.sum(), 1), dtype=np.float32)

    @property
    def nodata_share(self) -> float:
        """Share of the pixels that are not mapped, in [0, 1]."""
        return float(np.mean(self.counted == NODATA))


class Masks:
    """A folder or archive of masks, each called as its image but for the ending.

    Args:
        path: the folder or archive.
        product: the legend of the codes.

    Raises:
        CorpusError: it cannot be read, or holds no masks.
    """

    classes: tuple[str, ...] = CLASSES

    def __init__(self, path: Path, product: Product) -> None:
        self.product = product
        self._source = ImageSource(path, "masks")
        self._files: dict[str, ImageFile] = {}
        for mask in self._source.list_images():
            if mask.stem in self._files:
                raise CorpusError(
                    f"masks {path} hold {mask.stem} twice: keep {mask.name} or {self._files[mask.stem].name}"
                )
            self._files[mask.stem] = mask
        self._table = product.lookup(None)

    def state(self, images: Sequence[ImageFile]) -> list[Any]:
        """Names and stamps of the masks of some images.

        Raises:
            CorpusError: an image has none.
        """
        return [(mask.name, mask.stamp) for mask in map(self._file, images)]

    def _file(self, image: ImageFile) -> ImageFile:
        mask = self._files.get(image.stem)
        if mask is None:
            raise CorpusError(f"masks {self._source.path} hold none called {image.stem} for {image.path}: add it")
        return mask

    def of(self, image: ImageFile, shape: tuple[int, int]) -> MaskedImage:
        """The land cover under an image.

        Args:
            image: the image.
            shape: its height and width.

        Raises:
            CorpusError: there is none, it is torn, of another size, or holds a code that is not in the legend.
        """
        mask = self._file(image)
        path = self._source.path / mask.path
        codes = read_mask(self._source.read(mask), path)
        if codes.shape != shape:
            raise CorpusError(
                f"mask {path} has {codes.shape[1]} x {codes.shape[0]} pixels and its image {shape[1]} x {shape[0]}: "
                "masks lie on the grid of their images"
            )
        indices = look_up(codes, self._table)
        if indices.max() >= UNKNOWN:
            code = codes[indices == UNKNOWN].flat[0]
            raise CorpusError(
                f"mask {path} holds the value {code}, which is not in the legend of {self.product.name}: choose the "
                "right --product, or add the code to a file of your own"
            )
        return MaskedImage(indices, indices)
