"""Options of Levir-CS are read from text, and what cannot be read is named."""

import numpy as np
import pytest

from bench.core.bands import Bands
from bench.core.errors import DataError
from tasks.datasets.levir_cs_options import LevirCSOptions


def test_text_becomes_numbers():
    read = LevirCSOptions.model_validate({"values": "0+64,255,", "ignored": "7,8", "bands": "3,2,1", "range": "0:1023"})
    assert (((0, 64), (255,), ()), (7, 8), (3, 2, 1), (0.0, 1023.0)) == (
        read.values, read.ignored, read.bands, read.range,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"values": "0,1"}, r"option values=0,1 cannot be read"),
        ({"values": "0,1,256"}, r"option values=0,1,256 cannot be read"),
        ({"bands": "red"}, r"option bands=red cannot be read"),
        ({"bands": "0,1,2"}, r"option bands=0,1,2 cannot be read"),
        ({"range": "5"}, r"option range=5 cannot be read"),
        ({"range": "5:5"}, r"range is LOW:HIGH, LOW below HIGH"),
        ({"bands": "1,2"}, r"2 bands need as many different names, got red,green,blue"),
        ({"bands": "1,2", "names": "red,red"}, r"2 bands need as many different names, got red,red"),
        ({"range": "0:9", "type": "uint16"}, r"leave out range or type"),
        ({"type": "float32"}, r"option type=float32 cannot be read"),
        (
            {"speed": "3"},
            r"data set levir-cs has no option 'speed': choose from values, ignored, bands, names, range, type",
        ),
    ],
)
def test_what_does_not_fit_is_named(generators, prepared, tmp_path, options, said):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw")
    with pytest.raises(DataError, match=said):
        prepared("levir-cs", source, tmp_path / "out", 64, **options)
    assert not (tmp_path / "out").exists()


def test_four_bands_of_16_bits_are_kept_as_they_are_with_their_names(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw", dtype="uint16")
    data = prepared(
        "levir-cs", source, tmp_path / "out", 64, bands="1,2,3,4", names="blue,green,red,nir", type="uint16"
    )
    assert (Bands(("blue", "green", "red", "nir"), "uint16"), 1) == (data.bands, data.dates)
    assert (4, np.uint16) == (data.images.shape[-1], data.images.dtype)
    ground = data.labels[0] == 0
    assert data.images[0][ground].tolist()[0][:3] in ([10, 20, 30], [100, 110, 120])


def test_names_of_bands_are_part_of_the_hash(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw")
    plain = prepared("levir-cs", source, tmp_path / "a", 64, bands="3,2,1")
    named = prepared("levir-cs", source, tmp_path / "b", 64, bands="3,2,1", names="red,green,nir")
    assert np.array_equal(plain.images, named.images)
    assert plain.hash != named.hash


def test_16_bits_are_not_promised_of_a_scene_of_8(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw")
    with pytest.raises(DataError, match="has bands of uint8, expected uint16: leave out --option type=uint16"):
        prepared("levir-cs", source, tmp_path / "out", 64, type="uint16")
