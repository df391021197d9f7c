"""The ground of the demo world: which land-cover class lies at a point, now and when the map was made.

A site is a patch of the planet around one scene. Its classes are a pure function of the coordinates, so that a scene
in any reference system and a land-cover raster on any grid look at the same ground.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bench.demo.noise import Array, band, brick_centres, bricks, generator, lookup

Codes = NDArray[np.uint8]
Metres = NDArray[np.float64]

# GlobeLand30's codes.
CULTIVATED, FOREST, GRASSLAND, SHRUBLAND, WETLAND, WATER = 10, 20, 30, 40, 50, 60
ARTIFICIAL, BARE, SNOW, SEA, NO_DATA = 80, 90, 100, 255, 0

MADE_BY_PEOPLE = (CULTIVATED, ARTIFICIAL)

# What a place was when the map was made, by what it is now: fields built over, forest cleared, wetland drained.
EARLIER = {
    CULTIVATED: GRASSLAND,
    FOREST: SHRUBLAND,
    GRASSLAND: FOREST,
    SHRUBLAND: GRASSLAND,
    WETLAND: WATER,
    WATER: WETLAND,
    ARTIFICIAL: CULTIVATED,
    BARE: GRASSLAND,
    SNOW: BARE,
    SEA: WATER,
}
CHANGED_SHARE = 0.05

FIELD = 512  # samples along one side of a periodic field
PIXELS_A_SAMPLE = 4  # scene pixels between two samples of a field


@dataclass(frozen=True)
class Site:
    """One scene's place on the planet.

    Attributes:
        name: name of the scene and root of its random streams.
        lon: longitude of the centre, degrees.
        lat: latitude of the centre, degrees north.
        resolution: pixel size of the scene, metres.
        mix: (land-cover code, share of the area) pairs.
        epsg: reference system of the scene; None for the UTM zone of its centre.
        held_out: kept out of the pretraining corpus.
    """

    name: str
    lon: float
    lat: float
    resolution: float
    mix: tuple[tuple[int, float], ...]
    epsg: int | None = None
    held_out: bool = False

    @property
    def zone(self) -> int:
        """UTM zone of the centre, 1 to 60."""
        return int((self.lon + 180) // 6) + 1

    @property
    def utm(self) -> int:
        """EPSG code of the northern UTM zone of the centre: the site's home coordinates."""
        return 32600 + self.zone


class Ground:
    """The classes of one site, by home coordinates (metres in the site's UTM zone)."""

    def __init__(self, seed: int, site: Site) -> None:
        self.site = site
        self._seed = seed
        self._codes = np.array([code for code, _ in site.mix], dtype=np.uint8)
        self._shares = np.array([share for _, share in site.mix])
        rng = generator(seed, site.name, "layout")
        self._angle = rng.uniform(0, np.pi / 2)
        self._shift = rng.random(64, dtype=np.float32)
        self._parcel = site.resolution * rng.uniform(55, 75)

    def now(self, x: Metres, y: Metres) -> Codes:
        """Land-cover codes as an image taken today shows them; same shape as `x` and `y`."""
        cell = bricks(x, y, self._angle, (self._parcel, self._parcel * 0.7), self._shift)
        parcel = self._position(*brick_centres(cell, self._angle, self._shift))
        point = self._position(x, y)
        best = np.full(x.shape, -np.inf, dtype=np.float32)
        codes = np.zeros(x.shape, dtype=np.uint8)
        for code, field, bias in zip(self._codes, self._fields, self._biases, strict=True):
            score = lookup(field, *(parcel if code in MADE_BY_PEOPLE else point)) + bias
            codes[score > best] = code
            best = np.maximum(best, score)
        return codes

    def mapped(self, x: Metres, y: Metres) -> Codes:
        """Land-cover codes as the older map has them: about 5% of the ground has changed since."""
        earlier = np.zeros(256, dtype=np.uint8)
        earlier[list(EARLIER)] = list(EARLIER.values())
        today = self.now(x, y)
        changed = lookup(self._change, *self._position(x, y)) > 0
        return np.where(changed, earlier[today], today).astype(np.uint8)

    def _position(self, x: Metres, y: Metres) -> tuple[Metres, Metres]:
        sample = self.site.resolution * PIXELS_A_SAMPLE
        return y / sample, x / sample

    @cached_property
    def _fields(self) -> list[Array]:
        shape = (FIELD, FIELD)
        return [band(generator(self._seed, self.site.name, "class", int(c)), shape, 9, 90, 0.7) for c in self._codes]

    @cached_property
    def _biases(self) -> NDArray[np.float32]:
        """Offsets of the class scores that give the asked shares over the whole field, by fixed-point steps."""
        fields = np.stack(self._fields)[:, ::4, ::4].reshape(len(self._codes), -1)
        bias = np.log(self._shares)
        for _ in range(25):
            winner = np.argmax(fields + bias[:, None], axis=0)
            actual = np.bincount(winner, minlength=len(bias)) / winner.size
            bias += 0.6 * np.log(self._shares / np.maximum(actual, 1e-3))
        return np.asarray(bias - bias.mean(), dtype=np.float32)

    @cached_property
    def _change(self) -> Array:
        field = band(generator(self._seed, self.site.name, "change"), (FIELD, FIELD), 10, 50, 0.7)
        return np.asarray(field - np.quantile(field, 1 - CHANGED_SHARE), dtype=np.float32)
