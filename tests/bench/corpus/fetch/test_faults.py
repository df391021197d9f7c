"""What archives do wrong: waited for where it passes, told in one line where it does not, and never trusted."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from data.archive_world import BANDS, CRS, ITEMS

from bench.corpus.fetch.manifest import read_manifest

CLEAR = next(iter(ITEMS))


def refused(done):
    """The line that a user reads; nothing that is not meant for one."""
    assert done.exception is not None, done.output
    assert "BenchError" in [each.__name__ for each in type(done.exception).__mro__], repr(done.exception)
    text = str(done.exception)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("fault", ["busy", "cut short"])
def test_what_passes_is_waited_for(fault, fetch, archive, tmp_path):
    archive.faults[fault] = 4
    done = fetch("out", "--workers", 1)
    assert 0 == done.exit_code, done.output
    assert 0 == archive.faults[fault]
    assert 2 == len(read_manifest(tmp_path / "out" / "fetch.json").places)


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        ("busy", "cannot be read \\(answers 503\\): try again later; what is done is kept"),
        ("cut short", "cannot be read \\(.*\\): try again later"),
        ("no ranges", "gives more than the 32,768 bytes that are read: refused"),
        ("other bytes", "gives other bytes .* than were asked for, bytes=0-32767"),
        ("etag", "was changed while it was read: fetch again"),
    ],
)
def test_what_does_not_pass_is_told_in_one_line(fault, line, fetch, archive, tmp_path):
    import re

    archive.faults[fault], archive.only = 10**6, f"{CLEAR}/green.tif"
    text = refused(fetch("out"))
    assert re.search(line, text), text
    assert "0 of 2 places are done" in text
    assert not (tmp_path / "out" / "fetch.json").exists()


def test_a_file_that_changed_since_it_was_frozen_is_named(fetch, archive, tmp_path, world):
    assert 0 == fetch("first").exit_code
    path = world / CLEAR / "green.tif"
    kept = path.read_bytes()
    try:
        path.write_bytes((world / CLEAR / "blue.tif").read_bytes())
        text = refused(fetch("again", "--manifest", tmp_path / "first" / "fetch.json", where=()))
    finally:
        path.write_bytes(kept)
    assert f"item {CLEAR}: {archive.root}/{CLEAR}/green.tif holds other pixels than when the manifest was made" in text
    assert "version " in text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"id": "../../etc/passwd"}, "gives an item called '../../etc/passwd', which makes no file's name: refused"),
        ({"id": "a..b"}, "which makes no file's name: refused"),
        ({"href": "https://example.org/red.tif"}, "source here lists 127.0.0.1 and not example.org"),
        ({"href": "http://example.org/red.tif"}, "is not read: only https is"),
        ({"href": "file:///etc/passwd"}, "file:///etc/passwd is not read: only https is"),
        ({"href": "/vsicurl/http://example.org/red.tif"}, "is not there (answers 404)"),
        ({"href": "ftp://127.0.0.1/red.tif"}, "is not read: only https is"),
        ({"href": "http://me:secret@127.0.0.1/red.tif"}, "is no address that is read"),
        ({"href": "moved/red.tif"}, "http://example.org/elsewhere.tif is not read: only https is"),
        ({"raster:bands": []}, "does not declare scale and offset of band red, as its collection does"),
        ({"href": None}, "has no asset 'red'"),
        ({"assets": "none"}, "has no asset 'red'"),
        ({"assets": [1]}, "has no asset 'red'"),
        ({"properties": None, "id": "a b"}, "gives an item called 'a b'"),
        ({"clouds": "many"}, "item S2B_T31TDK_20210714T104021_L2A of here: clouds"),
    ],
)
def test_items_are_not_trusted(changes, line, fetch, archive, tmp_path):
    said = [{"scale": 0.0001, "offset": -0.1}]
    if {"id", "assets", "properties"} & set(changes):
        archive.changes = changes
    elif "clouds" in changes:
        archive.changes = {"properties": {"datetime": "2021-07-14", "eo:cloud_cover": changes["clouds"]}}
    else:
        asset = {"href": f"{archive.root}/{CLEAR}/red.tif", "raster:bands": said} | changes
        archive.changes = {"assets": dict.fromkeys((*BANDS, "scl"), asset)}
    text = refused(fetch("out"))
    assert line in text
    left = {path.name for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert left <= {"asked.json"}


def test_a_header_that_claims_too_much_is_refused_before_a_pixel_is_read(fetch, archive, world):
    path = world / "huge.tif"
    layout = {"driver": "GTiff", "width": 3_000_000, "height": 3_000_000, "count": 1, "dtype": "uint16"}
    place = {"crs": CRS, "transform": Affine(10, 0, 510_000, 0, -10, 5_010_240)}
    tiled = {"tiled": True, "blockxsize": 16384, "blockysize": 16384, "sparse_ok": True, "bigtiff": "yes"}
    with rasterio.open(path, "w", **layout, **place, **tiled) as dataset:
        dataset.write(np.ones((1, 1), np.uint16), 1, window=((0, 1), (0, 1)))
    asset = {"href": f"{archive.root}/huge.tif", "raster:bands": [{"scale": 0.0001, "offset": -0.1}]}
    archive.changes = {"assets": dict.fromkeys((*BANDS, "scl"), asset)}
    assert "claims 3000000 x 3000000 x 1 values: refused" in refused(fetch("out"))
    path.unlink()


def test_a_server_that_drips_is_left(fetch, monkeypatch):
    monkeypatch.setattr("bench.core.web.DEADLINE", -1.0)
    monkeypatch.setattr("bench.core.web.LEAST_SPEED", 10**12)
    assert "cannot be read" in refused(fetch("out"))


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (["--bbox", "1,2,3,4"], "--places, --manifest"),
        (["--season", "2021-13/2021-14"], "months are 01 to 12"),
        (["--season", "2021-09/2021-05"], "ends before it begins"),
        (["--season", "summer"], "give the first and the last month or day"),
        (["--bands", "red,infrared"], "source here has no band 'infrared': choose from red, green, blue"),
        (["--bands", "red,red"], "name each band once"),
        (["--epoch", "1999"], "source cover-here has no year 1999: choose from 2021"),
        (["--side", "5"], "windows have 20 to 50,000 metres"),
        (["--tiles", "3"], "--tiles 3: there are 2 places"),
        (["--balance", "landcover"], "give both, and no --manifest"),
        (["--freeze", "--build"], "--freeze keeps no pixels to build from"),
        (["--km", "5"], "--km is of --around"),
        (["--seed", "1"], "--seed is of --balance"),
        (["--manifest", "nowhere.json"], "is of a new fetch: a manifest says it all"),
        (["--source", "nowhere"], "unknown source 'nowhere'"),
        (["--source", "esa-worldcover"], "is not one of imagery"),
    ],
)
def test_bad_options_are_refused_before_anyone_is_asked(more, line, fetch, archive):
    text = refused(fetch("out", *more))
    assert line.split(", ")[0] in text
    assert not archive.asked


def test_a_strangers_manifest_says_neither_names_nor_hosts(fetch, archive, tmp_path):
    import json

    assert 0 == fetch("first", "--freeze").exit_code
    text = (tmp_path / "first" / "fetch.json").read_text()

    def changed(change):
        values = json.loads(text)
        change(values)
        (tmp_path / "bad.json").write_text(json.dumps(values))
        return refused(fetch("again", "--manifest", tmp_path / "bad.json", where=()))

    def place(**changes):
        return lambda values: values["places"][0].update(changes)

    def red(**changes):
        return lambda values: values["places"][0]["bands"]["red"].update(changes)

    for name in ("../evil", "a/b", "a..b", "", "a\u202e"):
        assert "String should match pattern" in changed(place(name=name))
        assert "String should match pattern" in changed(place(item=name))
    assert "window" in changed(red(window=[-1, 0, 128, 128]))
    assert "window" in changed(red(window=[0, 0, 10**6, 10**6]))
    assert "is smaller than when the manifest was made" in changed(red(window=[2000, 0, 128, 128]))
    assert "not example.org" in changed(red(href="https://example.org/red.tif"))
    # Hosts are those of the source's file here, whatever the manifest lists.
    before = sum(archive.asked.values())

    def elsewhere(values):
        values["source"]["hosts"] = ["example.org"]
        red(href="https://example.org/red.tif")(values)

    assert "source here lists 127.0.0.1 and not example.org" in changed(elsewhere)
    (tmp_path / "sources" / "here.yaml").unlink()
    assert "it is you who says which hosts are asked" in changed(lambda _: None)
    assert before <= sum(archive.asked.values())
