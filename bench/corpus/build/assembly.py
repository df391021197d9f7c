"""Putting a corpus together from parts, each with the tiles, index and proportions of a strip of a scene."""

import os
import shutil
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files
from bench.core.errors import CorpusError
from bench.corpus.build.controls import save_controls
from bench.corpus.build.cutting import PIXELS, read_part
from bench.corpus.build.options import Cut
from bench.corpus.build.plan import BuildPlan
from bench.corpus.landcover.product import CLASSES
from bench.corpus.storage.counts import count_all, count_equal, count_reasons
from bench.corpus.storage.encoding import Encoding
from bench.corpus.storage.manifest import (
    IMAGES,
    INDEX,
    LANDCOVER,
    MANIFEST,
    MAPS,
    PLACES,
    Manifest,
    SceneEntry,
    ShardEntry,
    control_file,
)
from bench.corpus.storage.maps import join_maps
from bench.corpus.storage.places import save_places
from bench.corpus.storage.shards import SHARD_BYTES, content_hash, mean_and_std


def assemble(parts: list[Path], out: Path, plan: BuildPlan, skipped: dict[str, str]) -> None:
    """Write a corpus from finished parts, in their order.

    Args:
        parts: folders written by `bench.corpus.build.cutting.cut_strip`; a scene's follow each other.
        out: folder of the corpus; it appears complete.
        plan: what was asked for.
        skipped: scenes that were left out, with the reason.

    Raises:
        CorpusError: no tile was kept at all.
    """
    cut, product = plan.cut, plan.product
    stated = {
        **_how(cut),
        "product": None if product is None else product.model_dump(mode="json", by_alias=True),
        "epoch": plan.epoch,
        "request": plan.request,
        "skipped": skipped,
        "synthetic": plan.synthetic,
    }
    entries = [read_part(part).scene for part in parts]
    write_corpus(parts, entries, out, () if product is None else CLASSES, stated, cut.controls)


def write_corpus(
    parts: list[Path],
    pieces: list[SceneEntry],
    out: Path,
    classes: tuple[str, ...],
    stated: dict[str, Any],
    controls: tuple[str, ...] = (),
) -> None:
    """Write a corpus from the files of its parts.

    Args:
        parts: folders with pixels, index and, where there are classes, proportions and controls; those with images name
            them, and those with maps have one for each tile.
        pieces: the scene, or folder of images, of each part; those of one follow each other.
        out: folder of the corpus; it appears complete.
        classes: the legend; empty for a corpus without land cover.
        stated: what the manifest says of how it was made; `size`, `bands` and `jpeg` among it.
        controls: names of the controls of each part.

    Raises:
        CorpusError: no tile was kept at all.
    """
    entries = [_whole(list(group)) for _, group in groupby(pieces, key=lambda piece: piece.name)]
    if not any(entry.tiles for entry in entries):
        listed = ", ".join(f"{count} {reason}" for reason, count in count_reasons(entries).items()) or "no windows"
        raise CorpusError(f"no tile of {out} is usable ({listed}): look at the scenes, or change the rules")
    size, bands = stated["size"], stated["bands"]
    with files.new_folder(out) as folder:
        index, shards = _gather_pixels(parts, pieces, folder, "raw" if stated["jpeg"] is None else "jpeg")
        np.save(folder / INDEX, index)
        landcover = None
        if classes:
            landcover = _gather(parts, LANDCOVER)
            np.save(folder / LANDCOVER, landcover)
        mean, std = mean_and_std(index, size, bands)
        counts = count_all(entries, landcover, classes)
        if stated.get("images"):
            files.write_text(folder / IMAGES, "".join((part / IMAGES).read_text() for part in parts))
            counts["equal"] = count_equal(index)
            save_places(folder, np.concatenate([_places(part) for part in parts]))
        manifest = Manifest(
            hash=content_hash(size, classes, index["digest"], landcover, bands),
            tiles=len(index),
            classes=classes,
            mean=mean,
            std=std,
            scenes=tuple(entries),
            counts=counts,
            shards=tuple(shards),
            controls=save_controls(folder, {name: _gather(parts, control_file(name)) for name in controls}),
            maps=join_maps([part / MAPS for part in parts], size, folder, classes),
            **stated,
        )
        files.write_json(folder / MANIFEST, manifest.to_json())


def _how(cut: Cut) -> dict[str, Any]:
    """How scenes were cut, as the manifest says it."""
    return {
        "size": cut.size,
        "bands": cut.kept,
        "overlap": cut.overlap,
        "selection": cut.bands,
        "stretch": str(cut.stretch),
        "scene_nodata": cut.nodata,
        "jpeg": cut.jpeg,
        "rules": asdict(cut.rules),
    }


def _whole(pieces: list[SceneEntry]) -> SceneEntry:
    """One scene from its strips."""
    counts = {"windows": sum(piece.windows for piece in pieces), "tiles": sum(piece.tiles for piece in pieces)}
    return pieces[0].model_copy(update={**counts, "rejected": count_reasons(pieces)})


def _gather(parts: list[Path], file: str) -> NDArray[np.float32]:
    """Proportions of all tiles, `N x K`, from one file of every part."""
    return np.concatenate([np.load(part / file) for part in parts]).astype("<f4")


def _places(part: Path) -> NDArray[np.float64]:
    """Footprints of a part's tiles, not numbers where none are kept."""
    if (part / PLACES).exists():
        return np.asarray(np.load(part / PLACES), dtype=np.float64)
    return np.full((len(np.load(part / INDEX, mmap_mode="r")), 4, 2), np.nan)


def _gather_pixels(
    parts: list[Path], pieces: list[SceneEntry], folder: Path, encoding: Encoding
) -> tuple[NDArray[np.void], list[ShardEntry]]:
    """Link large parts and copy small ones together; returns the index of all tiles and the files made."""
    (folder / "shards").mkdir()
    rows: list[NDArray[np.void]] = []
    shards: list[ShardEntry] = []
    names = {name: number for number, name in enumerate(dict.fromkeys(piece.name for piece in pieces))}
    open_for_more = False
    for part, entry in zip(parts, pieces, strict=True):
        index = np.load(part / INDEX)
        index["scene"] = names[entry.name]
        rows.append(index)
        if not entry.tiles:
            continue
        length = (part / PIXELS).stat().st_size
        last = shards[-1] if shards else None
        if last is not None and open_for_more and last.bytes + length <= SHARD_BYTES:
            index["shard"], index["offset"] = len(shards) - 1, index["offset"] + last.bytes
            _append(part / PIXELS, folder / last.file)
            grown = {"tiles": last.tiles + entry.tiles, "bytes": last.bytes + length}
            shards[-1] = last.model_copy(update=grown)
            continue
        index["shard"] = len(shards)
        file = f"shards/{len(shards):05d}.{encoding}"
        shards.append(ShardEntry(file=file, tiles=entry.tiles, bytes=length, encoding=encoding))
        # A linked file is shared with the part, which a later attempt may need as it was: nothing is appended to it.
        open_for_more = length <= SHARD_BYTES // 4
        _link(part / PIXELS, folder / file, copy=open_for_more)
    return np.concatenate(rows), shards


def _link(source: Path, target: Path, *, copy: bool) -> None:
    """Give a file a second name, or copy it: where links do not work, and where more will be appended to it."""
    if not copy:
        try:
            os.link(source, target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(source, target)


def _append(source: Path, target: Path) -> None:
    with source.open("rb") as stream, target.open("ab") as end:
        shutil.copyfileobj(stream, end, 2**20)
