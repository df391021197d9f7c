"""Figures of a corpus as PNG files."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from bench.corpus.landcover.footprints import LandCover
from bench.corpus.landcover.product import CLASSES, DROPPED, NODATA
from bench.corpus.report.analysis import Change, footprints_of
from bench.corpus.storage.reader import Corpus

COLORS = ("#ff0000", "#bebebe", "#f9a0ff", "#006300", "#64ff00", "#c8efff", "#0000ff", "#0063ff")
"""GlobeLand30's colours of the eight classes."""

OTHER, BLANK = "#8c8c5a", "#ffffff"

MAX_POINTS = 20_000


def colors_of(classes: Sequence[str]) -> tuple[str, ...]:
    """GlobeLand30's colours for the eight classes; for another legend those of matplotlib, from the first again."""
    return COLORS if tuple(classes) == CLASSES else tuple(f"C{number % 10}" for number in range(len(classes)))


def draw_classes(corpus: Corpus, path: Path) -> None:
    """Fig. 3: share of each dominant class."""
    names = corpus.classes
    counts = np.bincount(corpus.dominant, minlength=len(names))
    figure = Figure(figsize=(7, max(1.2 + 0.25 * len(names), 3.2)), layout="constrained")
    axes = figure.subplots()
    share = counts / max(len(corpus), 1)
    bars = axes.barh(names, share, color=colors_of(names), edgecolor="#444444", linewidth=0.5)
    axes.bar_label(bars, [f"{value:.2%}" for value in share], padding=3)
    axes.invert_yaxis()
    axes.set(xlabel="share of tiles by dominant class", xlim=(0, max(share.max() * 1.15, 0.01)))
    figure.savefig(path, dpi=120)


def draw_change(change: Change, path: Path) -> None:
    """Fig. 4: mean proportions in two epochs side by side."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots()
    place = np.arange(len(CLASSES))
    axes.bar(place - 0.2, change.first, width=0.4, label=change.before, color="#7aa6c2")
    axes.bar(place + 0.2, change.second, width=0.4, label=change.after, color="#d98b4a")
    axes.set_xticks(place, [name.replace(" ", "\n") for name in CLASSES])
    axes.set_ylabel("mean proportion")
    axes.legend()
    figure.savefig(path, dpi=120)


def draw_map(corpus: Corpus, path: Path) -> None:
    """Where the tiles that have a place lie, on the whole globe and closer; at most 20,000 of them are drawn."""
    placed = np.flatnonzero(np.isfinite(corpus.index["lon"]))
    chosen = placed[np.linspace(0, len(placed) - 1, min(len(placed), MAX_POINTS)).astype(np.int64)]
    lon, lat = corpus.index["lon"][chosen], corpus.index["lat"][chosen]
    colors = colors_of(corpus.classes)
    color = [colors[number] for number in corpus.dominant[chosen]] if corpus.has_landcover else "#444444"
    figure = Figure(figsize=(9, 8.6), layout="constrained")
    globe, close = figure.subplots(2, height_ratios=(1, 1))
    for axes in (globe, close):
        axes.scatter(lon, lat, s=14, c=color, edgecolors="#222222", linewidths=0.3)
        axes.set(xlabel="longitude", ylabel="latitude")
        axes.grid(color="#dddddd")
        axes.set_axisbelow(True)
    globe.set(xlim=(-180, 180), ylim=(-90, 90), xticks=range(-180, 181, 30), yticks=range(-90, 91, 30))
    close.set_title("where the tiles lie, closer", fontsize=8)
    close.set_aspect(1 / max(np.cos(np.radians(np.abs(lat).max(initial=0.0))), 0.1), adjustable="datalim")
    close.ticklabel_format(useOffset=False)
    figure.savefig(path, dpi=120)


def draw_pictures(corpus: Corpus, path: Path, most: int = 20, each: int = 10) -> None:
    """Tiles of each source that has no place on the Earth: `each` of the first `most` sources, at even steps."""
    sources = list(dict.fromkeys(scene.source for scene in corpus.manifest.scenes if scene.transform is None))[:most]
    of_tile = np.array([scene.source for scene in corpus.manifest.scenes])[corpus.index["scene"]]
    figure = Figure(figsize=(1.1 * each + 1.6, 1.15 * len(sources) + 0.2), layout="constrained")
    grid = figure.subplots(len(sources), each, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    for row, source in zip(grid, sources, strict=True):
        here = np.flatnonzero(of_tile == source)
        chosen = (
            here[np.unique(np.linspace(0, len(here) - 1, min(len(here), each)).astype(np.int64))] if len(here) else here
        )
        for axes, tile in zip(row, corpus.tiles(chosen), strict=False):
            axes.imshow(corpus.bands.picture(tile))
        row[0].set_ylabel(source, rotation=0, ha="right", va="center", fontsize=8)
    figure.savefig(path, dpi=110)


def choose_examples(corpus: Corpus, count: int, covers: Collection[int] = (0,)) -> NDArray[np.int64]:
    """Tiles of each class in turn in which it takes about half: their borders show whether map and picture agree.

    Args:
        corpus: a corpus with land cover.
        count: how many, where there are so many.
        covers: numbers of the land covers, among `Manifest.land_covers`, whose tiles can be shown.
    """
    landcover = np.asarray(corpus.landcover)
    shown = np.array([scene.product in covers for scene in corpus.manifest.scenes])[corpus.index["scene"]]
    queues = []
    for share in landcover.T:
        here = np.flatnonzero((share > 0) & shown)
        queues.append(list(here[np.argsort(np.abs(share[here] - 0.5), kind="stable")]))
    chosen: dict[int, None] = {}
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen[int(queue.pop(0))] = None
    return np.array(list(chosen), dtype=np.int64)


def draw_examples(corpus: Corpus, covers: Mapping[int, LandCover], path: Path, count: int = 12) -> None:
    """Fig. 5: tiles, each beside the land cover under it in the tile's own frame.

    Args:
        corpus: a corpus with land cover.
        covers: rasters by their number among `Manifest.land_covers`; tiles over others are not shown. None of a corpus
            that keeps a map of each tile.
        path: PNG to write.
        count: most tiles shown.
    """
    mapped = range(len(corpus.manifest.land_covers)) if not covers and corpus.manifest.maps else covers
    chosen = choose_examples(corpus, count, mapped)
    rows = max(1, -(-len(chosen) // 3))
    figure = Figure(figsize=(12.5, 2.15 * rows + 0.5), layout="constrained")
    grid = figure.subplots(rows, 6, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for place, number in enumerate(chosen):
        left, right = grid[place // 3, 2 * (place % 3)], grid[place // 3, 2 * (place % 3) + 1]
        left.imshow(corpus.bands.picture(corpus.tiles(np.array([number]))[0]))
        left.set_title(f"tile {number}", fontsize=7)
        right.imshow(paint(_map_of(corpus, covers, int(number))))
        shares = np.argsort(-corpus.landcover[number])[:2]
        named = ", ".join(f"{CLASSES[c]} {corpus.landcover[number, c]:.0%}" for c in shares)
        right.set_title(named, fontsize=6)
    keys = [
        Patch(facecolor=color, edgecolor="#444444", label=name) for name, color in zip(CLASSES, COLORS, strict=True)
    ]
    keys += [Patch(facecolor=OTHER, label="not used"), Patch(facecolor=BLANK, edgecolor="#444444", label="not mapped")]
    figure.legend(handles=keys, loc="outside lower center", ncols=5, fontsize=7)
    figure.savefig(path, dpi=110)


def _map_of(corpus: Corpus, covers: Mapping[int, LandCover], number: int) -> NDArray[np.uint8]:
    """Class indices under a tile: its own map where no rasters were given, else what they say."""
    if not covers:
        return np.asarray(corpus.maps[number])
    scene = corpus.manifest.scenes[int(corpus.index["scene"][number])]
    footprint = footprints_of(corpus, np.array([number]))[0]
    return covers[scene.product].picture(footprint, str(scene.wkt), 256)


def paint(indices: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Class indices as `H x W x 3` colours."""
    table = np.zeros((256, 3), dtype=np.uint8)
    named = {**dict(enumerate(COLORS)), DROPPED: OTHER, NODATA: BLANK}
    for index, color in named.items():
        table[index] = tuple(bytes.fromhex(color[1:]))
    return np.asarray(table[indices])
