"""Where the tiles of a corpus lie, as footprints in degrees."""

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bench.corpus.scenes.crs import transformer
from bench.corpus.scenes.tiling import footprints_at
from bench.corpus.storage.reader import Corpus


def footprints_of(corpus: Corpus) -> NDArray[np.float64]:
    """Corners of every tile as longitude and latitude, `N x 4 x 2`; not numbers where an image has no place."""
    found = np.full((len(corpus), 4, 2), np.nan)
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
