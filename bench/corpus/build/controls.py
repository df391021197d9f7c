"""Land cover that is not a tile's own: what tells a gain from the map apart from one of the training (decision 017)."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.corpus.scenes.tiling import footprints_at
from bench.corpus.storage.manifest import ControlEntry, control_file
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import permute

if TYPE_CHECKING:  # scenes bring rasterio, and options are read without it
    from bench.corpus.scenes.scene import Scene

CONTROLS = ("rotated", "coarse")
"""Those that are counted from the map when a corpus is built; the others exchange the vectors of its tiles."""

COARSE = 8
"""Sides of a tile along a side of its coarse window."""


def footprints_of(control: str, origins: NDArray[np.integer[Any]], size: int, scene: "Scene") -> NDArray[np.float64]:
    """Corners of the window whose land cover a control gives to each tile; `N x 4 x 2` in the scene's coordinates.

    Args:
        control: `rotated` for the place half a turn about the scene's centre away, `coarse` for a window `COARSE` times
            as wide around the tile, which may reach beyond the scene.
        origins: first row and column of the tiles, `N x 2`.
        size: side of a tile in pixels.
        scene: where the tiles lie.
    """
    if control == "rotated":
        return footprints_at(np.array([scene.height, scene.width]) - size - origins, size, scene.transform)
    return footprints_at(origins - (COARSE - 1) / 2 * size, COARSE * size, scene.transform)


def column_hash(control: str, vectors: NDArray[np.float32]) -> str:
    """Hash of a control's column; 32 hexadecimal digits."""
    state = hashlib.sha256(f"control 1|{control}|{len(vectors)}|".encode())
    state.update(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
    return state.hexdigest()[:32]


def save_controls(folder: Path, columns: dict[str, NDArray[np.float32]]) -> dict[str, ControlEntry]:
    """Write the columns of controls into a corpus and describe them for its manifest.

    Args:
        folder: of the corpus.
        columns: `N x K` proportions by control; a row of zeros where none of the classes lies in the window.
    """
    entries = {}
    for control, vectors in columns.items():
        np.save(folder / control_file(control), vectors.astype("<f4"))
        missing = int(np.count_nonzero(~vectors.any(axis=1)))
        entries[control] = ControlEntry(hash=column_hash(control, vectors), missing=missing)
    return entries


def supervise(corpus: Corpus, land_cover: str, noise_share: float | None, seed: int) -> Corpus:
    """The corpus as a method sees it that learns from the land cover asked for.

    Args:
        corpus: with its own land cover.
        land_cover: `true`, `shuffled`, `noisy`, or one of `CONTROLS`.
        noise_share: share of the tiles whose vectors `noisy` exchanges, in [0, 1].
        seed: of the pretraining; it decides who exchanges with whom, once for all epochs.

    Raises:
        CorpusError: the corpus lacks the control, or has no two tiles.
    """
    if land_cover == "true":
        return corpus
    if land_cover in CONTROLS:
        vectors = _filled(np.array(corpus.control(land_cover)))
    else:
        share = 1.0 if land_cover == "shuffled" else noise_share or 0.0
        vectors = np.asarray(corpus.landcover)[exchange(len(corpus), share, seed)]
    return corpus.supervised_by(land_cover, vectors)


def _filled(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The tiles that have no vector of a control get the mean of those that have one: it tells nothing of a place."""
    empty = ~vectors.any(axis=1)
    if empty.any():
        vectors[empty] = vectors[~empty].mean(axis=0, dtype=np.float64)
    return vectors


def exchange(size: int, share: float, seed: int) -> NDArray[np.int64]:
    """Whose vector each tile gets when a share of the tiles pass theirs on to each other.

    The tiles that take part stand in one circle, in an order drawn from the seed, and each takes the vector of the next.
    So no tile of them keeps its own, every vector is still used once, and a larger share holds the tiles of a smaller.

    Args:
        size: number of tiles.
        share: of the tiles that take part, in [0, 1]; at least two of them unless it is 0.
        seed: names the order.

    Returns:
        Numbers of the tiles whose vectors stand for those of tiles 0, 1, ...; `N`.

    Raises:
        CorpusError: a single tile, which has none to exchange with.
    """
    count = max(2, round(share * size)) if share > 0 else 0
    if count > size:
        raise CorpusError(f"{size} tiles cannot exchange their land cover: use a corpus of two or more")
    circle = permute(np.arange(count), size, f"land cover|{seed}")
    whose = np.arange(size)
    whose[circle] = np.roll(circle, -1)
    return whose
