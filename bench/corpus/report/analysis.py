"""Tables I to III of the paper, and how much the supervision changes from one epoch of a product to another."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bench.corpus.landcover.footprints import LandCover
from bench.corpus.scenes.tiling import footprints_at
from bench.corpus.storage.manifest import SceneEntry
from bench.corpus.storage.reader import Corpus

Row = dict[str, Any]


def by_source(corpus: Corpus) -> list[Row]:
    """Table I: scenes, tiles and resolution of each source, and the tiles left out."""
    rows = []
    for source in dict.fromkeys(scene.source for scene in corpus.manifest.scenes):
        scenes = [scene for scene in corpus.manifest.scenes if scene.source == source]
        known = [scene.resolution for scene in scenes if scene.resolution is not None]
        rows.append(
            {
                "source": source,
                "resolution_m": round(median(known), 3) if known else "",
                "scenes": len(scenes),
                "tiles": sum(scene.tiles for scene in scenes),
                "left_out": sum(sum(scene.rejected.values()) for scene in scenes),
            }
        )
    return rows


def by_class(corpus: Corpus) -> list[Row]:
    """Table II and Fig. 3: tiles by dominant class, their ratio, and the mean proportion of the class."""
    counts = np.bincount(corpus.dominant, minlength=len(corpus.classes))
    mean = np.asarray(corpus.landcover).mean(axis=0, dtype=np.float64)
    return [
        {
            "index": index,
            "class": name,
            "tiles": int(counts[index]),
            "ratio": round(float(counts[index]) / len(corpus), 4),
            "mean_proportion": round(float(mean[index]), 4),
        }
        for index, name in enumerate(corpus.classes)
    ]


def by_reason(corpus: Corpus) -> list[Row]:
    """Tiles left out, by reason."""
    return [{"reason": reason, "tiles": count} for reason, count in corpus.manifest.counts["rejected"].items()]


def by_repeat(corpus: Corpus) -> list[Row]:
    """Tiles with equal pixels, where the corpus counts them."""
    return [{"what": what, "tiles": count} for what, count in corpus.manifest.counts.get("equal", {}).items()]


def by_band(corpus: Corpus) -> list[Row]:
    """Mean and standard deviation of the values of each band, in [0, 1]."""
    pairs = zip(corpus.bands.names, corpus.mean, corpus.std, strict=True)
    return [{"band": name, "mean": round(mean, 6), "std": round(std, 6)} for name, mean, std in pairs]


@dataclass(frozen=True)
class Change:
    """Table III and Fig. 4: land cover of the same tiles in two epochs.

    Attributes:
        before, after: names of the epochs.
        first, second: `K` mean proportions of the tiles that have land cover in both.
        tiles: how many these are.
        changed: share of them whose dominant class differs (about 5% in the paper).
    """

    before: str
    after: str
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    tiles: int
    changed: float

    @property
    def mae(self) -> NDArray[np.float64]:
        """Absolute change of each class."""
        return np.asarray(np.abs(self.second - self.first))

    @property
    def mape(self) -> NDArray[np.float64]:
        """Change of each class relative to the first epoch; NaN for a class that was not there."""
        missing = np.full_like(self.first, np.nan)
        return np.asarray(np.divide(self.mae, self.first, out=missing, where=self.first > 0))

    def rows(self, classes: tuple[str, ...]) -> list[Row]:
        """One row for each class."""
        return [
            {
                "class": name,
                self.before: round(float(self.first[index]), 4),
                self.after: round(float(self.second[index]), 4),
                "MAE": round(float(self.mae[index]), 4),
                "MAPE": "" if np.isnan(self.mape[index]) else round(float(self.mape[index]), 4),
            }
            for index, name in enumerate(classes)
        ]


def compare_epochs(corpus: Corpus, other: LandCover, before: str, after: str, *, other_is_first: bool) -> Change:
    """Count the land cover of another epoch under every tile.

    Args:
        corpus: a corpus with land cover.
        other: the same or another product of another year.
        before: name of the earlier epoch.
        after: name of the later one.
        other_is_first: whether `other` is the earlier one.

    Raises:
        CorpusError: a raster cannot be read.
    """
    theirs = np.zeros((len(corpus), len(corpus.classes)), dtype=np.float32)
    for scene, numbers, footprints in footprints_by_scene(corpus):
        theirs[numbers] = other.count(footprints, str(scene.wkt)).proportions
    both = theirs.sum(axis=1) > 0
    ours = np.asarray(corpus.landcover)[both]
    theirs = theirs[both]
    if not len(ours):
        zero = np.zeros(len(corpus.classes))
        return Change(before, after, zero, zero, 0, 0.0)
    first, second = (theirs, ours) if other_is_first else (ours, theirs)
    changed = float(np.mean(first.argmax(axis=1) != second.argmax(axis=1)))
    mean_first, mean_second = (part.mean(axis=0, dtype=np.float64) for part in (first, second))
    return Change(before, after, mean_first, mean_second, len(ours), changed)


def footprints_by_scene(corpus: Corpus) -> Iterator[tuple[SceneEntry, NDArray[np.int64], NDArray[np.float64]]]:
    """Each scene with the numbers of its tiles and their footprints in its own coordinates; no folders of images."""
    scenes = np.asarray(corpus.index["scene"])
    for number, scene in enumerate(corpus.manifest.scenes):
        numbers = np.flatnonzero(scenes == number)
        if len(numbers) and scene.transform is not None:
            yield scene, numbers, footprints_of(corpus, numbers)


def footprints_of(corpus: Corpus, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Footprints of tiles of one scene, in the scene's coordinates; `N x 4 x 2`."""
    rows = corpus.index[numbers]
    scene = corpus.manifest.scenes[int(rows["scene"][0])]
    assert scene.transform is not None
    origins = np.stack([rows["row"], rows["column"]], axis=1)
    return footprints_at(origins, corpus.size, Affine(*scene.transform))
