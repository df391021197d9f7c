"""Places from boxes, files and the shipped list, the grid they are drawn from, and addresses of land cover."""

import csv
import math
from collections import Counter

import pytest

from bench.core.errors import CorpusError
from bench.corpus.fetch import grid, places, sources
from bench.corpus.fetch.fetching import MOST_LOOKS

DEGREE = 111_320


def metres(one, other):
    """Distance of two places that are near each other."""
    east = (other.lon - one.lon) * math.cos(math.radians((one.lat + other.lat) / 2))
    return DEGREE * math.hypot(east, other.lat - one.lat)


def test_windows_of_a_box_lie_side_by_side():
    found = places.in_box((3.0, 45.0, 3.1, 45.1), 2000)
    rows = Counter(place.name.partition("c")[0] for place in found)
    assert 6 == len(rows)  # 11.1 km
    first, second = found[:2]
    assert 2000 == pytest.approx(metres(first, second), rel=1e-3)
    above = next(place for place in found if place.name == "r0001c0000")
    assert 2000 == pytest.approx(DEGREE * (above.lat - first.lat), rel=1e-3)
    assert len(found) == len({place.name for place in found})


def test_a_square_has_its_point_in_the_middle():
    found = places.around(10, 60, 8, 2000)
    assert 16 == len(found)
    assert 60 == pytest.approx(sum(place.lat for place in found) / 16, abs=1e-6)
    assert 10 == pytest.approx(sum(place.lon for place in found) / 16, abs=1e-3)


@pytest.mark.parametrize("box", [(3, 45, 3, 46), (4, 45, 3, 46), (3, 46, 4, 45), (3, 45, 200, 46), (3, 80, 4, 90)])
def test_what_is_no_box_is_refused(box):
    with pytest.raises(CorpusError, match="is no box of west,south,east,north"):
        places.in_box(box, 2000)


def test_boxes_of_whole_continents_are_refused():
    with pytest.raises(CorpusError, match="more than 200,000 windows"):
        places.in_box((-10, 35, 40, 70), 1000)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x,y\n1,2\n", "must begin with a line of columns that has lon and lat"),
        ("lon,lat\none,2\n", "line 2: lon 'one' and lat '2' must be degrees"),
        ("lon,lat\n1\n", "line 2: lon '1' and lat None must be degrees"),
        ("lon,lat\n1,99\n", "line 2: 1, 99 is not within 180 and 84 degrees"),
        ("lon,lat\nnan,1\n", "is not within 180"),
        ("name,lon,lat\n../a,1,2\n", "line 2: name '../a' must be letters"),
        ("name,lon,lat\na,1,2\na,2,3\n", "two places are called 'a'"),
        ("lon,lat\n", "holds no place"),
    ],
)
def test_tables_that_are_none_are_refused(text, line, tmp_path):
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(CorpusError, match=line.replace("(", "\\(")):
        places.from_file(tmp_path / "p.csv")


def test_the_shipped_places_lie_on_the_grid_and_any_beginning_is_balanced_over_continents():
    found = places.from_file(places.shipped())
    assert 2000 == len(found)
    with places.shipped().open() as stream:
        continents = [row["continent"] for row in csv.DictReader(stream)]
    for count in (60, 500, 2000):
        shares = Counter(continents[:count])
        assert 6 == len(shares)
        assert 1 >= max(shares.values()) - min(shares.values())
    for place in found[::97]:
        row = round((place.lat + 90) * grid.rows(10) / 180 - 0.5)
        column = round((place.lon + 180) * grid.columns(row, 10) / 360 - 0.5)
        assert place == grid.cell(row, column, 10)


def test_cells_of_the_grid_are_at_most_so_far_apart_and_are_as_many_as_the_earth_holds():
    found = list(grid.cells(500))
    assert len(found) == len({place.name for place in found})
    area = 4 * math.pi * grid.RADIUS**2
    assert area / 500**2 == pytest.approx(len(found), rel=0.05)
    for row in range(grid.rows(500)):
        step = 2 * math.pi * grid.RADIUS * math.cos(math.radians(grid.latitude(row, 500))) / grid.columns(row, 500)
        assert step <= 500


@pytest.mark.parametrize(
    ("lon", "lat", "corner"),
    [
        (3.2, 48.9, "N48E003"),
        (-0.1, 51.5, "N51W003"),
        (-70.5, -33.4, "S36W072"),
        (0.0, 0.0, "N00E000"),
        (151.2, -0.1, "S03E150"),
    ],
)
def test_land_cover_lies_in_the_raster_of_its_lower_left_corner(lon, lat, corner):
    source = sources.land_cover("esa-worldcover")
    assert f"/v200/2021/map/ESA_WorldCover_10m_2021_v200_{corner}_Map.tif" in source.url(source.epoch(None), lon, lat)
    assert f"/v100/2020/map/ESA_WorldCover_10m_2020_v100_{corner}_Map.tif" in source.url(2020, lon, lat)


def test_a_box_over_a_corner_needs_four_rasters():
    source = sources.land_cover("esa-worldcover")
    assert 4 == len(source.urls_of(2021, (2.99, 47.99, 3.01, 48.01)))


def test_shipped_sources_name_hosts_that_hold_all_their_addresses():
    imagery, cover = sources.imagery("earth-search"), sources.land_cover("esa-worldcover")
    assert imagery.api.startswith(f"https://{imagery.hosts[0]}/")
    assert {"red", "green", "blue", "nir"} == set(imagery.bands)
    for url in cover.urls.values():
        assert url.startswith(f"https://{cover.hosts[0]}/")
    assert 1 < MOST_LOOKS
