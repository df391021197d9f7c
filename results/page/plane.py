"""Scales, ticks and names that the page's charts share; lengths are in the units of a drawing `WIDTH` wide."""

import math
from collections.abc import Iterable

# A drawing fills a screen of 400 pixels (376 inside its margins), where its text of 12 units has 11.3 pixels.
WIDTH = 400
# Units that a character takes, on average over a name, and what a short one of wide letters may take beyond.
_CHARACTER, _WIDE = 6.6, 6.0
_LONGEST = 20


def shown(name: str) -> str:
    """A row's name as a chart has room for it."""
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def width_of(names: Iterable[str]) -> float:
    """Units that the longest of some names takes, as they are drawn."""
    return _WIDE + _CHARACTER * max(map(len, names), default=0)


def linear(value: float, ends: tuple[float, float], places: tuple[float, float]) -> float:
    """Where a value stands on a linear scale that runs from one place to another; beyond an end it stands at it."""
    share = (value - ends[0]) / (ends[1] - ends[0])
    return round(places[0] + min(max(share, 0), 1) * (places[1] - places[0]), 1)


def logarithmic(value: float, ends: tuple[float, float], places: tuple[float, float]) -> float:
    """As `linear`, on a scale of equal ratios."""
    return linear(math.log(value), (math.log(ends[0]), math.log(ends[1])), places)


def points(value: float) -> str:
    """A tick's share in percent points."""
    return f"{100 * value:g}"
