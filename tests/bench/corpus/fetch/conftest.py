"""The archive of this machine, and `bench corpus fetch` of it."""

import pytest
from archive import serving
from click.testing import CliRunner
from data.archive_world import lonlat, write_world

from bench.cli.corpus import corpus


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Files of the archive, written once."""
    return write_world(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def archive(world, monkeypatch):
    """The archive behind a server; nobody waits long for it."""
    monkeypatch.setattr("bench.core.web.LONGEST_PAUSE", 0.01)
    with serving(world) as server:
        yield server


@pytest.fixture
def fetch(archive, tmp_path):
    """`bench corpus fetch` from the archive; by default of two windows of 1,280 m."""
    imagery, cover = archive.sources(tmp_path / "sources")
    table = tmp_path / "two.csv"
    table.write_text("name,lon,lat\n" + "".join(
        f"{name},{lon:.6f},{lat:.6f}\n" for name, (lon, lat) in (("a", lonlat(1000, 900)), ("b", lonlat(1300, 300)))
    ))  # fmt: skip

    def ask(out, *more, where=("--places", table)):
        side = ("--side", 1280) if where else ()  # a manifest has settled it
        asked = [*where, *side, "--source", imagery, "--landcover", cover, "--out", tmp_path / out, *more]
        return CliRunner().invoke(corpus, ["fetch", *map(str, asked)])

    return ask
