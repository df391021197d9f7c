"""Saved predictions of several methods on the same test samples (`bench run --save-predictions`)."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from PIL import Image

_ANSWER = "prediction"
# Rows of a figure; more would push the page's other sections out of sight.
MOST_SAMPLES = 3


@dataclass(frozen=True)
class Pane:
    """One part of a picture.

    Attributes:
        name: `image`, `before`, `after`, `truth` or `prediction`.
        picture: RGB.
        word: the class, where the part is one for the whole sample.
    """

    name: str
    picture: Image.Image
    word: str | None


@dataclass(frozen=True)
class Example:
    """One test sample.

    Attributes:
        sample: its name.
        given: what all methods share: image or dates, and truth.
        answers: row label -> prediction; a method without a picture of this sample is absent.
    """

    sample: str
    given: list[Pane]
    answers: dict[str, Pane]


@dataclass(frozen=True)
class Gallery:
    """Predictions on one protocol and backbone, all from cells of one fraction and one repeat.

    Attributes:
        protocol, backbone: where.
        fraction, seed: of the cells.
        variants: row labels, in the order given.
        legend: class and colour.
        examples: at most `MOST_SAMPLES`.
    """

    protocol: str
    backbone: str
    fraction: float
    seed: int
    variants: list[str]
    legend: list[tuple[str, tuple[int, int, int]]]
    examples: list[Example]


def gallery(store: Path, board: pd.DataFrame, variants: list[str]) -> Gallery | None:
    """Lay together the saved predictions of one protocol and backbone (`tasks.predictions`); None where there are none.

    Of the fractions and repeats with pictures, the one with most methods is taken, then the smallest fraction, where
    methods differ most, then the first repeat. Of the samples, those that most methods have.

    Args:
        store: the store's folder.
        board: records of one protocol and backbone.
        variants: row labels in the order wanted.
    """
    kept = board[[_folder(store, key).is_dir() for key in board["key"]]]
    if kept.empty:
        return None
    sizes = kept.groupby(["fraction", "seed"])["variant"].nunique().reset_index()
    best = sizes.sort_values(["variant", "fraction", "seed"], ascending=[False, True, True]).iloc[0]
    cells = kept[(kept["fraction"] == best["fraction"]) & (kept["seed"] == best["seed"])]
    keys = {str(row.variant): str(row.key) for row in cells.itertuples()}
    shown = [variant for variant in variants if variant in keys]
    saved = {variant: _read_all(_folder(store, keys[variant])) for variant in shown}
    names = sorted({name for pictures in saved.values() for name in pictures})
    names.sort(key=lambda name: -sum(name in pictures for pictures in saved.values()))
    examples = [_example(name, {v: p[name] for v, p in saved.items() if name in p}) for name in names[:MOST_SAMPLES]]
    if not examples:
        return None
    legend = next(saved[variant][names[0]][1] for variant in shown if names[0] in saved[variant])
    first = board.iloc[0]
    place = (str(first["protocol"]), str(first["backbone"]), float(best["fraction"]), int(best["seed"]))
    return Gallery(*place, shown, legend, examples)


_Saved = tuple[list[Pane], list[tuple[str, tuple[int, int, int]]]]


def _folder(store: Path, key: str) -> Path:
    return store / "predictions" / key


def _example(name: str, saved: dict[str, _Saved]) -> Example:
    given = next([part for part in parts if part.name != _ANSWER] for parts, _ in saved.values())
    answers = {v: part for v, (parts, _) in saved.items() for part in parts if part.name == _ANSWER}
    return Example(name, given, answers)


def _read_all(folder: Path) -> dict[str, _Saved]:
    found = {}
    for path in sorted(folder.glob("*.png")):
        try:
            found[path.stem] = _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a torn or foreign picture takes nothing from the scores; the figure shows a hole
    return found


def _read(path: Path) -> _Saved:
    with Image.open(path, formats=["PNG"]) as whole:
        told = json.loads(whole.info["bench"])
        pixels = whole.convert("RGB")
    parts, left = [], 0
    for name, width, word in told["parts"]:
        parts.append(Pane(str(name), pixels.crop((left, 0, left + width, pixels.height)), word and str(word)))
        left += width + told["gap"]
    if left - told["gap"] != pixels.width or _ANSWER not in {part.name for part in parts}:
        raise ValueError(f"{path} is not a picture of a prediction")
    return parts, [(str(name), (int(red), int(green), int(blue))) for name, (red, green, blue) in told["legend"]]
