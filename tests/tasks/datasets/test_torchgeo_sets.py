"""Data sets of TorchGeo are prepared by their class' name: kinds of labels, cited parts, red, green and blue by name."""

import importlib.util
import sys

import numpy as np
import pytest

from bench.core.errors import DataError, StudyError
from tasks import datasets
from tasks.datasets.torchgeo_sets import TorchGeoOptions
from tasks.protocols import load_protocol
from tasks.splits import divide

needs_torchgeo = pytest.mark.skipif(
    importlib.util.find_spec("torchgeo") is None,
    reason="TorchGeo is not installed; its releases from 0.9 on need Python 3.12",
)


@pytest.fixture
def layouts(generators):
    return generators("torchgeo_layouts")


@needs_torchgeo
def test_eurosat_by_longitude_is_red_green_and_blue_by_the_names_of_bands(layouts, prepared, tmp_path):
    raw = layouts.write_eurosat_spatial(tmp_path / "raw")
    with pytest.raises(DataError, match="say --option range=LOW:HIGH"):
        prepared("torchgeo:EuroSATSpatial", raw, tmp_path / "no", 64)
    data = prepared("torchgeo:EuroSATSpatial", raw, tmp_path / "out", 64, range="0:2550")
    assert {"train": 4, "val": 2, "test": 2} == {part: data.parts.count(part) for part in ("train", "val", "test")}
    assert list(layouts.EUROSAT) == data.classes
    at = next(at for at, name in enumerate(data.sources) if name.endswith("River_3"))
    assert ("val", 1) == (data.parts[at], data.labels[at])
    assert [40, 30, 20] == data.images[at, 5, 5].tolist()  # bands 4, 3 and 2 hold 403, 303 and 203
    parts = divide(load_protocol("torchgeo/eurosat-spatial").split, data)
    assert (4, 2, 2) == (len(parts.train), len(parts.val), len(parts.test))


@needs_torchgeo
def test_loveda_leaves_out_what_has_no_labels_and_no_data(layouts, prepared, tmp_path):
    data = prepared("torchgeo:LoveDA", layouts.write_loveda(tmp_path / "raw"), tmp_path / "out", 32)
    assert ["train", "train", "test", "test"] == data.parts
    assert ("background", "agriculture", 7) == (data.classes[0], data.classes[-1], len(data.classes))
    assert [255, 0, 1, 2, 3, 4, 5, 6] == data.labels[0][0, :8].tolist()
    assert {"samples without labels, left out": 2} == data.index["found"]
    assert "Train/Rural/images_png/1" == data.sources[0]


@needs_torchgeo
def test_resisc45_has_the_parts_of_its_lists(layouts, prepared, tmp_path):
    data = prepared("torchgeo:RESISC45", layouts.write_resisc45(tmp_path / "raw"), tmp_path / "out", 32)
    assert (["airplane", "wetland"], ["train"] * 4 + ["val"] * 2 + ["test"] * 2) == (data.classes, data.parts)


@needs_torchgeo
def test_dlrsd_has_any_number_of_labels(layouts, prepared, tmp_path):
    data = prepared("torchgeo:DLRSDMultilabel", layouts.write_dlrsd_multilabel(tmp_path / "raw"), tmp_path / "out", 32)
    assert ("multilabel", 17) == (data.label.kind, len(data.classes))
    assert [1, 1, 1, *[0] * 13, 3] == data.class_counts.sum(axis=0).tolist()


@needs_torchgeo
def test_levircd_and_oscd_are_pairs(layouts, prepared, tmp_path):
    levir = prepared("torchgeo:LEVIRCD", layouts.write_levircd(tmp_path / "levir"), tmp_path / "a", 32)
    assert (2, ["unchanged", "changed"], 3 * 64) == (levir.dates, levir.classes, levir.class_counts[:, 1].sum())
    oscd = prepared("torchgeo:OSCD", layouts.write_oscd(tmp_path / "oscd"), tmp_path / "b", 32, range="0:2550")
    assert ["train", "test"] == oscd.parts
    assert [40, 30, 20, 40, 30, 20] == oscd.images[0, 9, 9].tolist()
    assert [16, 16] == oscd.class_counts[:, 1].tolist()


@needs_torchgeo
def test_dior_has_boxes_and_its_validation_part_is_tested_where_the_test_part_has_none(layouts, prepared, tmp_path):
    data = prepared("torchgeo:DIOR", layouts.write_dior(tmp_path / "raw"), tmp_path / "out", 32)
    assert (20, ["train", "train", "test"]) == (len(data.classes), data.parts)
    assert [[2, 3, 12, 20, data.classes.index("windmill")]] == data.label_at(1).tolist()


@needs_torchgeo
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RESISC45", "finds nothing there"),
        ("Nonsense", "is unknown to this TorchGeo"),
        ("NAIP", "is one raster, not a set of images"),
    ],
)
def test_what_torchgeo_cannot_give_is_one_line(prepared, tmp_path, name, said):
    with pytest.raises(DataError, match=said) as refused:
        prepared(f"torchgeo:{name}", tmp_path, tmp_path / "out", 32)
    assert "\n" not in str(refused.value)


@needs_torchgeo
def test_a_broken_image_is_one_line(layouts, prepared, tmp_path):
    raw = layouts.write_loveda(tmp_path / "raw")
    (raw / "Train" / "Rural" / "images_png" / "1.png").write_bytes(b"\x89PNG broken")
    with pytest.raises(DataError, match="TorchGeo cannot read Train/Rural/images_png/1") as refused:
        prepared("torchgeo:LoveDA", raw, tmp_path / "out", 32)
    assert "\n" not in str(refused.value)


def test_without_torchgeo_it_is_said_how_to_install_it(prepared, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchgeo", None)
    monkeypatch.setitem(sys.modules, "torchgeo.datasets", None)
    with pytest.raises(DataError, match=r"geokr-bench\[torchgeo\]'; it needs Python 3.12"):
        prepared("torchgeo:LoveDA", tmp_path, tmp_path / "out", 32)


def test_any_class_has_a_name_of_its_own_and_options():
    spec = datasets.get("torchgeo:EuroSATSpatial")
    assert ("torchgeo:EuroSATSpatial", TorchGeoOptions) == (spec.name, spec.options)
    with pytest.raises(StudyError, match="write the name of a class"):
        datasets.get("torchgeo:os.system('x')")
    read = TorchGeoOptions.model_validate({"range": "0:3000", "channels": "4,3,2", "ignore": "0"})
    assert ((0, 3000), (4, 3, 2), [0]) == (read.range, read.channels, read.ignore)
    assert np.isfinite(read.range).all()
