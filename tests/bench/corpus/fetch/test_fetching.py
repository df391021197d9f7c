"""Windows of images and land cover are read from an archive in parts, once, and are the same for everyone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rasterio
from archive import COVER_NAME
from data.archive_world import ITEMS, OFFSET, SCALE, lonlat
from running import COMMAND

from bench.corpus.fetch.manifest import read_manifest
from bench.corpus.storage.reader import Corpus

CLEAR, OTHER = ITEMS


def scenes(folder):
    return {path.name: path.read_bytes() for path in (folder / "scenes").iterdir()}


def test_a_window_holds_the_pixels_of_the_least_clouded_image_with_scale_and_offset(fetch, world, tmp_path):
    done = fetch("out")
    assert 0 == done.exit_code, done.output
    for taken in read_manifest(tmp_path / "out" / "fetch.json").places:
        assert CLEAR == taken.item
        column, row, width, height = taken.bands["red"].window
        with rasterio.open(tmp_path / "out" / "scenes" / f"{CLEAR}_{taken.name}.tif") as dataset:
            assert ("red", "green", "blue") == dataset.descriptions
            assert (SCALE,) * 3 == dataset.scales
            assert (OFFSET,) * 3 == dataset.offsets
            for number, band in enumerate(dataset.descriptions, start=1):
                with rasterio.open(world / CLEAR / f"{band}.tif") as whole:
                    expected = whole.read(1)[row : row + height, column : column + width]
                    assert whole.window_transform(((row, row + height), (column, column + width))) == dataset.transform
                np.testing.assert_array_equal(expected, dataset.read(number))
        with rasterio.open(tmp_path / "out" / "landcover" / taken.name / COVER_NAME) as dataset:
            west, south, east, north = dataset.bounds
            assert west < taken.lon < east
            assert south < taken.lat < north
        assert 1 == pytest.approx(sum(taken.shares.values()), abs=1e-5)


def test_less_than_a_twentieth_of_the_files_is_read(fetch, archive, world):
    done = fetch("out")
    assert 0 == done.exit_code, done.output
    whole = sum(path.stat().st_size for path in world.rglob("*.tif"))
    assert archive.sent < 0.05 * whole
    assert f"{sum(archive.asked.values())} requests, {archive.sent / 2**20:.1f} MiB read" in done.output


def test_where_the_clearest_image_is_clouded_the_next_one_is_taken(fetch, tmp_path):
    lon, lat = lonlat(300, 900)  # in the west, below the clouds of the first
    table = tmp_path / "west.csv"
    table.write_text(f"lon,lat\n{lon},{lat}\n")
    done = fetch("out", where=("--places", table))
    assert 0 == done.exit_code, done.output
    assert [OTHER] == [taken.item for taken in read_manifest(tmp_path / "out" / "fetch.json").places]


def test_places_that_no_image_shows_are_left_out_with_the_reason(fetch, tmp_path):
    table = tmp_path / "far.csv"
    (inside, edge) = lonlat(1000, 900), lonlat(20, 900)
    table.write_text(f"name,lon,lat\nhere,{inside[0]},{inside[1]}\nedge,{edge[0]},{edge[1]}\nfar,20,45\n")
    done = fetch("out", where=("--places", table))
    assert 0 == done.exit_code, done.output
    assert "1 places, 2 left out" in done.output
    assert "left out: edge: of 2 images none shows it" in done.output
    assert "left out: far: no image of 2021-05-01/2021-09-30 with at most 10% clouds" in done.output


def test_two_fetches_and_one_by_the_manifest_build_the_same_corpus(fetch, tmp_path):
    first = fetch("first", "--build")
    assert 0 == first.exit_code, first.output
    assert 0 == fetch("second", "--build", "--workers", 1).exit_code
    third = fetch("third", "--build", "--manifest", tmp_path / "first" / "fetch.json", where=())
    assert 0 == third.exit_code, third.output
    hashes = {Corpus.open(tmp_path / name / "corpus").hash for name in ("first", "second", "third")}
    assert 1 == len(hashes)
    assert scenes(tmp_path / "first") == scenes(tmp_path / "second") == scenes(tmp_path / "third")
    # Offset and scale of the items stand in the files, and are used once: reflectances of 0 to 0.3 are 0 to 255.
    corpus = Corpus.open(tmp_path / "first" / "corpus")
    tiles = {tile.tobytes() for tile in corpus.tiles(np.arange(len(corpus)))}
    for path in (tmp_path / "first" / "scenes").iterdir():
        with rasterio.open(path) as dataset:
            reflectance = dataset.read() * SCALE + OFFSET
        expected = np.clip(np.round(reflectance.transpose(1, 2, 0) / 0.3 * 255), 0, 255)
        assert any(np.abs(np.frombuffer(tile, np.uint8).reshape(128, 128, 3) - expected).max() <= 1 for tile in tiles)
    written = [(tmp_path / name / "fetch.json").read_bytes() for name in ("first", "second", "third")]
    assert 1 == len(set(written))


def test_a_fetch_that_failed_goes_on_without_reading_again(fetch, archive, tmp_path):
    archive.faults["busy"], archive.only = 10**6, "red.tif"
    failed = fetch("out", "--workers", 1)
    assert 2 == failed.exit_code or "failed" in str(failed.exception)
    archive.faults.clear()
    archive.faults["busy"], archive.only = 10**6, f"{CLEAR}/blue.tif"
    fetch("out", "--workers", 1)
    archive.faults.clear()
    assert 0 == fetch("out").exit_code
    assert not (tmp_path / "out" / ".fetch").exists()
    assert 0 == fetch("other").exit_code
    assert scenes(tmp_path / "out") == scenes(tmp_path / "other")


def test_what_is_done_is_not_asked_for_again(fetch, archive, tmp_path, monkeypatch):
    monkeypatch.setattr("bench.corpus.fetch.fetching.Fetch.finish", lambda *_: Path("nowhere"))
    assert 0 == fetch("out").exit_code
    before = sum(archive.asked.values())
    monkeypatch.undo()
    assert 0 == fetch("out").exit_code
    assert before == sum(archive.asked.values())
    assert (tmp_path / "out" / "fetch.json").exists()


def test_a_fetch_that_is_killed_goes_on(fetch, archive, tmp_path):
    imagery, cover = archive.sources(tmp_path / "sources")
    lon, lat = lonlat(1200, 1000)
    where = ["--around", f"{lon},{lat}", "--km", "3.8"]
    asked = [
        *where,
        "--source",
        imagery,
        "--landcover",
        cover,
        "--side",
        1280,
        "--workers",
        2,
        "--out",
        tmp_path / "out",
    ]
    begun = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "corpus", "fetch", *map(str, asked)], stdout=subprocess.DEVNULL
    )
    while not list((tmp_path / "out" / ".fetch").glob("*.place.json")):
        assert begun.poll() is None
        time.sleep(0.01)
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    kept = len(list((tmp_path / "out" / ".fetch").glob("*.place.json")))
    before = -1
    while before != archive.asked["search"]:  # the server still answers who is gone
        before = archive.asked["search"]
        time.sleep(0.2)
    done = fetch("out", where=where)
    assert 0 == done.exit_code, done.output
    places = len(read_manifest(tmp_path / "out" / "fetch.json").places)
    assert 9 == places
    # Two items are two pages of a search.
    assert 2 * (places - kept) == archive.asked["search"] - before
    assert 0 == fetch("other", where=where).exit_code
    assert scenes(tmp_path / "out") == scenes(tmp_path / "other")


def test_a_folder_that_was_begun_with_other_options_is_refused(fetch, archive):
    archive.faults["busy"], archive.only = 10**6, "blue.tif"
    fetch("out")
    archive.faults.clear()
    done = fetch("out", "--clouds", 50)
    assert "was begun with clouds 10.0, not 50.0: name another --out" in str(done.exception)


def test_freezing_keeps_the_manifest_alone_and_others_fetch_by_it(fetch, tmp_path):
    assert 0 == fetch("frozen", "--freeze").exit_code
    assert ["fetch.json"] == [path.name for path in (tmp_path / "frozen").iterdir()]
    assert 0 == fetch("out").exit_code
    assert (
        read_manifest(tmp_path / "frozen" / "fetch.json").digest
        == read_manifest(tmp_path / "out" / "fetch.json").digest
    )
    assert 0 == fetch("again", "--manifest", tmp_path / "frozen" / "fetch.json", where=()).exit_code
    assert scenes(tmp_path / "again") == scenes(tmp_path / "out")


def test_balance_takes_places_of_each_class_in_turn(fetch, tmp_path):
    table = tmp_path / "many.csv"
    everywhere = [lonlat(column, row) for row in (400, 1000, 1600) for column in range(150, 2000, 170)]
    table.write_text("lon,lat\n" + "".join(f"{lon},{lat}\n" for lon, lat in everywhere))
    many = ("--places", table)
    done = fetch(
        "out", "--tiles", 10, "--balance", "landcover", "--clouds", 100, "--window-clouds", 100, "--freeze", where=many
    )
    assert 0 == done.exit_code, done.output
    manifest = read_manifest(tmp_path / "out" / "fetch.json")
    classes = [max(taken.shares, key=taken.shares.get) for taken in manifest.places]
    assert {"artificial surfaces", "cultivated land", "forest", "grassland", "water bodies"} == set(classes)
    assert {2} == {classes.count(name) for name in classes}
    assert "landcover" == json.loads((tmp_path / "out" / "fetch.json").read_text())["asked"]["balance"]


def test_a_dry_run_asks_nobody_and_comes_near(fetch, archive, tmp_path):
    told = fetch("out", "--dry-run")
    assert 0 == told.exit_code, told.output
    assert not archive.asked
    assert not (tmp_path / "out").exists()
    assert "2 places: about 1 MiB would be read from 10 files or more" in told.output
    fetch("out")
    assert 0.5 < archive.sent / 2**20 < 2


def test_bands_of_one_file_and_a_mask_of_bits_are_a_matter_of_the_source(fetch, archive, world, tmp_path):
    """As NAIP, whose images hold all bands, and Landsat, whose quality layer has a bit a condition."""
    assert 0 == fetch("apart").exit_code
    with rasterio.open(world / CLEAR / "red.tif") as one:
        layout = {**one.profile, "count": 3, "interleave": "band"}
    with rasterio.open(world / "all.tif", "w", **layout) as dataset:
        for number, band in enumerate(("blue", "green", "red"), start=1):
            with rasterio.open(world / CLEAR / f"{band}.tif") as one:
                dataset.write(one.read(1), number)
    with rasterio.open(world / CLEAR / "scl.tif") as one:
        quality = np.where(one.read(1) == 9, 1 << 3, 1 << 6).astype(np.uint16)
        with rasterio.open(world / "quality.tif", "w", **(one.profile | {"dtype": "uint16"})) as dataset:
            dataset.write(quality, 1)
    said = [{"scale": SCALE, "offset": OFFSET}] * 3
    archive.changes = {
        "assets": {
            "image": {"href": f"{archive.root}/all.tif", "raster:bands": said},
            "quality": {"href": f"{archive.root}/quality.tif"},
        }
    }
    file = tmp_path / "sources" / "here.yaml"
    values = json.loads(file.read_text())
    values["bands"] = {"red": "image:3", "green": "image:2", "blue": "image:1"}
    values["mask"] = {"asset": "quality", "clouded_bits": [3, 4], "empty_bits": [0]}
    other = tmp_path / "sources" / "together.yaml"
    other.write_text(json.dumps(values | {"name": "together"}))
    done = fetch("together", "--source", other)
    assert 0 == done.exit_code, done.output
    apart, together = (read_manifest(tmp_path / name / "fetch.json") for name in ("apart", "together"))
    assert apart.digest == together.digest
    for path in (world / "all.tif", world / "quality.tif"):
        path.unlink()


def test_a_disk_without_room_is_found_before_anything_is_read(fetch, archive, monkeypatch):
    monkeypatch.setattr("bench.cli.corpus_fetch._free", lambda out: (out, 1000))
    done = fetch("out")
    assert "has 0 MiB free, about" in str(done.exception)
    assert not archive.asked


def test_two_fetches_are_not_mixed_in_one_folder(fetch, archive, tmp_path):
    assert 0 == fetch("out").exit_code
    before, asked = scenes(tmp_path / "out"), sum(archive.asked.values())
    for more in ((), ("--clouds", 50), ("--freeze",)):
        done = fetch("out", *more)
        assert "holds a fetch that has ended: name another --out" in str(done.exception)
    assert before == scenes(tmp_path / "out")
    assert asked == sum(archive.asked.values())
    # A folder that holds nothing but the manifest is where it is fetched by it.
    assert 0 == fetch("frozen", "--freeze").exit_code
    assert 0 == fetch("frozen", "--manifest", tmp_path / "frozen" / "fetch.json", where=()).exit_code
    assert before == scenes(tmp_path / "frozen")


def test_a_manifest_leaves_nothing_to_choose(fetch, archive, tmp_path):
    assert 0 == fetch("frozen", "--freeze").exit_code
    before = sum(archive.asked.values())
    for more in (("--tiles", 1), ("--bands", "red"), ("--dry-run",), ("--bbox", "3,45,3.1,45.1")):
        done = fetch("again", "--manifest", tmp_path / "frozen" / "fetch.json", *more, where=())
        assert f"{more[0]} is of a new fetch" in str(done.exception)
    assert before == sum(archive.asked.values())


def test_only_what_an_archive_declares_is_outside_the_image(fetch, tmp_path):
    """Sentinel-2 has no value 0 inside an image; in other archives it is black, or a class of land cover."""
    assert 0 == fetch("out").exit_code
    for path in (tmp_path / "out").rglob("*.tif"):
        with rasterio.open(path) as dataset:
            assert dataset.nodata is None
