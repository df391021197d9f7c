"""Public data sets are downloaded from their publishers, resumed, held against stated sums and prepared in one go."""

import dataclasses
import shutil

import pytest
from archive import serving
from click.testing import CliRunner
from data.eurosat import write_eurosat

import tasks.datasets
from bench.cli.data import data
from bench.core import files
from bench.core.errors import DataError
from bench.studies.inputs import list_prepared
from tasks.datasets.downloads import Downloads


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    monkeypatch.setattr("bench.core.web.LONGEST_PAUSE", 0.01)
    return tmp_path / "home"


@pytest.fixture
def server(home, tmp_path, monkeypatch):
    """EuroSAT's archive, tiny, behind a server; the spec names this address and its sum."""
    assert not home.exists()
    www = tmp_path / "www"
    write_eurosat(tmp_path / "raw", root="2750")
    www.mkdir()
    shutil.make_archive(str(www / "EuroSAT"), "zip", tmp_path / "raw")
    real = tasks.datasets.get("eurosat")
    with serving(www) as archive:
        given = Downloads(
            files={"EuroSAT.zip": f"{archive.root}/EuroSAT.zip"}, hosts=("127.0.0.1",), stated_by="a test"
        )
        spec = dataclasses.replace(real, downloads=given, md5={"EuroSAT.zip": files.md5(www / "EuroSAT.zip")})
        known = tasks.datasets.get
        monkeypatch.setattr(tasks.datasets, "get", lambda name: spec if name == "eurosat" else known(name))
        yield archive


def ask(*arguments, **options):
    return CliRunner().invoke(data, ["download", *arguments], **options)


def test_a_set_is_downloaded_and_prepared_once_its_licence_is_accepted(server, home):
    refused = ask("eurosat", input="n\n")
    assert "licence: MIT" in refused.output
    assert "cite: Helber" in refused.output
    assert not server.asked
    done = ask("eurosat", input="y\n")
    assert 0 == done.exit_code, done.output
    assert "EuroSAT.zip: MD5 as stated" in done.output
    assert ["eurosat"] == [name for name, _ in list_prepared(home)]


@pytest.mark.parametrize("fault", ["cut short", "busy"])
def test_a_download_that_breaks_goes_on_where_it_was(fault, server, home):
    server.faults[fault] = 4
    done = ask("eurosat", "--accept-licence", "--no-prepare")
    assert 0 == done.exit_code, done.output
    size = (home / "downloads" / "eurosat" / "EuroSAT.zip").stat().st_size
    # What was cut short is not sent again: halves of what was left, five times.
    assert size == server.sent
    assert 5 == server.asked["file"]


def test_a_download_that_was_given_up_goes_on_when_it_is_asked_for_again(server, home):
    server.faults["cut short"], server.faults["busy"] = 1, 0
    folder = home / "downloads" / "eurosat"
    folder.mkdir(parents=True)
    whole = (server.folder / "EuroSAT.zip").read_bytes()
    (folder / ".EuroSAT.zip.part").write_bytes(whole[:5000])
    done = ask("eurosat", "--accept-licence", "--no-prepare")
    assert 0 == done.exit_code, done.output
    assert whole == (folder / "EuroSAT.zip").read_bytes()
    assert len(whole) - 5000 == server.sent


def test_a_file_that_is_whole_already_is_taken_as_it_is(server, home):
    for _ in range(2):
        assert 0 == ask("eurosat", "--accept-licence", "--no-prepare").exit_code
    assert 1 == server.asked["file"]
    folder = home / "downloads" / "eurosat"
    (folder / "EuroSAT.zip").rename(folder / ".EuroSAT.zip.part")
    assert 0 == ask("eurosat", "--accept-licence", "--no-prepare").exit_code


def test_a_file_of_another_sum_is_told_and_deleted(server, home):
    assert not server.asked
    folder = home / "downloads" / "eurosat"
    folder.mkdir(parents=True)
    (folder / ".EuroSAT.zip.part").write_bytes(b"something else")
    done = ask("eurosat", "--accept-licence")
    assert isinstance(done.exception, DataError)
    assert "gave a file of MD5" in str(done.exception)
    assert "it is deleted, try again" in str(done.exception)
    assert not list(folder.iterdir())
    assert 0 == ask("eurosat", "--accept-licence").exit_code


@pytest.mark.parametrize("name", ["potsdam", "vaihingen", "aid", "oscd", "demo-city", "torchgeo:LoveDA"])
def test_a_set_without_public_addresses_says_where_it_is(name):
    done = ask(name, "--accept-licence")
    assert isinstance(done.exception, DataError)
    assert f"{name} cannot be downloaded: " in str(done.exception)


def test_every_set_has_addresses_with_sums_or_says_why_not():
    for spec in tasks.datasets.registry.all().values():
        if spec.downloads is None:
            assert spec.synthetic or "http" in spec.by_hand or "form" in spec.by_hand, spec.name
        else:
            assert set(spec.downloads.files) <= set(spec.md5)
            assert all(url.startswith("https://") for url in spec.downloads.files.values())
