"""Corpora made from corpora: merge, filter, split and sample.

The tiles are copied in runs, or whole shard files get a second name where all of a corpus is taken, so the result
stands alone: the corpora it came from can be deleted.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files
from bench.core.errors import CorpusError
from bench.core.suggest import among
from bench.corpus.build.controls import save_controls
from bench.corpus.scenes.overlap import known, near
from bench.corpus.storage.counts import count_all, count_equal
from bench.corpus.storage.encoding import Encoding
from bench.corpus.storage.manifest import (
    IMAGES,
    INDEX,
    LANDCOVER,
    MANIFEST,
    ImagesEntry,
    LandCoverEntry,
    Manifest,
    SceneEntry,
    ShardEntry,
)
from bench.corpus.storage.maps import write_maps
from bench.corpus.storage.places import footprints_of, kept_places, save_places
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import permute
from bench.corpus.storage.shards import SHARD_BYTES, content_hash, mean_and_std

Ints = NDArray[np.int64]


def merge(corpora: Sequence[Corpus], out: Path, *, distinct: bool = False) -> Corpus:
    """Put corpora one after the other.

    Args:
        corpora: two or more, of one tile size, legend and bands.
        out: folder of the new corpus.
        distinct: keep one of tiles with equal pixels, the first.

    Raises:
        CorpusError: sizes, legends or bands differ, or `out` exists.
    """
    first = corpora[0]
    for other in corpora[1:]:
        if (other.size, other.classes) != (first.size, first.classes):
            raise CorpusError(f"{other.path} and {first.path} differ in tile size or legend: they cannot be merged")
        if other.bands != first.bands:
            raise CorpusError(
                f"{other.path} holds {other.bands} and {first.path} {first.bands}: they cannot be merged, build one again"
            )
    note = "merge of " + ", ".join(corpus.hash for corpus in corpora) + (" without equal tiles" if distinct else "")
    chosen = [np.arange(len(corpus)) for corpus in corpora]
    if distinct:
        digests = np.concatenate([np.asarray(corpus.index["digest"]) for corpus in corpora])
        kept = np.zeros(len(digests), dtype=bool)
        kept[np.unique(digests, return_index=True)[1]] = True
        ends = np.cumsum([len(corpus) for corpus in corpora])[:-1]
        chosen = [np.flatnonzero(part) for part in np.split(kept, ends)]
    return _write(list(zip(corpora, chosen, strict=True)), out, note)


def choose(
    corpus: Corpus,
    *,
    classes: Sequence[str] = (),
    min_share: float = 0.0,
    sources: Sequence[str] = (),
    within: tuple[float, float, float, float] | None = None,
    away_from: NDArray[np.float64] | None = None,
    km: float = 0.0,
) -> Ints:
    """Numbers of the tiles that meet all conditions given.

    Args:
        corpus: the corpus.
        classes: names of which one must be the dominant class.
        min_share: least proportion of the dominant class, in [0, 1].
        sources: names of which one must be the source.
        within: west, south, east, north in degrees around the tile's centre.
        away_from: footprints in degrees, `M x 4 x 2`, that tiles must lie away from; a tile without a place is dropped.
        km: how far, from edge to edge; a tile that is hardly farther away may be dropped.

    Raises:
        CorpusError: no tile has a place to be away from; a class or source that the corpus does not have, or a condition on land cover without any.
    """
    keep = np.ones(len(corpus), dtype=bool)
    if (classes or min_share) and not corpus.has_landcover:
        raise CorpusError(f"corpus {corpus.path} has no land cover to filter by")
    if classes:
        keep &= np.isin(corpus.dominant, [_known(name, corpus.classes, "class", corpus) for name in classes])
    if min_share:
        keep &= np.asarray(corpus.landcover).max(axis=1) >= min_share
    if sources:
        present = tuple(dict.fromkeys(scene.source for scene in corpus.manifest.scenes))
        wanted = {present[_known(name, present, "source", corpus)] for name in sources}
        good = [number for number, scene in enumerate(corpus.manifest.scenes) if scene.source in wanted]
        keep &= np.isin(corpus.index["scene"], good)
    if within:
        west, south, east, north = within
        lon, lat = corpus.index["lon"], corpus.index["lat"]
        inside = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
        keep &= inside & (lat >= south) & (lat <= north)
    if away_from is not None:
        keep &= _away(corpus, away_from, km)
    return np.flatnonzero(keep)


def _away(corpus: Corpus, others: NDArray[np.float64], km: float) -> NDArray[np.bool_]:
    footprints = footprints_of(corpus)
    placed = known(footprints)
    if not placed.any():
        raise CorpusError(
            f"corpus {corpus.path} is of images without a place: what lies away from another is not known"
        )
    placed[placed] = ~near(footprints[placed], others[known(others)], km)
    return placed


def _known(name: str, names: Sequence[str], kind: str, corpus: Corpus) -> int:
    if name not in names:
        raise CorpusError(f"corpus {corpus.path} has no {kind} {name!r}{among(name, names)}")
    return names.index(name)


def sample(corpus: Corpus, count: int, seed: int = 0) -> Ints:
    """Numbers of `count` tiles drawn at random, in the corpus' order; a larger sample of one seed holds the smaller.

    Raises:
        CorpusError: more tiles than there are, or none.
    """
    if not 1 <= count <= len(corpus):
        raise CorpusError(f"corpus {corpus.path} has {len(corpus)} tiles: a sample of {count} cannot be drawn")
    return np.sort(permute(np.arange(count), len(corpus), f"sample|{seed}"))


def split(corpus: Corpus, shares: Sequence[float], seed: int = 0, *, by: str = "scene") -> list[Ints]:
    """Deal the tiles out into parts.

    Args:
        corpus: the corpus.
        shares: of the tiles for each part, adding up to 1.
        seed: of the random order.
        by: `scene` keeps a scene's tiles, which overlap, in one part; `tile` deals them one by one.

    Returns:
        Numbers of the tiles of each part, in the corpus' order.

    Raises:
        CorpusError: shares that do not add up to 1, or a part that would be empty.
    """
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-9:
        raise CorpusError(
            f"shares {', '.join(f'{share:g}' for share in shares)} are not positive or do not add up to 1"
        )
    unit = np.asarray(corpus.index["scene"], dtype=np.int64) if by == "scene" else np.arange(len(corpus))
    units, weight = np.unique(unit, return_counts=True)
    order = permute(np.arange(len(units)), len(units), f"split|{seed}")
    middle = (np.cumsum(weight[order]) - weight[order] / 2) / len(corpus)
    part_of = np.empty(len(units), dtype=np.int64)
    part_of[order] = np.minimum(np.searchsorted(np.cumsum(shares), middle, side="right"), len(shares) - 1)
    part = part_of[np.searchsorted(units, unit)]
    parts = [np.flatnonzero(part == number) for number in range(len(shares))]
    if not all(len(numbers) for numbers in parts):
        raise CorpusError(f"corpus {corpus.path} has too few {by}s for {len(shares)} parts: use fewer, or --by tile")
    return parts


def take(corpus: Corpus, numbers: Ints, out: Path, note: str) -> Corpus:
    """Write some tiles of a corpus, in the order given, as a corpus of its own.

    Args:
        corpus: the corpus.
        numbers: tiles to take.
        out: folder of the new corpus.
        note: how they were chosen, for its history.

    Raises:
        CorpusError: no tiles, or `out` exists.
    """
    return _write([(corpus, numbers)], out, f"{note} of {corpus.hash}")


def _write(chosen: list[tuple[Corpus, Ints]], out: Path, note: str) -> Corpus:
    if out.exists():
        raise CorpusError(f"{out} exists: choose another --out, or delete it")
    if not sum(len(numbers) for _, numbers in chosen):
        raise CorpusError(f"no tile is left for {out}: loosen the conditions")
    first = chosen[0][0]
    size, classes = first.size, first.classes
    with files.new_folder(out) as folder:
        (folder / "shards").mkdir()
        shards: list[ShardEntry] = []
        rows: list[NDArray[np.void]] = []
        scenes: list[SceneEntry] = []
        covers: list[LandCoverEntry] = []
        for corpus, numbers in chosen:
            place = _join(covers, corpus.manifest.land_covers)
            index = np.array(corpus.index[numbers])
            index["scene"] += len(scenes)
            rows.append(_place_tiles(corpus, numbers, index, folder, shards))
            kept = np.bincount(corpus.index["scene"][numbers], minlength=len(corpus.manifest.scenes))
            scenes += [
                scene.model_copy(update={"tiles": int(count), "product": place[scene.product] if place else 0})
                for scene, count in zip(corpus.manifest.scenes, kept, strict=True)
            ]
        tiles = np.concatenate(rows)
        landcover = None
        if classes:
            landcover = np.concatenate([corpus.landcover[numbers] for corpus, numbers in chosen])
            np.save(folder / LANDCOVER, landcover)
        controls = set.intersection(*(set(corpus.manifest.controls) for corpus, _ in chosen))
        columns = {
            name: np.concatenate([corpus.control(name)[numbers] for corpus, numbers in chosen])
            for name in first.manifest.controls
            if name in controls
        }
        np.save(folder / INDEX, tiles)
        mean, std = mean_and_std(tiles, size, first.bands)
        images = _name_images(chosen, folder)
        save_places(folder, np.concatenate([kept_places(corpus)[numbers] for corpus, numbers in chosen]))
        equal = {} if images is None else {"equal": count_equal(tiles)}
        mapped = all(corpus.manifest.maps for corpus, _ in chosen)
        manifest = first.manifest.model_copy(
            update={
                "hash": content_hash(size, classes, tiles["digest"], landcover, first.bands),
                "tiles": len(tiles),
                "mean": mean,
                "std": std,
                "request": "",
                **_stated([corpus.manifest for corpus, _ in chosen]),
                "products": tuple(covers) if len(covers) > 1 else (),
                "scenes": tuple(scenes),
                "skipped": {name: why for corpus, _ in chosen for name, why in corpus.manifest.skipped.items()},
                "counts": count_all(scenes, landcover, classes) | equal,
                "images": images,
                "maps": write_maps(folder, [(each.maps, some) for each, some in chosen], classes) if mapped else None,
                "shards": tuple(shards),
                "controls": save_controls(folder, columns),
                "history": (*(line for corpus, _ in chosen for line in corpus.manifest.history), note),
            }
        )
        files.write_json(folder / MANIFEST, manifest.to_json())
    return Corpus.open(out)


def _name_images(chosen: list[tuple[Corpus, Ints]], folder: Path) -> ImagesEntry | None:
    """Write the names of the tiles' images, where there are any; those of scenes have none."""
    entries = [corpus.manifest.images for corpus, _ in chosen if corpus.manifest.images]
    if not entries:
        return None
    names = (corpus.images[number] if corpus.images else "" for corpus, numbers in chosen for number in numbers)
    files.write_text(folder / IMAGES, "".join(f"{name}\n" for name in names))
    return ImagesEntry(larger=entries[0].larger, left_out=sum(entry.left_out for entry in entries))


def _join(covers: list[LandCoverEntry], others: Sequence[LandCoverEntry]) -> list[int]:
    """Add land covers that are not there yet; returns the place of each."""
    covers += [other for other in others if other not in covers]
    return [covers.index(other) for other in others]


def _stated(parts: list[Manifest]) -> dict[str, Any]:
    """How the parts of a corpus were made, all named where they differ."""
    titles = dict.fromkeys(cover.product["title"] for part in parts for cover in part.land_covers)
    epochs = {part.epoch for part in parts}
    return {
        "stretch": "; ".join(dict.fromkeys(part.stretch for part in parts)),
        "product": parts[0].product and {**parts[0].product, "title": "; ".join(titles)},
        "epoch": epochs.pop() if len(epochs) == 1 else None,
        "synthetic": any(part.synthetic for part in parts),
    }


def _place_tiles(
    corpus: Corpus, numbers: Ints, index: NDArray[np.void], folder: Path, shards: list[ShardEntry]
) -> NDArray[np.void]:
    """Bring the pixels over: whole files by name where all tiles are taken, else copied."""
    if len(numbers) == len(corpus) and np.array_equal(numbers, np.arange(len(corpus))):
        index["shard"] += len(shards)
        for entry in corpus.manifest.shards:
            file = f"shards/{len(shards):05d}.{entry.encoding}"
            shards.append(entry.model_copy(update={"file": file}))
            _link(corpus.path / entry.file, folder / shards[-1].file)
        return index
    encodings = corpus.shards.encodings(corpus.index[numbers])
    for encoding in ("raw", "jpeg"):
        places = np.flatnonzero(encodings == encoding)
        lengths = index["length"][places].astype(np.int64)
        for group in np.split(places, np.flatnonzero(np.diff((np.cumsum(lengths) - 1) // SHARD_BYTES)) + 1):
            if len(group):
                _copy_tiles(corpus, numbers, index, group, folder, shards, encoding)
    return index


def _copy_tiles(
    corpus: Corpus,
    numbers: Ints,
    index: NDArray[np.void],
    group: Ints,
    folder: Path,
    shards: list[ShardEntry],
    encoding: Encoding,
) -> None:
    """Write a shard of the tiles at some places of the selection, byte by byte as they are stored."""
    lengths = index["length"][group].astype(np.int64)
    ends = np.cumsum(lengths)
    index["shard"][group], index["offset"][group] = len(shards), ends - lengths
    file = f"shards/{len(shards):05d}.{encoding}"
    shards.append(ShardEntry(file=file, tiles=len(group), bytes=int(ends[-1]), encoding=encoding))
    with (folder / file).open("wb") as stream:
        for data in corpus.shards.stored(corpus.index[numbers[group]]):
            stream.write(data)


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where links do not work; neither corpus is ever written to again."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
