"""A folder that nobody described is recognised by its names and annotations; what was guessed is said."""

import shutil

import pytest

from bench.core.errors import DataError
from tasks.datasets.described.recognising import recognise
from tasks.datasets.described.templates import Tree


@pytest.fixture
def own(generators):
    return generators("own_layouts")


@pytest.mark.parametrize(
    ("write", "kind", "images"),
    [
        ("write_classes", "classes", "{class}/{name}.jpg"),
        ("write_masks", "masks", "images/{place}_{x:d}_{y:d}.jpg"),
        ("write_voc", "boxes", "JPEGImages/{name}.jpg"),
        ("write_coco", "boxes", "images/{name}.png"),
        ("write_lines", "boxes", "images/{name}.png"),
        ("write_pairs", "pairs", "{part}/A/{name}.png"),
        ("write_table", "labels", "images/{name}.jpg"),
    ],
)
def test_each_kind_is_told_by_its_layout(own, tmp_path, write, kind, images):
    found = recognise(Tree.of(getattr(own, write)(tmp_path)), {}).contents
    assert (kind, images) == (found.kind, found.dates[0].text)


def test_parts_above_the_classes_are_parts_and_a_validation_part_is_tested_on_where_there_is_no_other(own, tmp_path):
    for part in ("train", "valid"):
        own.write_classes(tmp_path, 2, part=part)
    found = recognise(Tree.of(tmp_path), {})
    assert "{part}/{class}/{name}.jpg" == found.contents.images
    assert {"train": ["train"], "test": ["valid"]} == found.contents.parts
    assert ["there is no test part: the validation part is tested on"] == found.guesses


def test_lists_beside_the_images_are_taken(own, tmp_path):
    raw = own.write_voc(tmp_path)
    (raw / "ImageSets" / "Main").mkdir(parents=True)
    (raw / "ImageSets" / "Main" / "train.txt").write_text("00000\n00001\n")
    (raw / "ImageSets" / "Main" / "test.txt").write_text("00002\n")
    lists = recognise(Tree.of(raw), {}).contents.lists
    assert {"train": "ImageSets/Main/train.txt", "test": "ImageSets/Main/test.txt"} == lists


def test_masks_beside_their_images_are_told_by_the_ends_of_names(own, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=2)
    together = tmp_path / "together"
    together.mkdir()
    for file in raw.rglob("*.*"):
        ending = "_mask" if file.parent.name == "masks" else "_sat"
        shutil.copy(file, together / f"{file.stem}{ending}{file.suffix}")
    found = recognise(Tree.of(together), {}).contents
    assert ("{name}_sat.*", "{name}_mask.*") == (found.images, found.masks)


def test_names_of_classes_beside_the_masks_are_taken_and_unlabelled_is_no_class(own, tmp_path):
    raw = own.write_masks(tmp_path, places=2)
    (raw / "classes.json").write_text('{"classes": {"0": "ground", "1": "house", "255": "unlabeled"}}')
    found = recognise(Tree.of(raw), {})
    assert ["ground", "house"] == [each.name for each in found.contents.classes]
    assert [255] == found.contents.unlabelled
    assert [] == found.guesses


def test_text_before_a_number_is_no_place_where_it_may_be_a_class(own, tmp_path):
    raw = own.write_masks(tmp_path, places=2)
    for file in raw.rglob("*.*"):
        file.rename(file.with_name(file.name.replace("site0_", "ship_").replace("site1_", "port_")))
    assert "images/{name}.jpg" == recognise(Tree.of(raw), {}).contents.images


def test_names_that_cannot_be_classes_are_one_line(own, tmp_path):
    raw = own.write_masks(tmp_path, places=1)
    (raw / "classes.json").write_text('["ground\\u0007", "house"]')
    with pytest.raises(DataError, match=r"classes\.0\.name.*rename it") as refused:
        recognise(Tree.of(raw), {})
    assert "\n" not in str(refused.value)


def test_a_table_with_an_endless_cell_is_passed_over(own, tmp_path):
    raw = own.write_table(tmp_path)
    (raw / "a.csv").write_text("image,labels\n" + "x" * 200_000 + ",1\n")
    assert "labels.csv" == recognise(Tree.of(raw), {}).contents.table


def test_grey_levels_are_no_masks_and_no_layout_is_said(own, tmp_path):
    raw = own.write_masks(tmp_path / "a", places=1)
    for file in (raw / "masks").iterdir():
        shutil.copy(raw / "images" / f"{file.stem}.jpg", file.with_suffix(".jpg"))
        file.unlink()
    with pytest.raises(DataError, match="more than 64 values, as of grey levels"):
        recognise(Tree.of(raw), {})
    shutil.rmtree(raw / "masks")
    with pytest.raises(DataError, match="has no layout that is recognised"):
        recognise(Tree.of(raw), {})
    shutil.rmtree(raw / "images")
    with pytest.raises(DataError, match="holds no picture"):
        recognise(Tree.of(raw), {})
