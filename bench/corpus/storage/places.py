"""Where the tiles of a corpus lie, as footprints in degrees.

Those of scenes follow from the scene's grid; plain images have a grid each, and their footprints are kept.
"""

from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bench.corpus.scenes.crs import transformer
from bench.corpus.scenes.tiling import footprints_at
from bench.corpus.storage.manifest import PLACES
from bench.corpus.storage.reader import Corpus, map_array


def footprints_of(corpus: Corpus) -> NDArray[np.float64]:
    """Corners of every tile as longitude and latitude, `N x 4 x 2`; not numbers where an image has no place."""
    found = np.array(kept_places(corpus))
    number_of = np.asarray(corpus.index["scene"])
    order = np.argsort(number_of, kind="stable")
    starts = np.searchsorted(number_of[order], np.arange(len(corpus.manifest.scenes) + 1))
    for number, scene in enumerate(corpus.manifest.scenes):
        tiles = order[starts[number] : starts[number + 1]]
        if scene.transform is None or scene.wkt is None or not len(tiles):
            continue
        rows = corpus.index[tiles]
        corners = footprints_at(np.stack([rows["row"], rows["column"]], axis=1), corpus.size, Affine(*scene.transform))
        lon, lat = transformer(scene.wkt, "OGC:CRS84").transform(corners[..., 0], corners[..., 1])
        found[tiles] = np.stack([lon, lat], axis=-1)
    return found


def kept_places(corpus: Corpus) -> NDArray[np.float64]:
    """The footprints that are kept beside the tiles, as those of `footprints_of`; not numbers where none is.

    Raises:
        CorpusError: the file is torn.
    """
    shape = (len(corpus), 4, 2)
    if not (corpus.path / PLACES).exists():
        return np.full(shape, np.nan)
    return map_array(corpus.path / PLACES, shape, np.dtype("<f8"))


def save_places(folder: Path, footprints: NDArray[np.float64]) -> None:
    """Keep footprints, where any image has one."""
    if np.isfinite(footprints).any():
        np.save(folder / PLACES, footprints.astype("<f8"))
