"""Airplanes, ships and oil tanks from above, each drawn in its own frame: `u` forward, `v` to the right, in lengths."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.demo.noise import Array

AIRPLANE, SHIP, OIL_TANK = 1, 2, 3  # Levir's class numbers
SAMPLES = 3  # sub-pixels a side, for smooth edges

Mask = NDArray[np.bool_]
Piece = tuple[Mask, float | Array]  # where, and how bright (0 to 255)
Box = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixel edges


@dataclass(frozen=True)
class Pose:
    """Where an object lies.

    Attributes:
        x: centre, pixels from the left.
        y: centre, pixels from the top.
        length: length in pixels; diameter of a tank.
        heading: direction of `u`, radians from image right towards image down.
        brightness: of the body, 0 to 255.
    """

    x: float
    y: float
    length: float
    heading: float
    brightness: float


def airplane(u: Array, v: Array, brightness: float) -> list[Piece]:
    """Fuselage, swept wings, tail and engines."""
    side = np.abs(v)
    fuselage = (u / 0.5) ** 2 + (v / 0.06) ** 2 < 1
    wings = (side < 0.46) & (u < 0.16 - 0.62 * side) & (u > -0.04 - 0.38 * side)
    tail = (side < 0.18) & (u < -0.3 - 0.7 * side) & (u > -0.42 - 0.4 * side)
    engines = ((u - 0.06) / 0.07) ** 2 + ((side - 0.17) / 0.025) ** 2 < 1
    body = brightness * (1.0 - 2.2 * np.clip(v, -0.06, 0.06))
    return [(wings | tail, brightness * 0.93), (engines, brightness * 0.75), (fuselage, body)]


def ship(u: Array, v: Array, brightness: float) -> list[Piece]:
    """Hull with a pointed bow, hatches along the deck, and a bridge near the stern."""
    beam = 0.12 * np.sqrt(np.clip(1 - np.clip((u - 0.12) / 0.38, 0, 1) ** 2, 0, 1))
    hull = (np.abs(u) < 0.5) & (np.abs(v) < beam)
    hatches = hull & (np.abs(v) < 0.07) & (np.mod(u + 0.5, 0.13) < 0.085) & (u > -0.24) & (u < 0.3)
    bridge = (np.abs(u + 0.36) < 0.07) & (np.abs(v) < 0.085)
    return [(hull, brightness * 0.72), (hatches, brightness * 0.5), (bridge, brightness * 1.1)]


def oil_tank(u: Array, v: Array, brightness: float) -> list[Piece]:
    """A round tank: rim, roof, and the rim's shadow on a roof that floats lower."""
    radius = np.hypot(u, v)
    sunk = (radius < 0.43) & (np.hypot(u - 0.12, v) > 0.42)
    return [(radius < 0.5, brightness * 0.82), (radius < 0.44, brightness), (sunk, brightness * 0.55)]


SHAPES: dict[int, Callable[[Array, Array, float], list[Piece]]] = {AIRPLANE: airplane, SHIP: ship, OIL_TANK: oil_tank}
HEIGHT = {AIRPLANE: 0.08, SHIP: 0.05, OIL_TANK: 0.3}  # that casts the shadow, in lengths


def stamp(scene: Array, kind: int, pose: Pose, sun: float) -> Box:
    """Draw one object with its shadow into a scene (H x W x 3, changed in place) and return its box."""
    height, width = scene.shape[:2]
    offsets = (np.arange(SAMPLES) + 0.5) / SAMPLES
    y = np.arange(height)[:, None, None, None] + offsets[:, None]
    x = np.arange(width)[None, :, None, None] + offsets
    reach = pose.length * 1.2
    rows = slice(max(0, int(pose.y - reach)), min(height, int(pose.y + reach) + 2))
    columns = slice(max(0, int(pose.x - reach)), min(width, int(pose.x + reach) + 2))
    y, x = y[rows], x[:, columns]
    drop = HEIGHT[kind] * pose.length
    cast = _parts(kind, pose, x + drop * np.sin(sun), y - drop * np.cos(sun))
    window = scene[rows, columns]
    window *= (1 - 0.5 * np.any([mask for mask, _ in cast], axis=0).mean(axis=(2, 3)))[..., None]
    parts = _parts(kind, pose, x, y)
    for mask, light in parts:
        share = mask.mean(axis=(2, 3))
        bright = (mask * light).mean(axis=(2, 3))
        window[:] = window * (1 - share)[..., None] + bright[..., None]
    body = np.any([mask for mask, _ in parts], axis=0).mean(axis=(2, 3)) > 0.4
    found_rows, found_columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    left, top = columns.start, rows.start
    return (
        left + int(found_columns[0]),
        top + int(found_rows[0]),
        left + int(found_columns[-1]) + 1,
        top + int(found_rows[-1]) + 1,
    )


def _parts(kind: int, pose: Pose, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[Piece]:
    right, down = (x - pose.x) / pose.length, (y - pose.y) / pose.length
    u = right * np.cos(pose.heading) + down * np.sin(pose.heading)
    v = down * np.cos(pose.heading) - right * np.sin(pose.heading)
    return SHAPES[kind](u.astype(np.float32), v.astype(np.float32), pose.brightness)
