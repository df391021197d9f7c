"""The class folders that a corpus' images lie in, as labels of its tiles."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.corpus.storage.manifest import SceneEntry


@dataclass(frozen=True)
class Labels:
    """One class a tile.

    Attributes:
        classes: names of the folders, in order.
        of_tiles: place of each tile's class among them, `N`.
        hash: of both, for the corpus' own hash does not cover them.
    """

    classes: tuple[str, ...]
    of_tiles: NDArray[np.int64]
    hash: str


def labels_of(scenes: Sequence[SceneEntry], scene_of_tile: NDArray[np.integer]) -> Labels | None:
    """The labels of a corpus; None where a tile lies in no folder of images, or all lie in one.

    Args:
        scenes: of the corpus' manifest.
        scene_of_tile: number of the scene of each tile, `N`.
    """
    used = np.unique(scene_of_tile).tolist()
    classes = tuple(sorted({scenes[number].source for number in used}))
    if len(classes) < 2 or any(scenes[number].transform is not None for number in used):
        return None
    place = np.array([classes.index(scene.source) if scene.source in classes else -1 for scene in scenes])
    of_tiles = place[scene_of_tile].astype("<i8")
    state = hashlib.sha256(f"labels 1|{'|'.join(classes)}|{len(of_tiles)}|".encode())
    state.update(of_tiles.tobytes())
    return Labels(classes, of_tiles, state.hexdigest()[:32])
