"""The page's gallery of saved predictions, with every picture inside the page."""

import base64
import io
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from PIL import Image

from results.labels import percent
from results.predictions import Pane, gallery
from results.tables.text import visible

# WebP quality of photographs; masks are kept exact.
_QUALITY = 85
_MOST_COLOURS = 64


@dataclass(frozen=True)
class Tile:
    """A picture or a word, with what it is.

    Attributes:
        title: `image`, `truth`, or a row label.
        source: data URI, or None for a word or a hole.
        word: the class, where the answer is one for the whole sample; `no picture` for a hole.
        width, height: pixels.
        alt: what a screen reader says.
        method: whether the title is a row label, which filters apply to.
        right: whether the word is the truth; None for a picture or a hole.
    """

    title: str
    source: str | None
    word: str | None
    width: int
    height: int
    alt: str
    method: bool = False
    right: bool | None = None


@dataclass(frozen=True)
class Pictures:
    """What the page shows of one protocol and backbone; `legend` is (class, CSS colour)."""

    where: str
    legend: list[tuple[str, str]]
    samples: list[tuple[str, list[Tile]]]


def pictures(store: Path, board: pd.DataFrame, variants: list[str]) -> Pictures | None:
    """Embed the saved predictions of one protocol and backbone; None where there are none."""
    found = gallery(store, board, variants)
    if found is None:
        return None
    samples = []
    for example in found.examples:
        truth = next((part.word for part in example.given if part.name == "truth"), None)
        tiles = [_tile(part.name, part, f"{part.name} of {example.sample}") for part in example.given]
        for variant in found.variants:
            tile = _tile(variant, example.answers.get(variant), f"{variant}, prediction on {example.sample}")
            right = tile.word == truth if truth and variant in example.answers else None
            tiles.append(replace(tile, method=True, right=right))
        samples.append((example.sample, tiles))
    legend = [(name, f"rgb({red} {green} {blue})") for name, (red, green, blue) in found.legend]
    return Pictures(f"{percent(found.fraction)} of the labels, seed {found.seed}", legend, samples)


def _tile(title: str, part: Pane | None, alt: str) -> Tile:
    if part is None:
        return Tile(title, None, "no picture", 0, 0, alt)
    if part.word is not None:
        return Tile(title, None, part.word, 0, 0, alt)
    return Tile(title, embedded(part.picture), None, *part.picture.size, visible(alt))


def embedded(picture: Image.Image) -> str:
    """A picture as a data URI: few colours stay exact as PNG with a palette, photographs become WebP."""
    stream = io.BytesIO()
    if picture.getcolors(_MOST_COLOURS):
        form = "png"
        picture.quantize(_MOST_COLOURS, dither=Image.Dither.NONE).save(stream, form, optimize=True)
    else:
        form = "webp"
        picture.save(stream, form, quality=_QUALITY, method=6)
    return f"data:image/{form};base64,{base64.b64encode(stream.getvalue()).decode()}"
