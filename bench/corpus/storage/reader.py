"""Reading a built corpus."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.arrays import read_array
from bench.core.bands import Bands
from bench.core.errors import CorpusError
from bench.core.files import because
from bench.corpus.storage.labels import Labels, labels_of
from bench.corpus.storage.manifest import (
    IMAGES,
    INDEX,
    LANDCOVER,
    MAPS,
    ControlEntry,
    Manifest,
    control_file,
    read_manifest,
)
from bench.corpus.storage.shards import ShardReader, tile_dtype


class Corpus:
    """A built corpus: tiles and, where it has them, their land-cover proportions.

    Opening reads the description only; tiles come from the disk when asked for. A corpus can be pickled to another
    process, and be read from several threads.

    Attributes:
        path: the folder.
        manifest: what it says about itself.
        index: one row of `bench.corpus.storage.shards.tile_dtype` for each tile, mapped from the disk.
        landcover: `N x K` proportions, rows sum to 1, mapped from the disk; `N x 0` without land cover.
        supervision: whose land cover that is: `true` for the tiles' own, or the name that `supervised_by` was given.
        shards: the files of pixels.
    """

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        supervision: str = "true",
        landcover: NDArray[np.float32] | None = None,
    ) -> None:
        self.path = path
        self.manifest = manifest
        self.index = map_array(path / INDEX, (manifest.tiles,), tile_dtype(manifest.bands))
        shape = (manifest.tiles, len(manifest.classes))
        self.supervision = supervision
        self._given = landcover
        if landcover is None and manifest.classes:
            landcover = map_array(path / LANDCOVER, shape, np.dtype("<f4"))
        self.landcover: NDArray[np.float32] = np.empty(shape, dtype=np.float32) if landcover is None else landcover
        self.shards = ShardReader(path, manifest.shards, manifest.size, manifest.bands)

    @classmethod
    def open(cls, path: Path) -> "Corpus":
        """Open a corpus.

        Raises:
            CorpusError: no corpus there, a newer schema, or files that are missing or torn.
        """
        return cls(path, read_manifest(path))

    def __reduce__(self) -> tuple[Any, ...]:
        return Corpus, (self.path, self.manifest, self.supervision, self._given)

    def __len__(self) -> int:
        return self.manifest.tiles

    @property
    def hash(self) -> str:
        """Hash of pixels, proportions, legend, tile size and bands; not of paths or times."""
        return self.manifest.hash

    @property
    def size(self) -> int:
        """Side of a tile in pixels."""
        return self.manifest.size

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the columns of `landcover`."""
        return self.manifest.classes

    @property
    def has_landcover(self) -> bool:
        """Whether tiles have proportions."""
        return bool(self.manifest.classes)

    @property
    def bands(self) -> Bands:
        """Names and type of the values of the tiles' bands."""
        return self.manifest.bands

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean of each band of all tiles, in [0, 1]."""
        return self.manifest.mean

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation of each band over all pixels, in [0, 1]."""
        return self.manifest.std

    @property
    def synthetic(self) -> bool:
        """Whether the scenes were drawn by a generator, as declared when the corpus was built."""
        return self.manifest.synthetic

    @cached_property
    def dominant(self) -> NDArray[np.int64]:
        """Class with the largest proportion of each tile (the first of equals), `N`; -1 without land cover."""
        if not self.has_landcover:
            return np.full(len(self), -1, dtype=np.int64)
        return np.asarray(np.argmax(self.landcover, axis=1), dtype=np.int64)

    @property
    def controls(self) -> dict[str, ControlEntry]:
        """The columns of land cover that is not the tiles' own, by name (`bench.corpus.build.controls`)."""
        return self.manifest.controls

    def control(self, name: str) -> NDArray[np.float32]:
        """The column of a control, mapped from the disk: `N x K`, rows sum to 1 or are zeros where it has no land cover.

        Raises:
            CorpusError: the corpus was built without it, or the file is torn.
        """
        if name not in self.controls:
            raise CorpusError(
                f"corpus {self.path} has no control {name!r}: build it with bench corpus build --controls"
            )
        return map_array(self.path / control_file(name), (len(self), len(self.classes)), np.dtype("<f4"))

    @cached_property
    def images(self) -> tuple[str, ...] | None:
        """Name of the image that each tile was cut from, empty for a tile of a scene; None where all are of scenes.

        Raises:
            CorpusError: the file is missing or torn.
        """
        if self.manifest.images is None:
            return None
        path = self.path / IMAGES
        try:
            names = tuple(path.read_text().split("\n")[:-1])
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} cannot be read{because(error, 'copy or build the corpus again')}") from None
        if len(names) != len(self):
            raise CorpusError(f"{path} does not fit its corpus.json: copy or build the corpus again")
        return names

    @cached_property
    def labels(self) -> Labels | None:
        """The class folders of the tiles' images, as labels; None where they have none."""
        return labels_of(self.manifest.scenes, self.index["scene"])

    @property
    def maps_hash(self) -> str | None:
        """Hash of the maps of land cover; None where the corpus was built without."""
        return None if self.manifest.maps is None else self.manifest.maps.hash

    @property
    def maps(self) -> NDArray[np.uint8]:
        """Land cover of every tile as a map, mapped from the disk: `N x size x size`, see `bench.corpus.storage.maps`.

        Raises:
            CorpusError: the corpus was built without them, or the file is torn.
        """
        if self.manifest.maps is None:
            raise CorpusError(f"corpus {self.path} has no maps: build it with bench corpus build --keep-map")
        return map_array(self.path / MAPS, (len(self), self.size, self.size), np.dtype(np.uint8))

    def supervised_by(self, name: str, landcover: NDArray[np.float32]) -> "Corpus":
        """The same tiles beside other proportions; whatever reads `landcover` or `dominant` reads those.

        Args:
            name: what they are; `supervision` of the result.
            landcover: `N x K`, rows sum to 1.
        """
        return Corpus(self.path, self.manifest, name, landcover)

    def tiles(self, indices: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Read tiles.

        Args:
            indices: `B` numbers in [0, N), in any order, repeats allowed.

        Returns:
            `B x size x size x C`, in the order and of the type of `bands`.

        Raises:
            IndexError: a number outside the corpus.
            CorpusError: the file was cut short.
        """
        return self.shards.read(self.index[np.asarray(indices)])


def map_array(path: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Map an array from the disk after checking that it is the one expected."""
    array = read_array(path, CorpusError, "copy or build the corpus again", mapped=bool(shape[0]))
    if array.shape != shape or array.dtype != dtype:
        raise CorpusError(f"{path} does not fit its corpus.json: copy or build the corpus again")
    return array
