"""The Major TOM grid: points of nearly equal distance all over the Earth (Francis and Czerkawski 2024, arXiv:2402.12095).

Rows lie at equal steps of latitude, at most `km` apart; each row is divided into equal steps of longitude, at most `km`
apart at its latitude. Places are the middles of the cells. Names count rows from the equator (U up, D down) and columns
from the meridian of Greenwich (R right, L left).
"""

import math
from collections.abc import Iterator

from bench.corpus.fetch.places import Place

RADIUS = 6378.137
"""Of the Earth at the equator, km."""


def rows(km: float) -> int:
    """Rows from pole to pole."""
    return math.ceil(math.pi * RADIUS / km)


def latitude(row: int, km: float) -> float:
    """Of the middle of a row, degrees."""
    return -90 + (row + 0.5) * 180 / rows(km)


def columns(row: int, km: float) -> int:
    """Columns of a row."""
    return max(1, math.ceil(2 * math.pi * RADIUS * math.cos(math.radians(latitude(row, km))) / km))


def longitude(row: int, column: int, km: float) -> float:
    """Of the middle of a cell, degrees."""
    return -180 + (column + 0.5) * 360 / columns(row, km)


def cell(row: int, column: int, km: float) -> Place:
    """One cell."""
    up, right = row - rows(km) // 2, column - columns(row, km) // 2
    name = f"{abs(up)}{'U' if up >= 0 else 'D'}_{abs(right)}{'R' if right >= 0 else 'L'}"
    return Place(name, round(longitude(row, column, km), 5), round(latitude(row, km), 5))


def cells(km: float) -> Iterator[Place]:
    """All of them, row by row from the south."""
    for row in range(rows(km)):
        for column in range(columns(row, km)):
            yield cell(row, column, km)
