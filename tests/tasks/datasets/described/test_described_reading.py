"""Data sets that a YAML file describes are prepared as their files say, and refused where they do not fit."""

import hashlib

import numpy as np
import pytest
import rasterio
import yaml
from PIL import Image

from bench.core import files
from bench.core.errors import DataError, StudyError
from tasks.datasets import read_own
from tasks.prepared import Prepared
from tasks.protocol_parts import Slices


@pytest.fixture
def make(tmp_path):
    """Function that prepares a folder by its contents: `make(raw, size, kind="masks", ...)`."""
    count = iter(range(100))

    def prepare(raw, size, **contents):
        name = f"mine-{next(count)}"
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump({"name": name, "contents": contents}, sort_keys=False))
        with files.new_folder(tmp_path / f"out-{name}") as work:
            read_own(file).prepare(raw, work, Slices(size=size), lambda *_: None)
        return Prepared.open(tmp_path / f"out-{name}")

    return prepare


@pytest.fixture
def own(generators):
    return generators("own_layouts")


CLASSES = {"kind": "classes", "images": "{class}/{name}.jpg"}
MASKS = {
    "kind": "masks",
    "images": "images/{place}_{x:d}_{y:d}.jpg",
    "masks": "masks/{place}_{x:d}_{y:d}.png",
    "classes": [{"name": "ground", "value": 0}, {"name": "house", "value": 1}],
    "unlabelled": [255],
}
COCO = {"kind": "boxes", "images": "images/{name}.png", "boxes": "annotations/*.json", "format": "coco"}
VOC = {"kind": "boxes", "images": "JPEGImages/{name}.jpg", "boxes": "Annotations/{name}.xml", "format": "voc"}


def test_class_folders_give_their_classes_with_the_files_they_came_from(own, make, tmp_path):
    data = make(own.write_classes(tmp_path / "raw", 2), 32, **CLASSES)
    assert (["field", "town", "water"], [2, 2, 2]) == (data.classes, data.class_counts.sum(axis=0).tolist())
    assert "field/0" == data.sources[0]
    assert ["field/0.jpg"] == data.originals([0])
    assert np.abs(data.images[4].reshape(-1, 3).mean(axis=0) - own.COLOURS["water"]).max() < 25


def test_classes_are_named_ordered_and_joined_by_the_file(own, make, tmp_path):
    names = {"water": "wet", "town": "dry", "field": "dry"}
    data = make(own.write_classes(tmp_path / "raw", 2), 32, **CLASSES, classes=names)
    assert (["wet", "dry"], [2, 4]) == (data.classes, data.class_counts.sum(axis=0).tolist())
    with pytest.raises(DataError, match="class 'field' is not under classes: water, town"):
        make(tmp_path / "raw", 32, **CLASSES, classes={"water": "wet", "town": "dry"})


def test_masks_keep_places_and_leave_out_what_is_no_class(own, make, tmp_path):
    data = make(own.write_masks(tmp_path / "raw", places=3), 32, **MASKS)
    assert (3, 6, 24) == (len(set(data.places)), len(set(data.sources)), len(data))
    label = np.asarray(Image.open(tmp_path / "raw" / "masks" / "site1_1_0.png"))
    at = data.names.index("site1/1/0@32,0")
    assert (np.asarray(data.labels[at]) == label[:32, 32:]).all()
    assert 6 * 2 * 64 == 6 * 64 * 64 - data.class_counts.sum()


def test_a_value_that_is_no_class_is_refused_with_its_file(own, make, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=1)
    Image.fromarray(np.full((64, 64), 7, np.uint8)).save(raw / "masks" / "site0_1_0.png")
    with pytest.raises(DataError, match=r"site0_1_0.png has the value 7, which is no class"):
        make(raw, 64, **MASKS)


def test_masks_in_colours_are_read_by_them(own, make, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=1)
    for file in (raw / "masks").iterdir():
        values = np.asarray(Image.open(file))
        Image.fromarray(np.stack([values * 0, values * 0 + 9, values], axis=2)).save(file)
    classes = [{"name": "ground", "colour": "#000900"}, {"name": "house", "colour": "#000901"}]
    colours = {**MASKS, "classes": classes, "unlabelled": ["#0009ff"]}
    assert make(raw, 64, **colours).hash != make(raw, 64, **{**colours, "classes": classes[::-1]}).hash
    with pytest.raises(DataError, match="has the colour #0009ff, which is no class"):
        make(raw, 64, **{**colours, "unlabelled": []})


def test_voc_counts_pixels_from_one_and_coco_from_the_edge(own, make, tmp_path):
    voc = make(own.write_voc(tmp_path / "voc"), 64, **VOC)
    coco = make(own.write_coco(tmp_path / "coco"), 64, **COCO)
    drawn = own.objects(3, 64, np.zeros((64, 64, 3)))
    expected = [[*box[:4], ["boat", "car"].index(box[4])] for box in drawn]
    for data in (voc, coco):
        assert ["boat", "car"] == data.classes
        assert expected == data.label_at(data.sources.index("00003")).tolist()
    assert (12, 11) == (voc.class_counts.sum(), coco.class_counts.sum())
    assert 1 == coco.index["found"]["boxes of crowds left out"]
    assert 11 == make(tmp_path / "voc", 64, **VOC, difficult=False).class_counts.sum()


@pytest.mark.parametrize("shares", [True, False])
def test_lines_of_text_hold_corners_or_shares(own, make, tmp_path, shares):
    how = {"format": "yolo"} if shares else {"format": "corners", "first": 1}
    contents = {
        "kind": "boxes",
        "images": "images/{name}.png",
        "boxes": "labels/{name}.txt",
        "classes": ["boat", "car"],
    }
    data = make(own.write_lines(tmp_path / "raw", shares=shares), 64, **contents, **how)
    drawn = own.objects(2, 64, np.zeros((64, 64, 3)))
    assert [[*box[:4], ["boat", "car"].index(box[4])] for box in drawn] == data.label_at(2).tolist()


def test_pairs_have_two_dates_and_the_parts_that_the_file_names(own, make, tmp_path):
    contents = {"kind": "pairs", "before": "{part}/A/{name}.png", "after": "{part}/B/{name}.png"}
    parts = {"train": ["train"], "test": ["val"]}
    data = make(own.write_pairs(tmp_path / "raw"), 64, **contents, masks="{part}/label/{name}.png", parts=parts)
    assert (2, ["train"] * 4 + ["test"] * 4) == (data.dates, data.parts)
    assert 8 * 16 * 16 == data.class_counts[:, 1].sum()
    assert ["train/A/0000.png", "train/B/0000.png"] == data.originals([0])


def test_a_table_gives_any_number_of_labels(own, make, tmp_path):
    contents = {"kind": "labels", "images": "images/{name}.jpg", "table": "labels.csv"}
    data = make(own.write_table(tmp_path / "raw"), 32, **contents)
    assert (["trees", "roads"], [3, 4]) == (data.classes, data.class_counts.sum(axis=0).tolist())
    (tmp_path / "raw" / "labels.csv").write_text("image;labels\n" + "".join(f"{at};trees|x y\n" for at in range(6)))
    named = make(tmp_path / "raw", 32, **contents)
    assert (["trees", "x", "y"], [6, 6, 6]) == (named.classes, named.class_counts.sum(axis=0).tolist())


def test_lists_divide_images_by_name_by_folder_or_by_place(own, make, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=3)
    (raw / "train.txt").write_text("site0\nimages/site1_0_0.jpg 1\n")
    (raw / "test.txt").write_text("site2_0_0,site2_1_0")
    data = make(raw, 64, **MASKS, lists={"train": "train.txt", "test": "test.txt"})
    assert ["train", "train", "train", "test", "test"] == data.parts
    assert {"images that no list names": 1} == data.index["found"]
    (raw / "test.txt").write_text("site2_0_0\nsite1_1_0\nsite1_1_0\n")
    assert {"places that lie in several parts": 1, "images that no list names": 1} == make(
        raw, 64, **MASKS, lists={"train": "train.txt", "test": "test.txt"}
    ).index["found"]
    (raw / "test.txt").write_text("site0_0_0\n")
    with pytest.raises(DataError, match=r"test.txt, line 1: site0_0_0 is listed in train too"):
        make(raw, 64, **MASKS, lists={"train": "train.txt", "test": "test.txt"})
    (raw / "test.txt").write_text("site9_0_0\n")
    with pytest.raises(DataError, match=r"test.txt, line 1: there is no image 'site9_0_0'"):
        make(raw, 64, **MASKS, lists={"train": "train.txt", "test": "test.txt"})


def test_bands_and_a_range_make_red_green_and_blue_of_other_rasters(make, tmp_path):
    raw = tmp_path / "raw"
    for name in ("a", "b"):
        (raw / name).mkdir(parents=True)
        bands = np.stack([np.full((8, 8), value, np.uint16) for value in (0, 1000, 2000, 4000)])
        shape = {"count": 4, "height": 8, "width": 8, "dtype": "uint16", "driver": "GTiff"}
        with rasterio.open(raw / name / f"{name}.tif", "w", **shape) as raster:
            raster.write(bands + (name == "b"))
    contents = {"kind": "classes", "images": "{class}/{name}.tif", "bands": [4, 3, 2]}
    with pytest.raises(DataError, match="holds uint16: say under range"):
        make(raw, 8, **contents)
    data = make(raw, 8, **contents, range=[0, 2000])
    assert [255, 255, 128] == data.images[0, 0, 0].tolist()
    with pytest.raises(DataError, match="has 4 bands"):
        make(raw, 8, **{**contents, "bands": [5, 3, 2]})


def test_an_image_without_its_label_and_a_label_without_its_image_are_refused(own, make, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=2)
    (raw / "masks" / "site1_1_0.png").rename(raw / "masks" / "site7_1_0.png")
    with pytest.raises(DataError, match=r"site7_1_0.png has no image"):
        make(raw, 64, **MASKS)
    (raw / "masks" / "site7_1_0.png").unlink()
    with pytest.raises(DataError, match=r"site1_1_0.jpg has no counterpart"):
        make(raw, 64, **MASKS)


def test_the_same_files_give_the_same_set(own, make, tmp_path):
    raw = own.write_masks(tmp_path / "raw", places=2)
    one, two = make(raw, 64, **MASKS), make(raw, 64, **MASKS)
    assert one.hash == two.hash
    other = {**MASKS, "same_place": ["place", "x"]}
    assert one.hash != make(raw, 64, **other).hash  # a place moves a split
    assert hashlib.sha256(one.images.tobytes()).digest() == hashlib.sha256(two.images.tobytes()).digest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reader": "os:system"}, "reader"),
        ({"maker": "os:system"}, "maker"),
        ({"name": "other"}, "must be the file's name"),
        ({"contents": {"kind": "movies"}}, "contents"),
        ({"contents": {"kind": "classes", "images": "{name}.jpg"}}, r"write the class as \{class\}"),
        ({"contents": {**MASKS, "unlabelled": [1]}}, "1 is two of them"),
        ({"contents": {**MASKS, "unlabelled": ["#000000"]}}, "all are values, or all are colours"),
        ({"contents": {**MASKS, "same_place": ["town"]}}, r"has no field \{town\}"),
        ({"contents": {**COCO, "format": "yolo"}}, "name the classes in order"),
        ({"contents": {**MASKS, "lists": {"train": "a.txt"}}}, "of train and of test"),
        ({"contents": {**MASKS, "lists": {"train": "../../secret", "test": "b"}}}, "below the data set's folder"),
    ],
)
def test_a_users_file_that_is_wrong_or_names_code_is_refused_in_one_line(tmp_path, change, said):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"name": "mine", "contents": CLASSES} | change))
    with pytest.raises(StudyError, match=said) as refused:
        read_own(file)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["[" * 500, "a: &a [*a", "name: eurosat\ncontents: 3", "- 1"])
def test_a_file_that_is_no_description_is_refused_in_one_line(tmp_path, text):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(StudyError, match=r"mine\.yaml") as refused:
        read_own(file)
    assert "\n" not in str(refused.value)


def _billion_laughs(file):
    file.write_text('<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><annotation><name>&b;</name></annotation>')


def _corner(text):
    return lambda file: file.write_text(file.read_text().replace("<xmax>", f"<xmax>{text}"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_billion_laughs, "declares entities"),
        (lambda file: file.write_text("<annotation><object>"), "not readable XML"),
        (lambda file: file.write_bytes(b"\xff\xfe\x00"), "not a readable text file"),
        (lambda file: file.write_text("<a><object><name>boat</name></object></a>"), "object 1:.* are no four numbers"),
        (_corner("x"), "are no four numbers"),
        (_corner("inf"), "are no four numbers"),
        (_corner("9"), "leaves its image of 64 x 64"),
    ],
)
def test_a_hostile_or_broken_annotation_is_refused_with_its_file(own, make, tmp_path, damage, said):
    raw = own.write_voc(tmp_path / "raw")
    damage(raw / "Annotations" / "00002.xml")
    with pytest.raises(DataError, match=rf"00002.xml.*{said}") as refused:
        make(raw, 64, **VOC)
    assert "\n" not in str(refused.value)


BOX = '{"image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[" * 10_000, "cannot be read"),
        ('{"images": 3, "annotations": [], "categories": []}', "images"),
        ('{"images": [], "annotations": [], "categories": []}', "0 classes|is not listed"),
        (f'{{"images": [], "categories": [], "annotations": [{BOX}]}}'.replace("1, 1]", "NaN, 1]"), "bbox.2"),
        (f'{{"images": [], "categories": [], "annotations": [{BOX}]}}', "does not list"),
    ],
)
def test_a_hostile_or_broken_coco_file_is_refused_with_its_name(own, make, tmp_path, text, said):
    raw = own.write_coco(tmp_path / "raw")
    (raw / "annotations" / "instances.json").write_text(text)
    with pytest.raises(DataError, match=said) as refused:
        make(raw, 64, **COCO)
    assert "\n" not in str(refused.value)
