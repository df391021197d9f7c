"""Draws the shipped list of places, and a map of it.

    pip install timezonefinder global-land-mask
    python -m benchmarks.places configs/places/majortom-2000.csv docs/places.svg

Cells of the 10 km Major TOM grid on land, by the land mask and the time zones that these two packages carry: zones name
continents. Continents take turns, and in each its bands of 15 degrees of latitude do, as often as the square root of
their land says: between equal bands, which would crowd arctic islands, and equal land, which would leave out narrow
ones. Any beginning of the list is balanced as the whole is. Nothing of land cover is looked at, or claimed.
"""

import csv
from collections import defaultdict
from pathlib import Path

import click
import numpy as np

from bench.corpus.fetch import grid

KM, SEED, COUNT, BAND = 10.0, 2024, 2000, 15
# Where Sentinel-2 is acquired everywhere and ESA WorldCover maps.
SOUTH, NORTH = -56.0, 78.0
# Candidates of each band; cells of a band are so many more.
CANDIDATES = 4000
SOUTH_AMERICA = frozenset(
    [
        "Bogota",
        "Caracas",
        "Guyana",
        "Paramaribo",
        "Cayenne",
        "La_Paz",
        "Lima",
        "Guayaquil",
        "Asuncion",
        "Montevideo",
        "Santiago",
        "Punta_Arenas",
        "Coyhaique",
        "Noronha",
        "Belem",
        "Fortaleza",
        "Recife",
        "Araguaina",
        "Maceio",
        "Bahia",
        "Sao_Paulo",
        "Campo_Grande",
        "Cuiaba",
        "Santarem",
        "Porto_Velho",
        "Boa_Vista",
        "Manaus",
        "Eirunepe",
        "Rio_Branco",
    ]
)
CONTINENTS = {
    "Africa": "Africa",
    "Asia": "Asia",
    "Europe": "Europe",
    "Arctic": "Europe",
    "Australia": "Oceania",
    "Pacific": "Oceania",
}


def continent(zone: str | None) -> str | None:
    """Where a time zone lies; None on the sea and on islands far from land."""
    first, _, rest = (zone or "").partition("/")
    if first == "America":
        south = rest in SOUTH_AMERICA or rest.startswith("Argentina/")
        return "South America" if south else "North America"
    return CONTINENTS.get(first)


def draw() -> list[tuple[str, grid.Place]]:
    """Continent and place, in the order of the list."""
    from global_land_mask import globe
    from timezonefinder import TimezoneFinder

    random = np.random.default_rng(SEED)
    on_land: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in range(grid.rows(KM)):
        lat = grid.latitude(row, KM)
        if SOUTH <= lat <= NORTH:
            lons = np.array([grid.longitude(row, column, KM) for column in range(grid.columns(row, KM))])
            for column in np.flatnonzero(globe.is_land(np.full(len(lons), lat), lons)):
                on_land[int((lat + 90) // BAND)].append((row, int(column)))
    zones = TimezoneFinder(in_memory=True)
    strata: defaultdict[str, defaultdict[int, list[grid.Place]]] = defaultdict(lambda: defaultdict(list))
    for band, found in sorted(on_land.items()):
        for at in random.permutation(len(found))[:CANDIDATES]:
            place = grid.cell(*found[at], KM)
            where = continent(zones.timezone_at(lng=place.lon, lat=place.lat))
            if where:
                strata[where][band].append(place)
    weights = {
        (where, band): (len(places) * max(1.0, len(on_land[band]) / CANDIDATES)) ** 0.5
        for where, bands in strata.items()
        for band, places in bands.items()
    }
    used: defaultdict[tuple[str, int], int] = defaultdict(int)
    chosen: list[tuple[str, grid.Place]] = []
    while len(chosen) < COUNT:
        for where in sorted(strata):
            left = [band for band, places in strata[where].items() if places]
            if left and len(chosen) < COUNT:
                band = min(left, key=lambda each: ((used[where, each] + 1) / weights[where, each], each))
                used[where, band] += 1
                chosen.append((where, strata[where][band].pop()))
    return chosen


def picture(chosen: list[tuple[str, grid.Place]], path: Path) -> None:
    """All places by continent."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    for where in sorted({where for where, _ in chosen}):
        points = [place for each, place in chosen if each == where]
        axes.plot([p.lon for p in points], [p.lat for p in points], ".", ms=3, label=f"{where} ({len(points)})")
    axes.set(xlim=(-180, 180), ylim=(-60, 85), xlabel="longitude", ylabel="latitude", aspect="equal")
    axes.legend(loc="lower left", fontsize=7)
    figure.savefig(path)


@click.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.argument("map_path", metavar="MAP", type=click.Path(path_type=Path))
def main(table: Path, map_path: Path) -> None:
    """Draw, write the table, and its map."""
    chosen = draw()
    with table.open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "lon", "lat", "continent"])
        writer.writerows([place.name, place.lon, place.lat, where] for where, place in chosen)
    picture(chosen, map_path)


if __name__ == "__main__":
    main()
