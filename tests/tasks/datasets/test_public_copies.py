"""What public copies hold that a clean twin does not is read exactly, or refused in one line that names the file.

docs/data.md says where each of these was seen.
"""

import shutil

import numpy as np
import pytest
from PIL import Image
from running import bench

from bench.core.errors import DataError


def _refused(prepared, name, source, out, *said, size=32, **options):
    with pytest.raises(DataError) as caught:
        prepared(name, source, out, size, **options)
    assert [] == [each for each in said if each not in str(caught.value)], str(caught.value)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def _apple_double(path):
    """What macOS writes beside every file on a foreign disk and into archives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(64))


# What systems leave behind


def test_what_systems_leave_behind_changes_nothing(generators, prepared, tmp_path):
    scenes = generators("scene_folders")
    clean = prepared("ucmerced", scenes.write_ucmerced(tmp_path / "clean", size=40), tmp_path / "1", 32)
    source = scenes.write_ucmerced(tmp_path / "raw", size=40)
    images = source / "UCMerced_LandUse" / "Images"
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "beach00.tif.aux.xml", "beach00.tfw", "beach00.tif.ovr"):
        (images / "beach" / name).write_bytes(b"?")
    _apple_double(images / "beach" / "._beach00.tif")
    _apple_double(source / "__MACOSX" / "UCMerced_LandUse" / "Images" / "beach" / "._beach00.tif")
    (images / ".ipynb_checkpoints").mkdir()
    shutil.copy(images / "beach" / "beach01.tif", images / ".ipynb_checkpoints" / "beach01-checkpoint.tif")
    data = prepared("ucmerced", source, tmp_path / "2", 32)
    assert ["agricultural", "airplane", "beach"] == data.classes
    assert clean.hash == data.hash


def test_a_resource_fork_beside_an_archive_is_no_archive(generators, prepared, tmp_path):
    source = tmp_path / "raw"
    generators("change_pairs").write_levir_cd(source, size=64)
    for part in ("train", "val", "test"):
        shutil.make_archive(str(source / part), "zip", source / part)
        shutil.rmtree(source / part)
        _apple_double(source / f"._{part}.zip")
    assert {"train": 3, "val": 1, "test": 2} == {
        part: prepared("levir-cd", source, tmp_path / "out", 64).parts.count(part) for part in ("train", "val", "test")
    }


def test_two_folders_that_fit_are_not_chosen_between_by_their_names(generators, prepared, tmp_path):
    for copy in ("one", "two"):
        generators("isprs").write_vaihingen(tmp_path / "raw" / copy)
    _refused(prepared, "vaihingen", tmp_path / "raw", tmp_path / "out", "several", "one/top", "two/top")


# Pictures


def _one_scene(generators, tmp_path):
    source = generators("scene_folders").write_rsscn7(tmp_path / "raw", per_class=2, size=40)
    return source, source / "cIndustry" / "c002.jpg"


def test_colour_of_sixteen_bits_is_refused_and_not_read_as_nearly_black(generators, prepared, tmp_path):
    import cv2

    source, path = _one_scene(generators, tmp_path)
    path.unlink()
    cv2.imwrite(str(path.with_suffix(".png")), np.full((40, 40, 3), 1000, np.uint16))  # 10 bits of 16
    _refused(prepared, "rsscn7", source, tmp_path / "out", "c002.png", "more than 8 bits")


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA"])
def test_grey_palettes_and_opaque_alpha_are_read_as_the_colours_they_are(generators, prepared, tmp_path, mode):
    source, path = _one_scene(generators, tmp_path)
    grey = np.arange(1600, dtype=np.uint16).reshape(40, 40).astype(np.uint8)
    path.unlink()
    Image.fromarray(grey).convert(mode).save(path.with_suffix(".png"))
    data = prepared("rsscn7", source, tmp_path / "out", 40)
    assert np.array_equal(np.repeat(grey[..., None], 3, axis=2), data.images[data.sources.index("cIndustry/c002")])


def test_transparent_and_cmyk_pictures_are_refused(generators, prepared, tmp_path):
    source, path = _one_scene(generators, tmp_path)
    Image.new("CMYK", (40, 40)).save(path)
    _refused(prepared, "rsscn7", source, tmp_path / "out", str(path), "mode CMYK")
    path.unlink()
    Image.new("RGBA", (40, 40), (9, 9, 9, 254)).save(path.with_suffix(".png"))
    _refused(prepared, "rsscn7", source, tmp_path / "out", "c002.png", "mode RGBA with transparent pixels")


@pytest.mark.parametrize("ending", [".jpg", ".tif", ".png"])
def test_a_picture_that_must_be_turned_is_refused_whatever_its_format(generators, prepared, tmp_path, ending):
    """Pillow turns a TIFF when it loads it and leaves a JPEG lying: boxes and masks would fit one of them only."""
    source, path = _one_scene(generators, tmp_path)
    path.unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(path.with_suffix(ending), exif=exif)
    _refused(prepared, "rsscn7", source, tmp_path / "out", f"c002{ending}", "EXIF orientation 6")


# Copies of one image


def test_equal_images_are_counted_with_their_labels_and_parts(generators, prepared, tmp_path):
    source, path = _one_scene(generators, tmp_path)
    shutil.copy(path, path.with_name("c009.jpg"))
    shutil.copy(path, source / "eForest" / "e009.jpg")
    data = prepared("rsscn7", source, tmp_path / "out", 32)
    names = ["cIndustry/c002@0,0", "cIndustry/c009@0,0", "eForest/e009@0,0"]
    assert [{"slices": names, "same_label": False}] == data.index["duplicates"]
    assert len(data) == 7 * 2 + 2, "none is dropped"
    assert {
        "slices that repeat another": 2,
        "groups of equal slices with different labels": 1,
    } == data.repeats()


def test_a_pair_that_is_in_two_parts_is_reported(generators, tmp_path):
    source = generators("change_pairs").write_levir_cd(tmp_path / "raw", counts=(2, 1, 1), size=64)
    for name in ("A", "B", "label"):
        shutil.copy(source / "train" / name / "train_2.png", source / "test" / name / "test_9.png")
    done = bench("data", "prepare", "levir-cd", "--source", source, "--out", tmp_path / "out")
    # The generator draws pair 1 of all parts alike, so those are a group too.
    assert "slices that repeat another: 3" in done.stdout
    assert "groups of equal slices in several parts: 2" in done.stdout
    assert "different labels" not in done.stdout


def test_the_fill_beyond_a_scene_is_not_taken_for_copies(generators, prepared, tmp_path):
    source, path = _one_scene(generators, tmp_path)
    for name in ("c003", "c004"):
        Image.new("RGB", (40, 40)).save(path.with_name(f"{name}.jpg"))
    assert [] == prepared("rsscn7", source, tmp_path / "out", 40).index["duplicates"]


# Levir


def _write_boxes(generators, tmp_path, text, encoding="utf-8"):
    """Two images and 200 sound boxes in the first; `text` follows them."""
    source = generators("levir").write_levir(tmp_path / "raw", count=2)
    sound = "".join(f"1 {x} {y} {x + 9} {y + 9}\n" for x in range(0, 200, 10) for y in range(0, 100, 10))
    (source / "00001.txt").write_bytes((sound + text).encode(encoding))
    return source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_byte_order_marks_carriage_returns_and_blanks_are_no_part_of_a_box(generators, prepared, tmp_path, encoding):
    source = _write_boxes(generators, tmp_path, "2 300.0 310 330 340.5  \r\n \t\r\n\r\n", encoding)
    data = prepared("levir", source, tmp_path / "out", 800)
    assert [300, 310, 330, 340.5, 1] == data.label_at(0)[-1].tolist()
    assert [201] == [data.index["found"]["objects"]]
    assert [] == data.index["odd boxes"]


@pytest.mark.parametrize(
    ("line", "box", "said"),
    [
        ("3 330 340 300 310", [300, 310, 330, 340, 2], "corners the wrong way round"),
        ("3 330 310 300 340", [300, 310, 330, 340, 2], "corners the wrong way round"),
        ("3 780 -3 803 20", [780, 0, 800, 20, 2], "leaves its image of 800 x 600"),
        ("3 300 310 300 340", None, "has no size"),
    ],
)
def test_a_few_odd_boxes_are_put_right_and_listed(generators, prepared, tmp_path, line, box, said):
    data = prepared("levir", _write_boxes(generators, tmp_path, line), tmp_path / "out", 800)
    assert (box or [190, 90, 199, 99, 0]) == data.label_at(0)[-1].tolist()
    assert 200 + bool(box) == data.index["found"]["objects"]
    assert 1 == data.index["found"]["odd boxes that were put right or left out"]
    (listed,) = data.index["odd boxes"]
    assert "00001.txt, line 201" in listed
    assert said in listed


def test_boxes_of_another_format_are_refused_and_not_sorted_into_shape(generators, prepared, tmp_path):
    """`x y width height` looks like corners the wrong way round wherever an object is far from the corner."""
    source = _write_boxes(generators, tmp_path, "".join(f"1 {x} 300 20 30\n" for x in (400, 500, 600)))
    _refused(prepared, "levir", source, tmp_path / "out", "line 201", "3 of 203 boxes", "`x1 y1 x2 y2`", size=800)


def test_a_box_whose_corner_is_no_number_is_refused(generators, prepared, tmp_path):
    source = _write_boxes(generators, tmp_path, "1 nan 310 330 340")
    _refused(prepared, "levir", source, tmp_path / "out", "00001.txt, line 201", "is no number", size=800)


def test_a_box_that_shows_less_than_half_is_refused(generators, prepared, tmp_path):
    source = _write_boxes(generators, tmp_path, "1 790 100 830 130")
    _refused(prepared, "levir", source, tmp_path / "out", "00001.txt, line 201", "leaves its image", size=800)


def test_a_readme_above_the_images_does_not_make_an_empty_set(generators, prepared, tmp_path):
    source = generators("levir").write_levir(tmp_path / "raw" / "LEVIR", count=2).parent
    (source / "readme.txt").write_text("The LEVIR data set.\n")
    assert 2 == len(prepared("levir", source, tmp_path / "out", 800))


# Levir-CS


def test_the_published_tree_of_levir_cs_is_read_as_it_is(generators, prepared, tmp_path):
    cs = generators("levir_cs")
    source = cs.write_published_levir_cs(tmp_path / "raw")
    data = prepared("levir-cs", source, tmp_path / "out", 64, range="0:1023")
    assert ["GF1_WFV1_E110.0_N40.0", "GF1_WFV1_E111.0_N40.0", "GF1_WFV1_E112.0_N40.0"] == sorted(set(data.sources))
    # Blue 40, green 80, red 120 of 1023 are 10, 20 and 30 of 255.
    assert [30, 20, 10] == data.images[0][data.labels[0] == 0][0].tolist()
    assert [[3, 2, 1]] == data.index["bands"]


def test_gdals_guess_that_four_bands_are_rgb_and_alpha_is_not_believed(generators, prepared, tmp_path):
    cs = generators("levir_cs")
    source = cs.write_levir_cs(tmp_path / "raw", count=1)
    (scene,) = (source / "images").iterdir()
    cs.write_scene(scene, np.full((4, 120, 132), 7, np.uint8))  # nothing said: GDAL writes RGB and alpha
    _refused(prepared, "levir-cs", source, tmp_path / "out", str(scene), "--option bands=3,2,1", size=64)
    assert 6 == len(prepared("levir-cs", source, tmp_path / "out", 64, bands="3,2,1"))


def test_two_masks_or_two_scenes_of_one_name_are_refused(generators, prepared, tmp_path):
    cs = generators("levir_cs")
    source = cs.write_published_levir_cs(tmp_path / "raw")
    first = source / "train" / "label_0_1_2" / "GF1_WFV1_E110.0_N40.0_roiMap.tif"
    shutil.copy(first, first.with_name("GF1_WFV1_E110.0_N40.0.tif"))
    _refused(prepared, "levir-cs", source, tmp_path / "out", str(first), "keep one", size=64, range="0:1023")
    first.with_name("GF1_WFV1_E110.0_N40.0.tif").unlink()
    for kind, end in (("mss", "_mss.tiff"), ("label_0_1_2", "_roiMap.tif")):
        name = f"GF1_WFV1_E110.0_N40.0{end}"
        shutil.copy(source / "train" / kind / name, source / "test" / kind / name)
    _refused(prepared, "levir-cs", source, tmp_path / "out", "test/mss", "keep one", size=64, range="0:1023")


def test_a_mask_of_a_scene_whose_name_goes_on_is_not_taken(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw", count=1)
    (mask,) = (source / "masks").iterdir()
    mask.rename(mask.with_name("GF1_WFV1_E110.0_N40.0.5.png"))
    _refused(prepared, "levir-cs", source, tmp_path / "out", "has no mask", size=64)


# CDD and LEVIR-CD


def test_the_drawn_pairs_of_the_cdd_archive_are_not_taken_for_the_real_ones(generators, prepared, tmp_path):
    pairs = generators("change_pairs")
    root = tmp_path / "raw" / "ChangeDetectionDataset"
    for name in ("Model/with_shift", "Model/without_shift"):
        pairs.write_cdd(root / name, counts=(1, 1, 1))
    pairs.write_cdd(root / "Real" / "subset", counts=(3, 1, 2))
    assert 6 == len(prepared("cdd", tmp_path / "raw", tmp_path / "out", 256))


def test_a_cdd_mask_of_zeros_and_ones_is_not_read_as_unchanged(generators, prepared, tmp_path):
    source = generators("change_pairs").write_cdd(tmp_path / "raw")
    mask = np.zeros((256, 256), np.uint8)
    mask[:128] = 1
    path = source / "val" / "OUT" / "00000.jpg"
    Image.fromarray(mask).save(path, quality=100)
    _refused(prepared, "cdd", source, tmp_path / "out", str(path), "expected 0 and 255", size=256)


def test_cdd_says_how_many_label_pixels_were_a_close_call(generators, prepared, tmp_path):
    source = generators("change_pairs").write_cdd(tmp_path / "raw", counts=(1, 1, 1))
    for part in ("train", "val", "test"):
        mask = np.zeros((256, 256), np.uint8)
        mask[:, 128:] = 255
        mask[:5, 0] = 120
        Image.fromarray(mask).save(source / part / "OUT" / "00000.png")
        (source / part / "OUT" / "00000.jpg").unlink()
    _refused(prepared, "cdd", source, tmp_path / "no", "value 120", size=256)  # lossless: no excuse for it
    for part in ("train", "val", "test"):
        path = source / part / "OUT" / "00000.png"
        Image.open(path).save(path.with_suffix(".jpg"), quality=100)
        path.unlink()
    data = prepared("cdd", source, tmp_path / "out", 256)
    close = sum(
        int(((values > 100) & (values < 155)).sum())
        for part in ("train", "val", "test")
        for values in [np.asarray(Image.open(source / part / "OUT" / "00000.jpg"))]
    )
    assert close >= 3
    assert {"label pixels with a value from 101 to 154, cut at 128": close} == data.index["found"]


def test_a_change_mask_is_read_through_its_palette_and_not_as_positions_in_it(generators, prepared, tmp_path):
    pairs = generators("change_pairs")
    source = pairs.write_levir_cd(tmp_path / "raw", size=64)
    mask = pairs.draw_pair(1, 64)[2]
    stored = Image.fromarray(255 - mask).convert("P")
    stored.putpalette([255 - position // 3 for position in range(3 * 256)])  # position 0 is white, 255 is black
    stored.save(source / "val" / "label" / "val_1.png")
    data = prepared("levir-cd", source, tmp_path / "out", 64)
    assert np.array_equal(mask // 255, data.labels[data.sources.index("val/val_1")])


@pytest.mark.parametrize("mode", ["1", "RGB"])
def test_a_change_mask_is_read_by_its_brightness_however_it_is_stored(generators, prepared, tmp_path, mode):
    pairs = generators("change_pairs")
    source = pairs.write_levir_cd(tmp_path / "raw", size=64)
    path = source / "val" / "label" / "val_1.png"
    Image.open(path).convert(mode).save(path)
    data = prepared("levir-cd", source, tmp_path / "out", 64)
    assert np.array_equal(pairs.draw_pair(1, 64)[2] // 255, data.labels[data.sources.index("val/val_1")])


def test_an_image_of_the_second_date_alone_is_refused(generators, prepared, tmp_path):
    source = generators("change_pairs").write_levir_cd(tmp_path / "raw", size=64)
    (source / "train" / "A" / "train_2.png").unlink()
    _refused(prepared, "levir-cd", source, tmp_path / "out", "train_2.png has no counterpart", size=64)


def test_an_archive_of_a_part_may_hold_its_folder_once_more(generators, prepared, tmp_path):
    source = generators("change_pairs").write_levir_cd(tmp_path / "raw", size=64)
    plain = prepared("levir-cd", source, tmp_path / "plain", 64)
    for part in ("train", "val", "test"):
        shutil.make_archive(str(source / part), "zip", source, part)
        shutil.rmtree(source / part)
    assert plain.hash == prepared("levir-cd", source, tmp_path / "out", 64).hash
