"""What a row looks like in every figure: a colour, a marker and a dash that no other row of its page shares.

A look is given by the row's name, so that a method has the same one in each figure, and the methods of the registry on
every page. Colour never stands alone: markers differ by outline (filled and hollow mean something else, see the forest
plot), dashes differ between colours of like lightness, and names stand beside the lines.
"""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from results.variants import CEILINGS, FLOORS

# Found by maximising the smallest CIELAB distance between any two, over normal vision and full protanopia, deuteranopia
# and tritanopia (Machado et al. 2009), with a contrast of at least 3 to the ground: 17 and 10 in either scheme. The
# first of them are the furthest apart. A colour on dark ground has the hue of that on light.
LIGHT = [
    "#545454", "#e46024", "#c060e4", "#6c3c0c", "#30909c", "#005484", "#9c8460", "#183024", "#542460", "#9c6cc0",
    "#6c8478", "#a80090", "#9c4800", "#303000", "#845478", "#543c24", "#786c30", "#cc609c", "#6054c0", "#00246c",
    "#0078fc", "#906048", "#d85478", "#489c18",
]  # fmt: skip
DARK = [
    "#b8b8b8", "#d94b01", "#b646e1", "#fdb982", "#138e9b", "#8bc2fc", "#937950", "#d4f7e4", "#f6d0fd", "#a46dcf",
    "#718d7f", "#ff84e3", "#fb8c3d", "#f2edaf", "#cf93bf", "#f0caa8", "#ac9c53", "#ce5099", "#aa97fa", "#f0effd",
    "#4883fc", "#ca8f71", "#e44977", "#3c8c0d",
]  # fmt: skip
# Lengths of ink and gap along a line; none of them: solid.
DASHES: tuple[tuple[float, ...], ...] = ((7, 3), (), (2, 2.5), (8, 2.5, 2, 2.5), (14, 3), (7, 2, 2, 2, 2, 2))
# Slots of the rows that most pages hold; the others take what is left.
_KEPT = [
    "random", "geokr", "moco", "simclr", "byol", "cmid", "gersp", "geokr-student", "geokr-representation",
    "geokr-classification", "imagenet", "supervised",
]  # fmt: skip
_LAST = {"oracle": 12, "image-stats": 13, "mosaiks": 14, "random (raw)": 15}
_Point = tuple[float, float]


def _arc(start: float, end: float, steps: int = 20) -> list[_Point]:
    """Points of the unit circle between two angles in degrees, y upwards."""
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(math.cos(angle), math.sin(angle)) for angle in angles]


def _star(points: int, inner: float) -> list[_Point]:
    turns = [math.pi / 2 + math.pi * i / points for i in range(2 * points)]
    return [
        (math.cos(turn) * (inner if i % 2 else 1), math.sin(turn) * (inner if i % 2 else 1))
        for i, turn in enumerate(turns)
    ]


def _turned(points: list[_Point], degrees: float) -> list[_Point]:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(x * cos - y * sin, x * sin + y * cos) for x, y in points]


_TRIANGLE = [(-1.0, -0.85), (1.0, -0.85), (0.0, 1.0)]
_SQUARE = [(-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)]
_PLUS = [(-.3, -1), (.3, -1), (.3, -.3), (1, -.3), (1, .3), (.3, .3), (.3, 1), (-.3, 1), (-.3, .3), (-1, .3),
         (-1, -.3), (-.3, -.3)]  # fmt: skip
_CHEVRON = [(-1.0, -0.9), (0.0, 0.0), (1.0, -0.9), (1.0, 0.1), (0.0, 1.0), (-1.0, 0.1)]
_TEE = [(-1.0, 0.3), (-0.35, 0.3), (-0.35, -1.0), (0.35, -1.0), (0.35, 0.3), (1.0, 0.3), (1.0, 1.0), (-1.0, 1.0)]
_GLASS = [(-0.9, -1.0), (0.9, -1.0), (0.15, 0.0), (0.9, 1.0), (-0.9, 1.0), (-0.15, 0.0)]
_HALF = [(x, y - 0.45) for x, y in _arc(0, 180)]
_FRAME = [(-1.0, -0.4), (1.0, -0.4), (1.0, 0.4), (-1.0, 0.4)]
# Outlines in [-1, 1], y upwards; one a slot.
MARKERS: tuple[list[_Point], ...] = (
    _arc(0, 360),
    _SQUARE,
    _TRIANGLE,
    [(0.0, -1.0), (0.75, 0.0), (0.0, 1.0), (-0.75, 0.0)],
    _turned(_TRIANGLE, 180),
    _PLUS,
    _turned(_PLUS, 45),
    _star(5, 0.4),
    _turned(_TRIANGLE, 90),
    _turned(_TRIANGLE, -90),
    _GLASS,
    _turned(_GLASS, 90),
    _star(4, 0.33),
    _FRAME,
    _turned(_FRAME, 90),
    _HALF,
    _turned(_HALF, 180),
    _CHEVRON,
    _turned(_CHEVRON, 180),
    _TEE,
    _turned(_TEE, 180),
    [(-1.0, -0.7), (0.4, -0.7), (1.0, 0.7), (-0.4, 0.7)],
    _turned(_TEE, 90),
    _turned(_TEE, -90),
)
NUMBER = len(MARKERS)


@dataclass(frozen=True)
class Look:
    """How one row is drawn; `slot` numbers its colour, `marker` its outline and `dash` its line."""

    slot: int
    marker: int
    dash: int


def looks(rows: Iterable[str]) -> dict[str, Look]:
    """A look for each row; no two share a colour or a marker while there are at most `NUMBER` rows.

    Args:
        rows: labels of all rows of a page.
    """
    known = {name: slot for slot, name in enumerate(_KEPT)} | _LAST
    names = sorted(set(rows))
    given = {name: known[name] for name in names if name in known}
    taken, rounds = set(given.values()), 0
    for name in (name for name in names if name not in known):
        if len(taken) == NUMBER:
            taken, rounds = set(), rounds + 1
        wish = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        slot = next(s for at in range(NUMBER) if (s := (wish + at) % NUMBER) not in taken)
        taken.add(slot)
        given[name] = slot + rounds * NUMBER
    return {name: _look(number) for name, number in given.items()}


def asides(frame: pd.DataFrame) -> dict[str, str]:
    """The rows that are there to read the others by, and what each is: `floor`, `ceiling` or `control`.

    A control is a row that was trained on land cover made wrong on purpose.

    Args:
        frame: the columns method, options and variant, as of `results.frame`.
    """
    found = {}
    for method, options, variant in frame[["method", "options", "variant"]].drop_duplicates().itertuples(index=False):
        if method in FLOORS or method in CEILINGS:
            found[str(variant)] = "floor" if method in FLOORS else "ceiling"
        elif "land_cover" in json.loads(options):
            found[str(variant)] = "control"
    return found


def _look(number: int) -> Look:
    """The look of a number; beyond the palette colours come again, with other markers and dashes."""
    slot, rounds = number % NUMBER, number // NUMBER
    return Look(slot, (slot + rounds) % NUMBER, (_DASH_OF[slot] + rounds) % len(DASHES))


def _dashes() -> dict[int, int]:
    """A dash for each colour, in turn by their lightness: colours that look alike in grey have different ones."""
    by_lightness = sorted(range(NUMBER), key=lambda slot: luminance(LIGHT[slot]))
    return {slot: place % len(DASHES) for place, slot in enumerate(by_lightness)}


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, in [0, 1] (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


_DASH_OF = _dashes()
