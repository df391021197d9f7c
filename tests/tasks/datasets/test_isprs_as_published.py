"""ISPRS' labels as they were published: off the palette in two tiles, full and eroded side by side.

docs/data.md says where this was seen.
"""

import shutil

import numpy as np
import pytest
from running import bench

from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.prepared import Prepared


def _refused(prepared, name, source, out, *said, size=32, **options):
    with pytest.raises(DataError) as caught:
        prepared(name, source, out, size, **options)
    assert [] == [each for each in said if each not in str(caught.value)], str(caught.value)
    assert "\n" not in str(caught.value)
    assert not out.exists()


@pytest.fixture
def published(generators, tmp_path):
    return generators("isprs").write_published_potsdam(tmp_path / "raw")


def test_the_two_off_palette_labels_of_potsdam_are_prepared_exactly(generators, published, tmp_path):
    isprs = generators("isprs")
    out = tmp_path / "out"
    done = bench("data", "prepare", "potsdam", "--source", published, "--out", out)
    assert 0 == done.returncode, done.stderr
    assert "published data set has" not in done.stdout
    data = Prepared.open(out)
    assert 38 == len(data)
    for seed, name in enumerate(isprs.PUBLISHED_POTSDAM):
        classes = isprs.draw_pair(seed, 48, 64)[1]
        label = data.labels[data.sources.index(name)]
        assert np.array_equal(np.where(classes == 6, IGNORE, classes), label[:48, :64])
        assert (label[48:] == IGNORE).all()
        assert (label[:, 64:] == IGNORE).all()


def test_the_index_says_how_many_label_pixels_of_each_tile_were_snapped(generators, published, prepared, tmp_path):
    isprs = generators("isprs")
    data = prepared("potsdam", published, tmp_path / "out", 32, overlap=0.5)  # overlapping slices count a pixel once
    cars = isprs.draw_pair(isprs.PUBLISHED_POTSDAM.index("top_potsdam_6_7"), 48, 64)[1][1:] == isprs.CAR
    off = {"top_potsdam_6_7": int(cars.sum()), "top_potsdam_4_12": 48 * 64}
    assert off["top_potsdam_6_7"] > 0
    assert {name: off.get(name, 0) for name in isprs.PUBLISHED_POTSDAM} == data.index["snapped"]
    assert [sum(off.values())] == list(data.index["found"].values())


def test_labels_on_the_palette_keep_their_hash(generators, prepared, tmp_path):
    """Of the four tiles of `write_potsdam`, prepared by the version that matched colours exactly."""
    data = prepared("potsdam", generators("isprs").write_potsdam(tmp_path / "raw"), tmp_path / "out", 32)
    assert "9c45bdf1aebb63bd" == data.hash


def _write_label(generators, source, colours):
    path = source / "5_Labels_all" / "top_potsdam_2_10_label.tif"
    generators("isprs").write_tiff(path, np.asarray(colours, np.uint8))
    return path


def test_a_colour_that_no_class_has_is_refused_even_if_it_is_near_a_corner(generators, published, prepared, tmp_path):
    colours = np.zeros((48, 64, 3))
    colours[5, 6] = (250, 4, 251)
    colours[7, 8] = (0, 255, 0)
    path = _write_label(generators, published, colours)
    _refused(prepared, "potsdam", published, tmp_path / "out", str(path), "(250, 4, 251)")


def test_a_label_with_more_than_a_hundredth_of_doubtful_pixels_is_refused(generators, published, prepared, tmp_path):
    """48 x 64 pixels: 30 of them are 0.98%, 31 are 1.01%. The other two channels fit exactly."""
    colours = np.full((48, 64, 3), 255)
    colours[0, :30, 1] = 255 - 101
    _write_label(generators, published, colours)
    assert 30 == prepared("potsdam", published, tmp_path / "fine", 64).index["snapped"]["top_potsdam_2_10"]
    colours[0, :31, 1] = 255 - 101
    path = _write_label(generators, published, colours)
    _refused(prepared, "potsdam", published, tmp_path / "out", str(path), "1.0% of its pixels are more than 100")


def test_class_numbers_in_place_of_colours_are_not_read_as_boundary_everywhere(
    generators, published, prepared, tmp_path
):
    path = _write_label(generators, published, np.tile(np.arange(64)[None, :, None] % 6, (48, 1, 3)))
    _refused(prepared, "potsdam", published, tmp_path / "out", str(path), "no pixel of any class")


def test_full_labels_and_those_without_boundary_are_never_mixed(published, prepared, tmp_path):
    full = published / "5_Labels_all"
    eroded = published / "5_Labels_all_noBoundary"
    eroded.mkdir()
    for file in full.iterdir():
        shutil.copy(file, eroded / file.name.replace("_label", "_label_noBoundary"))
    (full / "top_potsdam_7_13_label.tif").unlink()
    _refused(prepared, "potsdam", published, tmp_path / "out", "top_potsdam_7_13 has no label", f"{full}/")
    shutil.rmtree(full)
    data = prepared("potsdam", published, tmp_path / "out", 64)
    assert "5_Labels_all_noBoundary" == data.index["labels"]


@pytest.fixture
def both(generators, tmp_path):
    """Vaihingen with full labels, and eroded ones that leave out the upper half of every mosaic."""
    isprs = generators("isprs")
    source = isprs.write_vaihingen(tmp_path / "raw")
    for seed, name in enumerate(isprs.VAIHINGEN):
        label = isprs.COLOURS[isprs.draw_pair(seed, 70 + 7 * seed, 90)[1]]
        label[:35] = 0
        folder = source / "ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE"
        isprs.write_tiff(folder / f"{name}_noBoundary.tif", label, transform=None, crs=None)
    return source


def test_a_protocol_says_which_labels_are_read_where_both_are_there(both, prepared, tmp_path):
    full, plain, eroded = (
        prepared("vaihingen", both, tmp_path / str(labels), 128, labels=labels) for labels in ("full", None, "eroded")
    )
    assert np.array_equal(full.labels, plain.labels)
    assert (eroded.labels[:, :35] == IGNORE).all()
    assert np.array_equal(eroded.labels[:, 35:], full.labels[:, 35:])
    assert ("full", "full", "eroded") == tuple(each.index["labelled"] for each in (full, plain, eroded))


def test_labels_that_are_not_there_or_that_a_set_does_not_have_are_refused(published, prepared, generators, tmp_path):
    _refused(prepared, "potsdam", published, tmp_path / "out", "5_Labels_all_noBoundary with labels", labels="eroded")
    scenes = generators("scene_folders").write_rsscn7(tmp_path / "scenes")
    _refused(prepared, "rsscn7", scenes, tmp_path / "out", "rsscn7 has one kind of label", labels="full")


def test_a_study_refuses_a_set_with_other_labels_than_its_protocol_asks_for(both, prepared, tmp_path):
    """Eroded sets lie beside the full ones, under a name of their own."""
    from bench.studies.inputs import Inputs, list_prepared
    from bench.studies.study import Study
    from tasks.protocols import load_protocol

    protocol = load_protocol("isprs/vaihingen-eroded-5")
    inputs = Inputs(print, tmp_path)
    assert tmp_path / "prepared" / "vaihingen-256-0.eroded" == inputs.prepared_folder("vaihingen", protocol.slices)
    folder = tmp_path / "prepared" / "vaihingen-128-0"
    prepared("vaihingen", both, folder, 128, labels="full")
    named = {"methods": ["random"], "backbones": ["resnet18"], "tasks": ["seg"]}
    study = Study(name="a", data={"vaihingen": str(folder)}, protocols={"seg": [protocol.id]}, **named)
    with pytest.raises(DataError, match=f"{folder} has full labels, protocol {protocol.id} is for eroded ones"):
        inputs.dataset(study, protocol)
    eroded = tmp_path / "prepared" / "vaihingen-128-0.eroded"
    prepared("vaihingen", both, eroded, 128, labels="eroded")
    assert eroded == inputs.dataset(study.model_copy(update={"data": {"vaihingen": str(eroded)}}), protocol).path
    assert {"vaihingen"} == {name for name, _ in list_prepared(tmp_path)}


def test_five_classes_leave_clutter_out_of_everything(both, prepared, tmp_path):
    from bench.core.errors import StudyError
    from tasks.protocols import load_protocol
    from tasks.scheme import Scheme

    data = prepared("vaihingen", both, tmp_path / "out", 128)
    five, six = (load_protocol("isprs/vaihingen-area").model_copy(update={"classes": count}) for count in (5, 6))
    assert data.classes[:5] == Scheme(five, data).classes
    assert IGNORE == Scheme(five, data).lookup[5]
    assert data.class_counts[:, :5].tolist() == Scheme(five, data).counts(data.class_counts).tolist()
    assert data.classes == Scheme(six, data).classes
    with pytest.raises(StudyError, match="isprs/vaihingen-area: classes is 7, the data set has 6"):
        Scheme(six.model_copy(update={"classes": 7}), data)


def test_an_incomplete_copy_says_so(published, tmp_path):
    (published / "2_Ortho_RGB" / "top_potsdam_7_13_RGB.tif").unlink()
    done = bench("data", "prepare", "potsdam", "--source", published, "--out", tmp_path / "out")
    assert "the published data set has 38 images, this copy 37" in done.stdout


def test_vaihingen_is_snapped_by_the_same_rule(generators, prepared, tmp_path):
    isprs = generators("isprs")
    source = isprs.write_vaihingen(tmp_path / "raw")
    classes = isprs.draw_pair(1, 77, 90)[1]
    label = isprs.COLOURS[classes]
    label[classes == isprs.CAR] = (252, 255, 3)
    folder = source / "ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE"
    isprs.write_tiff(folder / "top_mosaic_09cm_area2.tif", label, transform=None, crs=None)
    data = prepared("vaihingen", source, tmp_path / "out", 128)
    at = data.sources.index("top_mosaic_09cm_area2")
    assert np.array_equal(np.where(classes == 6, IGNORE, classes), data.labels[at][:77, :90])
    assert int((classes == isprs.CAR).sum()) == data.index["snapped"]["top_mosaic_09cm_area2"]
