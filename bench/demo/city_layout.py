"""The plan of a demo city: streets, lots with buildings, parks, car parks, waste land, as label maps and reliefs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.demo.noise import Array, Cells, Shape, band, bricks
from bench.demo.textures import blobs, pixel_grid, roof

IMPERVIOUS, BUILDING, LOW_VEGETATION, TREE, CAR, CLUTTER = range(6)

STREET = 26.0  # width of a street, pixels
BLOCK = (226.0, 172.0)  # a block with its streets
LOT = (64.0, 60.0)  # a building lot, at least
SLOT = (11.0, 20.0)  # a place in a car park
CAR_SIZE = (7.0, 15.0)
STANDING = 0.5  # chance that a planned building stands at one date

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Town:
    """What a city is like.

    Attributes:
        houses: share of the blocks that are divided into lots; what the three leave is waste land.
        park: share of the blocks that are parks.
        car_park: share of the blocks that are car parks.
        built: share of the lots with a building.
        yard: width of the yard around a building, pixels, and how much wider it can be.
    """

    houses: float = 0.56
    park: float = 0.18
    car_park: float = 0.16
    built: float = 0.82
    yard: tuple[float, float] = (6, 9)


@dataclass(frozen=True)
class Layout:
    """Where everything lies in one image.

    Attributes:
        labels: class of each pixel, 0 impervious, 1 building, 2 low vegetation, 3 tree, 4 car, 5 clutter; H x W.
        roofs: relief of the buildings, H x W x 3, valid where the label is building.
        cars: relief of the cars, H x W x 3, valid where the label is car.
        crowns: height of the tree crowns in radii, H x W.
        crown_tone: each crown's own tone, H x W.
        markings: paint on streets and car parks, 0 or 1, H x W.
        raised: height above the ground that casts a shadow, pixels, H x W.
    """

    labels: NDArray[np.uint8]
    roofs: Array
    cars: Array
    crowns: Array
    crown_tone: Array
    markings: Array
    raised: Array


def plan(
    rng: np.random.Generator,
    shape: Shape,
    sun: float,
    date: np.random.Generator | None = None,
    town: Town = Town(),
) -> Layout:
    """Draw the plan of a city.

    Args:
        rng: source of everything that stays: streets, lots, trees.
        shape: height and width in pixels.
        sun: the light's azimuth.
        date: source of what one date decides, which buildings stand and where cars are; None for `rng`, and then
            every planned building stands.
        town: what the city is like.
    """
    angle = rng.uniform(0, np.pi / 2)
    x, y = pixel_grid(shape)
    bend = min(10.0, shape[0] / 48) * band(rng, shape, 300, 700)
    origin = rng.uniform(0, 500, 2)
    block = bricks(x + bend + origin[0], y + bend + origin[1], angle, BLOCK)
    street = (block.u < STREET) | (block.v < STREET)
    kind = block.uniform(rng)
    houses, park = kind < town.houses, (kind >= town.houses) & (kind < town.houses + town.park)
    waste = kind >= town.houses + town.park + town.car_park
    car_park = ~houses & ~park & ~waste

    labels = np.full(shape, LOW_VEGETATION, dtype=np.uint8)
    ragged = 5 * band(rng, shape, 12, 50)
    heart = np.minimum(
        np.minimum(block.u - STREET, block.width - block.u), np.minimum(block.v - STREET, block.height - block.v)
    )
    dumps = houses & (band(rng, shape, 40, 130) > 1.8)
    labels[(waste & (heart + ragged > 10)) | dumps] = CLUTTER
    labels[car_park & (heart > 4)] = IMPERVIOUS

    crowns, tone, wooded = _trees(rng, shape, park, houses)
    labels[wooded] = TREE

    lot = _lots(block)
    drive = houses & (np.abs(lot.u - lot.width * 0.2) < 5) & (lot.uniform(rng) < 0.5)
    labels[drive | street] = IMPERVIOUS
    built, roofs = roof(lot, town.yard[0] + town.yard[1] * lot.uniform(rng), rng, sun, angle)
    large, large_roofs = roof(_halves(block), 11 + 5 * block.uniform(rng), rng, sun, angle)
    built_small = (built > 0) & houses & (lot.uniform(rng) < town.built)
    built_large = (large > 0) & car_park & (_halves(block).uniform(rng) < 0.4)
    relief = np.where(built_large[..., None], large_roofs, roofs) + _roof_detail(rng, lot)
    building = (built_small | built_large) & ~street
    if date is not None:
        building &= lot.uniform(date) < STANDING
    labels[building] = BUILDING

    markings = _street_paint(block, street)
    bays, bay_paint = _parked(date or rng, block, car_park & (heart > 9) & ~building)
    traffic = _traffic(date or rng, block, street)
    labels[bays[1] | traffic[1]] = CAR
    cars = np.where(bays[1][..., None], car_relief(rng, bays[0]), car_relief(rng, traffic[0]))
    raised = np.where(building, 7.0, np.where(labels == TREE, 4.0 * crowns, 0.0)).astype(np.float32)
    return Layout(labels, relief, cars, crowns, tone, np.maximum(markings, bay_paint), raised)


def _trees(rng: np.random.Generator, shape: Shape, park: Mask, houses: Mask) -> tuple[Array, Array, Mask]:
    """Crowns of one size in a town, 8 to 16 pixels: groves in parks, smaller clumps between houses."""
    height, tone = blobs(rng, shape, rng.uniform(8.0, 16.0), rng.uniform(0.72, 0.84))
    clump = band(rng, shape, 60, 200)
    closed = ndimage.gaussian_filter((height > 0.02).astype(np.float32), 2.0) > 0.5
    return height, tone, closed & ((park & (clump > -0.2)) | (houses & (clump > 0.8)) | (clump > 1.7))


def _lots(block: Cells) -> Cells:
    """Building lots that fill each block."""
    return _divide(block, *(max(1, int((side - STREET) // lot)) for side, lot in zip(BLOCK, LOT, strict=True)))


def _halves(block: Cells) -> Cells:
    """Two halves of each block, for large buildings."""
    return _divide(block, 2, 1)


def _divide(block: Cells, columns: int, rows: int) -> Cells:
    width, height = (block.width - STREET) / columns, (block.height - STREET) / rows
    column = np.floor(np.maximum(block.u - STREET, 0) / width).astype(np.int64)
    row = np.floor(np.maximum(block.v - STREET, 0) / height).astype(np.int64)
    return Cells(
        block.row * rows + row,
        block.column * columns + column,
        block.u - STREET - column * np.float32(width),
        block.v - STREET - row * np.float32(height),
        width,
        height,
    )


def _roof_detail(rng: np.random.Generator, lot: Cells) -> Array:
    """Courses of tiles on some roofs, boxes of machinery on others, fine grain on all."""
    tiled = lot.uniform(rng) < 0.6
    along = lot.uniform(rng) < 0.5
    courses = 0.3 * tiled * np.sin(2 * np.pi * np.where(along, lot.u, lot.v) / 3.2)
    boxes = (np.mod(lot.u, 15) < 6) & (np.mod(lot.v, 17) < 6) & ~tiled
    relief = courses + 0.7 * boxes * np.sign(lot.draw(rng)) + 0.12 * band(rng, lot.u.shape, 2, 5)
    return np.asarray(relief[..., None], dtype=np.float32)


def _street_paint(block: Cells, street: Mask) -> Array:
    """Dashed centre lines."""
    across = (np.abs(block.u - STREET / 2) < 0.8) & (np.mod(block.v, 22) < 11) & (block.v > STREET)
    along = (np.abs(block.v - STREET / 2) < 0.8) & (np.mod(block.u, 22) < 11) & (block.u > STREET)
    return np.asarray(street & (across | along), dtype=np.float32)


def _parked(rng: np.random.Generator, block: Cells, where: Mask) -> tuple[tuple[Cells, Mask], Array]:
    """Cars in the bays of car parks, every second row of bays being a lane, and the bays' lines."""
    bay = bricks(block.u.astype(np.float64), block.v.astype(np.float64), 0.0, SLOT)
    bay = Cells(bay.row + block.row * 31, bay.column + block.column * 31, bay.u, bay.v, bay.width, bay.height)
    bays = where & (np.mod(np.floor(block.v / SLOT[1]), 2) == 0)
    taken = bays & (bay.uniform(rng) < 0.45) & inside(bay, *CAR_SIZE)
    return (bay, taken), (bays & (bay.u < 0.9)).astype(np.float32)


def _traffic(rng: np.random.Generator, block: Cells, street: Mask) -> tuple[Cells, Mask]:
    """Cars on both lanes of the streets of both directions."""
    upright = block.u < STREET
    position, side = np.where(upright, block.v, block.u), np.where(upright, block.u, block.v)
    slot = 26.0
    cell = Cells(
        block.row * 64 + np.floor(position / slot).astype(np.int64),
        block.column * 4 + 2 * upright + (side > STREET / 2),
        np.mod(side, STREET / 2),
        np.mod(position, np.float32(slot)),
        STREET / 2,
        slot,
    )
    crossing = (block.u < STREET) & (block.v < STREET)
    return cell, street & ~crossing & (cell.uniform(rng) < 0.2) & inside(cell, *CAR_SIZE)


def inside(cell: Cells, width: float, height: float) -> Mask:
    """Points within a centred rectangle of the cell."""
    near = (np.abs(cell.u - cell.width / 2) <= width / 2) & (np.abs(cell.v - cell.height / 2) <= height / 2)
    return np.asarray(near, dtype=np.bool_)


def car_relief(rng: np.random.Generator, cell: Cells) -> Array:
    """Body colour by car, and dark windows front and rear."""
    window = np.abs(np.abs(cell.v - cell.height / 2) - 3.6) < 1.3
    paint = 1.6 * cell.draw(rng)[..., None] + 0.8 * cell.draw(rng, 3)
    return np.asarray(np.where(window[..., None], -2.2, paint + 0.4), dtype=np.float32)
