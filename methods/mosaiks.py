"""MOSAIKS (Rolf et al., Nature Communications 2021): random patches of the corpus, whitened, as filters.

With the same patches the features are those of torchgeo's `RCF`, which the tests compare.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.backbones.mosaiks import PATCHES, SIDE
from bench.core.context import Context
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from methods.initialisation import Initialisation
from methods.options.initial import FeatureOptions

# Added to the eigenvalues of the patches' covariance, against the noise of its small ones; torchgeo's.
RIDGE = 1e-3
# A patch of one value only stays 0; torchgeo's.
FLAT = 1e-8


class Mosaiks(Initialisation[FeatureOptions]):
    """Filters from the corpus; no label is read and nothing is trained."""

    def fit(self, context: Context) -> None:
        """Draw the patches and whiten them."""
        assert self.corpus is not None
        filters = whiten(draw_patches(self.corpus, PATCHES, derive(context.seed, "patches")))
        with torch.no_grad():
            self.backbone.get_parameter("patches").copy_(torch.from_numpy(filters))


def draw_patches(corpus: Corpus, count: int, seed: int) -> NDArray[np.float32]:
    """Patches of tiles in [0, 1], count x C x 3 x 3; each tile and place is as likely, and may come twice."""
    generator = np.random.default_rng(seed)
    tiles = generator.integers(len(corpus), size=count)
    places = generator.integers(corpus.size - SIDE + 1, size=(count, 2))
    found = [
        corpus.tiles(tile[None])[0, row : row + SIDE, column : column + SIDE]
        for tile, (row, column) in zip(tiles, places, strict=True)
    ]
    return (np.stack(found).transpose(0, 3, 1, 2) / corpus.bands.highest).astype(np.float32)


def whiten(patches: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Filters of patches, N x C x 3 x 3, by ZCA (Coates and Ng, Learning feature representations with k-means, 2012).

    A patch loses its mean, is scaled to length 1, and is whitened twice: once itself, once in place of the images that
    it will be held against. Two ZCA transforms, each the root of the inverse covariance, are the inverse itself.
    """
    rows = patches.reshape(len(patches), -1).astype(np.float64)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths < FLAT, 1, lengths)
    covariance = rows.T @ rows / len(rows) + RIDGE * np.eye(rows.shape[1])
    return np.linalg.solve(covariance, rows.T).T.reshape(patches.shape).astype(np.float32)
