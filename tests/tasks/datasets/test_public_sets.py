"""RESISC45, AID, WHU-RS19, LoveDA, iSAID, DIOR and OSCD are read as they are published, by description alone."""

import shutil

import numpy as np
import pytest

from bench.core.errors import DataError
from tasks import datasets
from tasks.protocols import load_protocol
from tasks.splits import divide


@pytest.fixture
def sets(generators):
    return generators("public_sets")


@pytest.mark.parametrize(
    ("name", "root", "classes", "protocol", "train"),
    [
        ("resisc45", "NWPU-RESISC45", 45, "resisc45/random-20-80", 0.2),
        ("aid", "AID", 30, "aid/random-50-50", 0.5),
        ("aid", "AID", 30, "aid/random-20-80", 0.2),
        ("whu-rs19", "WHU-RS19", 19, "whu-rs19/random-60-40", 0.6),
    ],
)
def test_scene_sets_have_their_classes_and_the_share_of_their_papers(
    sets, prepared, tmp_path, name, root, classes, protocol, train
):
    data = prepared(name, sets.write_scenes(tmp_path / "raw", name, root, 5), tmp_path / "out", 32)
    assert (classes, {5}) == (len(data.classes), set(data.class_counts.sum(axis=0).tolist()))
    parts = divide(load_protocol(protocol).split, data)
    assert round(train * 5 * classes) == len(parts.train)
    assert 5 * classes == len(parts.train) + len(parts.test)
    assert data.originals([0])[0].count("/") == 1


def test_a_copy_that_lacks_a_class_or_has_one_more_is_refused(sets, prepared, tmp_path):
    raw = sets.write_scenes(tmp_path / "raw", "aid", "AID")
    shutil.move(raw / "AID" / "Viaduct", raw / "AID" / "Volcano")
    with pytest.raises(DataError, match="class 'Volcano' is not under classes"):
        prepared("aid", raw, tmp_path / "a", 32)
    shutil.rmtree(raw / "AID" / "Volcano")
    with pytest.raises(DataError, match="has no image of class Viaduct"):
        prepared("aid", raw, tmp_path / "b", 32)


def test_capitals_of_a_folders_name_do_not_matter(sets, prepared, tmp_path):
    raw = sets.write_scenes(tmp_path / "raw", "whu-rs19", "WHU-RS19")
    (raw / "WHU-RS19" / "footballField").rename(raw / "WHU-RS19" / "FootballField")
    assert "footballField" in prepared("whu-rs19", raw, tmp_path / "out", 32).classes


def test_resisc45_by_torchgeos_lists_asks_for_the_published_ones(sets, prepared, tmp_path):
    data = prepared("resisc45", sets.write_scenes(tmp_path / "raw", "resisc45", "x"), tmp_path / "out", 32)
    with pytest.raises(DataError, match=r"resisc45-train.txt: get it from https://hf.co"):
        divide(load_protocol("resisc45/torchgeo").split, data)


@pytest.mark.parametrize("packed", [False, True])
def test_loveda_is_tested_on_its_validation_part(sets, prepared, tmp_path, packed):
    raw = sets.write_loveda(tmp_path / "raw")
    if packed:
        for part in ("Train", "Val", "Test"):
            shutil.make_archive(str(raw / part), "zip", raw, part)
            shutil.rmtree(raw / part)
    data = prepared("loveda", raw, tmp_path / "out", 64)
    assert {"train": 4, "test": 4} == {part: data.parts.count(part) for part in ("train", "test")}
    assert ["background", "agriculture"] == [data.classes[0], data.classes[-1]]
    assert [8 * 64 * 8] * 7 == data.class_counts.sum(axis=0).tolist()  # an eighth of the pixels is no data
    assert (np.asarray(data.labels[0]).ravel()[:8] == [255, 0, 1, 2, 3, 4, 5, 6]).all()
    parts = divide(load_protocol("loveda").split, data)
    assert (4, 0, 4) == (len(parts.train), len(parts.val), len(parts.test))
    if not packed:
        assert {"images of parts that are not asked for": 4} == data.index["found"]


def test_isaid_is_read_by_its_colours(sets, prepared, tmp_path):
    data = prepared("isaid", sets.write_isaid(tmp_path / "raw"), tmp_path / "out", 64)
    assert (["train", "train", "test"], 16) == (data.parts, len(data.classes))
    assert [3 * 64 * 4] * 16 == data.class_counts.sum(axis=0).tolist()
    assert (np.asarray(data.labels[0]).ravel()[:16] == range(16)).all()
    assert (0, 100, 155) == data.palette[15]


@pytest.mark.parametrize("packed", [False, True])
def test_dior_has_horizontal_boxes_and_the_parts_of_its_folders(sets, prepared, tmp_path, packed):
    raw = sets.write_dior(tmp_path / "raw")
    if packed:
        for part in ("JPEGImages-trainval", "JPEGImages-test", "Annotations"):
            shutil.make_archive(str(raw / part), "zip", raw, part)
            shutil.rmtree(raw / part)
    data = prepared("dior", raw, tmp_path / "out", 64)
    assert ["test"] * 2 + ["train"] * 4 == data.parts
    at = data.sources.index("trainval/00001")
    classes = datasets.get("dior").contents.classes[1::7]
    assert [[5 * n, 8, 5 * n + 4, 9, data.classes.index(name)] for n, name in enumerate(classes)] == data.label_at(
        at
    ).tolist()
    file = next((tmp_path / "raw").rglob("00001.xml"), None)
    if file is not None:
        horizontal = file.parent.parent / "Horizontal Bounding Boxes" / "00001.xml"
        horizontal.write_text(horizontal.read_text().replace("Expressway-Service-area", "expressway-service-area"))
        assert data.hash == prepared("dior", raw, tmp_path / "lower", 64).hash


def test_oscd_has_cities_of_its_lists(sets, prepared, tmp_path):
    data = prepared("oscd", sets.write_oscd(tmp_path / "raw"), tmp_path / "out", 40)
    assert (5, 2, 5 * 100) == (len(data), data.dates, data.class_counts[:, 1].sum())
    places = dict(zip(data.places, data.parts, strict=True))
    assert {"abudhabi": "train", "bercy": "train", "paris": "train", "dubai": "test", "rio": "test"} == places
    raw = tmp_path / "raw"
    shutil.rmtree(raw / "Onera Satellite Change Detection dataset - Images" / "rio")
    with pytest.raises(DataError, match=r"rio.*has no image|there is no image 'rio'"):
        prepared("oscd", raw, tmp_path / "less", 40)


@pytest.mark.parametrize("name", ["resisc45", "aid", "whu-rs19", "loveda", "isaid", "dior", "oscd"])
def test_a_public_set_says_where_it_is_from_and_is_not_synthetic(name):
    spec = datasets.get(name)
    assert spec.homepage.startswith("https://")
    assert spec.images > 20
    assert not spec.synthetic
