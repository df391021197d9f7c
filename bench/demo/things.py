"""Things as a photographer on the ground sees them, each drawn in its own frame and lit from above.

`u` runs to the right and `v` up, both within about -1 to 1. Colours are drawn independently of the thing, so that shape
and surface tell.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.demo.noise import Array

Colour = NDArray[np.float64]
Mask = NDArray[np.bool_]
Layer = tuple[Mask, Array]  # where, and colour H x W x 3
Thing = Callable[[np.random.Generator, Array, Array], list[Layer]]


def any_colour(rng: np.random.Generator) -> Colour:
    """A colour of any hue, neither black nor white."""
    return np.clip(rng.uniform(60, 170) + rng.normal(0, 34, 3), 15, 235)


def _flat(colour: Colour, light: NDArray[np.floating] | float) -> Array:
    return np.asarray(np.multiply.outer(np.asarray(light), colour), dtype=np.float32)


def _round(u: Array, v: Array, radius: float = 1.0) -> Array:
    """Light on a ball from the upper left, with a highlight; 1 is the plain colour."""
    z = np.sqrt(np.clip(1 - (u**2 + v**2) / radius**2, 0, 1))
    facing = np.clip(-0.45 * u / radius + 0.55 * v / radius + 0.7 * z, 0, 1)
    return np.asarray(0.35 + 0.8 * facing + 0.9 * facing**24, dtype=np.float32)


def _apple(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """Round with a dimple, a blush and a stem."""
    angle = np.arctan2(u, v)
    edge = 0.8 * (1 - 0.22 * np.exp(-((angle / 0.35) ** 2)))
    blush = 1 + 0.15 * np.sin(9 * angle) * np.hypot(u, v)
    stem = (np.abs(u - 0.12 * (v - 0.5)) < 0.045) & (v > 0.5) & (v < 0.95)
    return [
        (np.hypot(u, v) < edge, _flat(any_colour(rng), _round(u, v, 0.85) * blush)),
        (stem, _flat(any_colour(rng), 0.4 + 0 * u)),
    ]


def _ball(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """Round with coloured panels."""
    panels = np.sin(5 * u + 3 * v * np.abs(v)) * np.sin(5 * v - 2 * u) > 0
    light = _round(u, v, 0.85)
    inside = np.hypot(u, v) < 0.85
    return [(inside, _flat(any_colour(rng), light)), (inside & panels, _flat(any_colour(rng), light))]


def _banana(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """A crescent, thick in the middle, with dark ends."""
    radius, angle = np.hypot(u, v - 0.75), np.arctan2(u, 0.75 - v)
    thick = 0.24 * np.sqrt(np.clip(1 - (angle / 1.05) ** 2, 0, 1)) + 0.02
    inside = (np.abs(radius - 1.1) < thick) & (np.abs(angle) < 1.08)
    light = 0.75 + 0.5 * np.cos((radius - 1.02) / 0.24 * 1.5)
    tips = inside & (np.abs(angle) > 0.92)
    return [(inside, _flat(any_colour(rng), light)), (tips, _flat(np.array([60.0, 45.0, 30.0]), light))]


def _butterfly(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """Four wings with spots, and a body."""
    side = np.abs(u)
    upper = ((side - 0.48) / 0.44) ** 2 + ((v - 0.32 - 0.3 * (side - 0.48)) / 0.4) ** 2 < 1
    lower = ((side - 0.36) / 0.32) ** 2 + ((v + 0.4) / 0.34) ** 2 < 1
    spots = (np.hypot(side - 0.62, v - 0.42) < 0.13) | (np.hypot(side - 0.4, v + 0.45) < 0.11)
    body = (u / 0.07) ** 2 + (v / 0.62) ** 2 < 1
    veins = 1 + 0.12 * np.cos(14 * np.arctan2(v, side))
    wings, spot = any_colour(rng), any_colour(rng)
    return [
        (upper | lower, _flat(wings, veins)),
        (spots, _flat(spot, 1 + 0 * u)),
        (body, _flat(any_colour(rng), 0.4 + 0 * u)),
    ]


def _cup(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """A cylinder with a rim, a dark opening and a handle."""
    light = (0.45 + 0.75 * np.exp(-(((u + 0.25) / 0.35) ** 2))).astype(np.float32)
    wall = (
        (np.abs(u) < 0.55 - 0.08 * (0.6 - v))
        & (v < 0.6)
        & (v > -0.75 - 0.12 * np.sqrt(np.clip(1 - (u / 0.55) ** 2, 0, 1)))
    )
    handle = np.abs(np.hypot(u - 0.58, (v + 0.05) / 1.15) - 0.3) < 0.075
    rim = (u / 0.55) ** 2 + ((v - 0.6) / 0.14) ** 2 < 1
    hollow = (u / 0.48) ** 2 + ((v - 0.6) / 0.1) ** 2 < 1
    band_ = wall & (np.abs(v + 0.1) < 0.12)
    paint = any_colour(rng)
    return [
        (handle & (u > 0.4), _flat(paint, 0.8 + 0 * u)),
        (wall, _flat(paint, light)),
        (band_, _flat(any_colour(rng), light)),
        (rim, _flat(paint, 1.15 + 0 * u)),
        (hollow, _flat(paint, 0.35 + 0 * u)),
    ]


def _fish(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """An oval with scales, a forked tail, a fin and an eye."""
    body = ((u + 0.1) / 0.68) ** 2 + (v / 0.36) ** 2 < 1
    tail = (u > 0.45) & (u < 0.95) & (np.abs(v) < 0.75 * (u - 0.4)) & (np.abs(v) > 1.6 * (u - 0.8))
    fin = (v > 0.2) & (v < 0.58 - 0.5 * np.abs(u)) & (np.abs(u) < 0.35)
    scales = 1 + 0.22 * np.sin(26 * u) * np.sin(26 * v)
    eye = np.hypot(u + 0.52, v - 0.08)
    skin, light = any_colour(rng), _round(0.7 * (u + 0.1), 1.2 * v, 0.8)
    return [
        (tail | fin, _flat(skin, 0.75 + 0.2 * np.cos(30 * (u + v)))),
        (body, _flat(skin, light * scales)),
        (eye < 0.085, _flat(np.array([235.0, 235.0, 230.0]), 1 + 0 * u)),
        (eye < 0.045, _flat(np.array([20.0, 20.0, 25.0]), 1 + 0 * u)),
    ]


def _flower(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """Petals around a grainy heart, on a stem."""
    count, radius, angle = int(rng.integers(5, 9)), np.hypot(u, v - 0.2), np.arctan2(v - 0.2, u)
    petal = np.abs(np.cos(count * angle / 2))
    petals = radius < 0.7 * (0.35 + 0.65 * petal)
    stem = (np.abs(u - 0.05 * np.sin(4 * v)) < 0.04) & (v < 0.2)
    heart = radius < 0.2
    grain = 0.8 + 0.3 * np.sin(40 * u) * np.sin(40 * v)
    return [
        (stem, _flat(np.array([60.0, 110.0, 50.0]), 0.9 + 0 * u)),
        (petals, _flat(any_colour(rng), 0.55 + 0.4 * petal + 0.3 * radius)),
        (heart, _flat(any_colour(rng), grain)),
    ]


def _house(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """A wall with windows and a door under a gable roof."""
    wall = (np.abs(u) < 0.65) & (v > -0.8) & (v < 0.2)
    roof = (v >= 0.2) & (v < 0.85) & (np.abs(u) < 0.85 * (0.85 - v) / 0.65)
    windows = wall & (np.abs(np.abs(u) - 0.36) < 0.13) & (np.abs(v + 0.15) < 0.16)
    door = (np.abs(u) < 0.13) & (v > -0.8) & (v < -0.25)
    bricks = 1 - 0.18 * ((np.mod(v, 0.1) < 0.02) | (np.mod(u + 0.1 * (np.floor(v / 0.1) % 2), 0.2) < 0.02))
    return [
        (wall, _flat(any_colour(rng), bricks)),
        (roof, _flat(any_colour(rng), 0.85 + 0.2 * np.sin(40 * v))),
        (windows, _flat(np.array([70.0, 85.0, 105.0]), 1 + 0.5 * u)),
        (door, _flat(any_colour(rng), 0.6 + 0 * u)),
    ]


def _leaf(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """A pointed oval with a midrib and veins."""
    half = 0.5 * np.clip(np.cos(np.clip(v / 0.9, -1, 1) * np.pi / 2), 0, 1) ** 0.8
    inside = np.abs(u) < half * (1 + 0.06 * np.sin(30 * v))
    veins = inside & ((np.abs(u) < 0.025) | (np.mod(v - 0.7 * np.abs(u), 0.2) < 0.03))
    green = any_colour(rng)
    stem = (np.abs(u) < 0.03) & (v < -0.8) & (v > -1.05)
    return [(inside | stem, _flat(green, 0.85 + 0.35 * np.tanh(-4 * u))), (veins, _flat(green, 1.35 + 0 * u))]


def _mushroom(rng: np.random.Generator, u: Array, v: Array) -> list[Layer]:
    """A spotted cap on a stout stem."""
    stem = (np.abs(u) < 0.2 + 0.06 * np.cos(4 * v)) & (v < 0.1) & (v > -0.85)
    cap = (u / 0.8) ** 2 + ((v - 0.02) / 0.72) ** 2 < 1
    cap &= v > 0.02 - 0.08 * (1 - (u / 0.8) ** 2)
    centres = rng.uniform((-0.6, 0.1), (0.6, 0.6), (9, 2))
    spots = cap & (np.min([np.hypot(u - x, v - y) for x, y in centres], axis=0) < 0.09)
    return [
        (stem, _flat(np.array([205.0, 195.0, 175.0]), 0.75 - 0.6 * u)),
        (cap, _flat(any_colour(rng), _round(u, v, 0.95))),
        (spots, _flat(any_colour(rng), 1.1 + 0 * u)),
    ]


THINGS: dict[str, Thing] = {
    "apple": _apple,
    "ball": _ball,
    "banana": _banana,
    "butterfly": _butterfly,
    "cup": _cup,
    "fish": _fish,
    "flower": _flower,
    "house": _house,
    "leaf": _leaf,
    "mushroom": _mushroom,
}
