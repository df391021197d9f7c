"""Footprints on the Earth against each other: how much of some lies under others, and which lie near.

A footprint is four corners in degrees, longitude before latitude, going round; corners that are not numbers say that a
place is not known. Footprints are some kilometres wide: each is seen in a plane of its own, in which a degree of latitude
is as long everywhere and one of longitude as the cosine of the latitude says.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Floats = NDArray[np.float64]

EARTH_KM = 6371.0088
"""Mean radius of the Earth (Moritz 2000, Geodetic Reference System 1980)."""

POINTS = 16
"""Points a side by which the covered share of a footprint is measured: a share is known to about half a percent."""

DENSEST = 256
"""Points a side of footprints that are much larger than those they are held against."""


def boxes(bounds: Floats) -> Floats:
    """Footprints of boxes.

    Args:
        bounds: `N x 4` west, south, east, north in degrees.

    Returns:
        `N x 4 x 2`.
    """
    west, south, east, north = np.asarray(bounds, dtype=np.float64).reshape(-1, 4).T
    east = np.where(east < west, east + 360, east)
    return np.stack(
        [np.stack(each, axis=-1) for each in ((west, north), (east, north), (east, south), (west, south))], 1
    )


def known(footprints: Floats) -> NDArray[np.bool_]:
    """Which footprints are known; `N`."""
    return np.asarray(np.isfinite(footprints).all(axis=(1, 2)))


def areas(footprints: Floats) -> Floats:
    """Area of each footprint in km2; `N`."""
    flat = _flat(footprints, footprints.mean(axis=1))
    x, y = flat[..., 0], flat[..., 1]
    return np.asarray(np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2)


def covered(footprints: Floats, others: Floats) -> Floats:
    """Share of each footprint that lies under any of the others, measured on a lattice of points.

    Args:
        footprints: `N x 4 x 2`, all known.
        others: `M x 4 x 2`, all known.

    Returns:
        `N` in [0, 1].
    """
    shares = np.zeros(len(footprints))
    if not len(others) or not len(footprints):
        return shares
    narrowest = 2 * float(_radii(others).min())
    for number, near in enumerate(_candidates(footprints, others, 0.0)):
        if not near:
            continue
        one = footprints[number]
        width = 2 * float(_radii(one[None])[0])
        points = int(np.clip(POINTS * width / max(narrowest, 1e-9) / 2, POINTS, DENSEST))
        centre = one.mean(axis=0)
        at = _lattice(_flat(one[None], centre[None])[0], points)
        inside = np.zeros(len(at), dtype=bool)
        for quad in _flat(others[near], np.broadcast_to(centre, (len(near), 2))):
            inside |= _inside(at, quad)
        shares[number] = inside.mean()
    return shares


def near(footprints: Floats, others: Floats, km: float) -> NDArray[np.bool_]:
    """Which footprints come as near as `km` to any of the others; one that is hardly farther away may be among them.

    Args:
        footprints: `N x 4 x 2`, all known; each counts as the circle round it.
        others: `M x 4 x 2`, all known.
        km: distance, 0 for those that touch.

    Returns:
        `N`.
    """
    found = np.zeros(len(footprints), dtype=bool)
    if not len(others) or not len(footprints):
        return found
    radii = _radii(footprints)
    for number, close in enumerate(_candidates(footprints, others, km)):
        if close:
            centre = footprints[number].mean(axis=0)
            quads = _flat(others[close], np.broadcast_to(centre, (len(close), 2)))
            found[number] = any(_distance(quad) <= km + radii[number] for quad in quads)
    return found


def _candidates(footprints: Floats, others: Floats, km: float) -> list[list[int]]:
    """Numbers of the others whose circle comes within `km` of each footprint's; a few more for the Earth is no sphere."""
    reach = (_radii(footprints) + float(_radii(others).max()) + km) * 1.01
    chords = 2 * np.sin(np.minimum(reach / EARTH_KM, np.pi) / 2)
    tree = cKDTree(_on_sphere(others.mean(axis=1)))
    return [list(each) for each in tree.query_ball_point(_on_sphere(footprints.mean(axis=1)), chords)]


def _on_sphere(lonlat: Floats) -> Floats:
    lon, lat = np.radians(lonlat).T
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _radii(footprints: Floats) -> Floats:
    """Distance of the farthest corner from the middle, in km; `N`."""
    flat = _flat(footprints, footprints.mean(axis=1))
    return np.asarray(np.hypot(flat[..., 0], flat[..., 1]).max(axis=1))


def _flat(footprints: Floats, centres: Floats) -> Floats:
    """Corners in km from a centre each, `N x 4 x 2`; longitudes are taken the short way round."""
    step = footprints - centres[:, None]
    step[..., 0] = (step[..., 0] + 180) % 360 - 180
    degree = np.radians(1.0) * EARTH_KM
    return np.asarray(step * degree * np.stack([np.cos(np.radians(centres[:, 1])), np.ones(len(centres))], -1)[:, None])


def _lattice(corners: Floats, points: int) -> Floats:
    """Middles of `points x points` cells across four corners; `P x 2`."""
    u, v = (each.ravel()[:, None] for each in np.meshgrid(*[(np.arange(points) + 0.5) / points] * 2))
    return np.asarray((1 - v) * ((1 - u) * corners[0] + u * corners[1]) + v * ((1 - u) * corners[3] + u * corners[2]))


def _sides(points: Floats, quad: Floats) -> NDArray[Any]:
    """On which side of each edge of a quadrilateral each point lies; `P x 4`, 0 on the edge."""
    edge = np.roll(quad, -1, axis=0) - quad
    away = points[:, None] - quad
    return np.asarray(edge[:, 0] * away[..., 1] - edge[:, 1] * away[..., 0])


def _inside(points: Floats, quad: Floats) -> NDArray[np.bool_]:
    side = _sides(points, quad)
    return np.asarray((side >= 0).all(axis=1) | (side <= 0).all(axis=1))


def _distance(quad: Floats) -> float:
    """Distance of the origin from a quadrilateral; 0 inside it."""
    if _inside(np.zeros((1, 2)), quad)[0]:
        return 0.0
    edge = np.roll(quad, -1, axis=0) - quad
    length = np.maximum((edge**2).sum(axis=1), 1e-18)
    along = np.clip(-(quad * edge).sum(axis=1) / length, 0, 1)
    return float(np.hypot(*(quad + along[:, None] * edge).T).min())
