"""The name that was meant: near enough, in the right place, and none where nothing is near."""

from pathlib import Path

import pytest

from bench.core.suggest import among, closest, file_meant, meant

METHODS = ["random", "geokr", "moco", "simclr", "landcover-segmentation"]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("geoker", "geokr"),
        ("GeoKR", "geokr"),
        ("SIMCLR", "simclr"),
        ("landcover_segmentation", "landcover-segmentation"),
        ("landcover segmentation", "landcover-segmentation"),
        ("geokr moco", "geokr,moco"),
        ("geokr; moco", "geokr,moco"),
        ("geokr nothing", None),
        ("transformer", None),
        ("", None),
    ],
)
def test_a_name_is_found_by_its_letters_whatever_their_case_and_separators(given, found):
    assert found == closest(given, METHODS)


def test_a_message_says_which_was_meant_and_where_all_are():
    assert "; did you mean geokr?" == meant("geoker", METHODS)
    assert "; did you mean geokr? (bench methods lists them)" == among("geoker", METHODS, "bench methods")
    assert "; did you mean nir? (choose from red, nir)" == among("nri", ["red", "nir"])
    assert ": choose from red, nir" == among("elevation", ["red", "nir"])
    assert ": choose from red, nir, <other>" == among("elevation", ["red", "nir"], more=["<other>"])


def test_of_nothing_known_nothing_is_offered():
    assert ": there is none" == among("elevation", [])


def test_a_missing_path_is_answered_with_its_nearest_neighbour(tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "weights.pth").touch()
    assert f" (did you mean {tmp_path / 'weights.pth'}?)" == file_meant(tmp_path / "wieghts.pth")
    assert f" (did you mean {tmp_path / 'records'}?)" == file_meant(tmp_path / "record" / "a.json")
    assert "" == file_meant(tmp_path / "weights.pth")
    assert "" == file_meant(tmp_path / "something else")
    assert "" == file_meant(Path("/nowhere at all/a/b"))
