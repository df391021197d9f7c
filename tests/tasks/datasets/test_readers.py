"""Each public layout is read whole and right, and what does not fit is refused in one line that names the file."""

import shutil
import zipfile

import numpy as np
import pytest
import rasterio
from PIL import Image

from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.protocols import load_protocol
from tasks.splits import divide
from tasks.writing import verify


def _refused(prepared, name, source, out, *said, size=32, **options):
    with pytest.raises(DataError) as caught:
        prepared(name, source, out, size, **options)
    text = str(caught.value)
    assert all(each in text for each in said), text
    assert "\n" not in text
    assert not out.exists(), "prepared data is either complete or absent"


def _zip_of(folder, path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


# ISPRS


def test_potsdam_slices_carry_the_mosaics_pixels_and_classes(generators, prepared, tmp_path):
    isprs = generators("isprs")
    data = prepared("potsdam", isprs.write_potsdam(tmp_path / "raw"), tmp_path / "out", 32)
    verify(data)
    image, classes = isprs.draw_pair(0, 80, 96)
    at = [index for index, source in enumerate(data.sources) if source == isprs.POTSDAM[0]]
    assert len(at) == 3 * 3
    whole, labels = np.zeros((96, 96, 3), np.uint8), np.zeros((96, 96), np.uint8)
    for index in at:
        entry = data.index["slices"][index]
        whole[entry["y"] : entry["y"] + 32, entry["x"] : entry["x"] + 32] = data.images[index]
        labels[entry["y"] : entry["y"] + 32, entry["x"] : entry["x"] + 32] = data.labels[index]
    assert (whole[:80] == image).all()
    assert (labels[:80] == np.where(classes == 6, IGNORE, classes)).all()
    assert (labels[80:] == IGNORE).all()
    assert data.counts()["images"] == 4
    assert data.counts()["pixels of car"] == int(sum((isprs.draw_pair(s, 80, 96)[1] == 4).sum() for s in range(4)))


def test_vaihingen_mosaics_of_different_sizes_are_read_without_georeference(generators, prepared, tmp_path):
    isprs = generators("isprs")
    data = prepared("vaihingen", isprs.write_vaihingen(tmp_path / "raw"), tmp_path / "out", 32)
    assert set(data.sources) == set(isprs.VAIHINGEN)
    assert data.classes == ["impervious", "building", "low-vegetation", "tree", "car", "clutter"]


def test_the_contests_areas_divide_vaihingen(generators, prepared, tmp_path):
    data = prepared("vaihingen", generators("isprs").write_vaihingen(tmp_path / "raw"), tmp_path / "out", 64)
    parts = divide(load_protocol("isprs/vaihingen-area").split, data)
    drawn = [{data.sources[at] for at in part} for part in (parts.train, parts.val, parts.test)]
    assert drawn == [{f"top_mosaic_09cm_area{number}" for number in numbers} for numbers in ((1, 30), (), (2,))]


@pytest.mark.parametrize("nested", [False, True])
def test_the_downloaded_archives_are_read_like_the_unpacked_folders(generators, prepared, tmp_path, nested):
    isprs = generators("isprs")
    plain = isprs.write_potsdam(tmp_path / "raw")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for folder in ("2_Ortho_RGB", "5_Labels_all"):
        _zip_of(plain / folder, downloads / f"{folder}.zip")
    (downloads / "1_DSM.zip").write_bytes(b"not needed and not touched")
    source = _zip_of(downloads, tmp_path / "Potsdam.zip") if nested else downloads
    data = prepared("potsdam", source, tmp_path / "out", 32)
    assert data.hash == prepared("potsdam", plain, tmp_path / "plain", 32).hash


def test_the_folder_above_the_layout_is_accepted(generators, prepared, tmp_path):
    generators("isprs").write_vaihingen(tmp_path / "raw" / "Vaihingen")
    assert len(prepared("vaihingen", tmp_path / "raw", tmp_path / "out", 64)) > 0


@pytest.fixture
def potsdam(generators, tmp_path):
    return generators("isprs").write_potsdam(tmp_path / "raw")


def _label(source):
    return source / "5_Labels_all" / "top_potsdam_2_10_label.tif"


def _image(source):
    return source / "2_Ortho_RGB" / "top_potsdam_2_10_RGB.tif"


def test_an_unknown_colour_is_refused(potsdam, generators, prepared, tmp_path):
    colours = np.zeros((80, 96, 3), np.uint8)
    colours[5, 6], colours[7, 8] = (255, 0, 255), (0, 255, 0)
    generators("isprs").write_tiff(_label(potsdam), colours)
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(_label(potsdam)), "(255, 0, 255)")


def test_a_label_of_another_size_is_refused(potsdam, generators, prepared, tmp_path):
    generators("isprs").write_tiff(_label(potsdam), np.zeros((80, 95, 3), np.uint8))
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(_label(potsdam)), "(80, 95)", "(80, 96)")


@pytest.mark.parametrize(
    ("pixels", "said"),
    [(np.zeros((80, 96, 4), np.uint8), "4 bands"), (np.zeros((80, 96, 3), np.uint16), "uint16")],
)
def test_four_bands_or_sixteen_bits_are_refused(potsdam, generators, prepared, tmp_path, pixels, said):
    generators("isprs").write_tiff(_image(potsdam), pixels)
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(_image(potsdam)), said)


def test_a_truncated_tiff_is_refused(potsdam, prepared, tmp_path):
    data = _image(potsdam).read_bytes()
    _image(potsdam).write_bytes(data[: len(data) // 2])
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(_image(potsdam)), "download it again")


def test_a_vrt_that_calls_itself_tif_is_refused(potsdam, prepared, tmp_path):
    _image(potsdam).write_text('<VRTDataset rasterXSize="80" rasterYSize="96"></VRTDataset>')
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(_image(potsdam)), "not a readable TIFF")


def test_a_tiff_that_claims_to_be_enormous_is_refused(potsdam, prepared, tmp_path):
    with rasterio.open(
        _image(potsdam),
        "w",
        driver="GTiff",
        width=2**21,
        height=2**20,
        count=3,
        dtype="uint8",
        sparse_ok=True,
        bigtiff="YES",
        tiled=True,
        blockxsize=16384,
        blockysize=16384,
    ):
        pass
    _refused(
        prepared, "potsdam", potsdam, tmp_path / "out", str(_image(potsdam)), "claims 2097152 x 1048576 x 3 values"
    )


def test_missing_folders_and_labels_are_refused(potsdam, prepared, tmp_path):
    _label(potsdam).unlink()
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", "top_potsdam_2_10 has no label", "5_Labels_all")
    shutil.rmtree(potsdam / "2_Ortho_RGB")
    _refused(prepared, "potsdam", potsdam, tmp_path / "out", str(potsdam), "no folder 2_Ortho_RGB")
    _refused(prepared, "potsdam", tmp_path / "nowhere", tmp_path / "out", "nowhere is not there")


# UCMerced and RSSCN7


def test_ucmerced_images_of_another_size_are_resized_and_counted(generators, prepared, tmp_path):
    data = prepared("ucmerced", generators("scene_folders").write_ucmerced(tmp_path / "raw"), tmp_path / "out", 256)
    assert data.classes == ["agricultural", "airplane", "beach"]
    assert data.images.shape == (12, 256, 256, 3)
    assert data.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert data.index["resized"] == 3
    with Image.open(tmp_path / "raw/UCMerced_LandUse/Images/beach/beach02.tif") as picture:
        assert (data.images[data.sources.index("beach/beach02")] == np.asarray(picture)).all()


def test_rsscn7_classes_are_the_folders_without_their_letter(generators, prepared, tmp_path):
    data = prepared("rsscn7", generators("scene_folders").write_rsscn7(tmp_path / "raw", size=80), tmp_path / "out", 40)
    assert data.classes == ["Grass", "Field", "Industry", "RiverLake", "Forest", "Resident", "Parking"]
    assert data.class_counts.sum(axis=0).tolist() == [3] * 7
    assert data.sources[0] == "aGrass/a001"


def test_what_is_wrong_with_a_class_folder_is_named(generators, prepared, tmp_path):
    scenes = generators("scene_folders")
    source = scenes.write_ucmerced(tmp_path / "raw", per_class=2, size=40) / "UCMerced_LandUse" / "Images"
    out = tmp_path / "out"
    (source / "empty").mkdir()
    _refused(prepared, "ucmerced", source, out, str(source / "empty"), "class empty would be empty")
    (source / "empty").rmdir()
    one = source / "beach" / "beach00.tif"
    shutil.copy(one, one.with_suffix(".TIFF"))
    _refused(prepared, "ucmerced", source, out, "beach00", "same name")
    one.with_suffix(".TIFF").unlink()
    Image.new("RGBA", (40, 40)).save(one)
    _refused(prepared, "ucmerced", source, out, str(one), "mode RGBA")
    Image.fromarray(np.zeros((40, 40), np.uint16)).save(one)
    _refused(prepared, "ucmerced", source, out, str(one), "mode I;16")
    one.write_bytes(b"GIF89a")
    _refused(prepared, "ucmerced", source, out, str(one), "not a readable")


def test_a_truncated_jpeg_and_a_bomb_are_named(generators, prepared, tmp_path, monkeypatch):
    source = generators("scene_folders").write_rsscn7(tmp_path / "raw", per_class=2, size=60)
    one = source / "gParking" / "g001.jpg"
    one.write_bytes(one.read_bytes()[: one.stat().st_size // 2])
    _refused(prepared, "rsscn7", source, tmp_path / "out", str(one), "breaks off")
    one.write_bytes(one.read_bytes()[:300])
    _refused(prepared, "rsscn7", source, tmp_path / "out", str(one), "not a readable")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    _refused(prepared, "rsscn7", source, tmp_path / "out", "a001.jpg", "far more pixels")


# Levir


def test_levir_boxes_are_cut_with_their_images_and_empty_images_stay(generators, prepared, tmp_path):
    source = generators("levir").write_levir(tmp_path / "raw")
    data = prepared("levir", source, tmp_path / "out", 256)
    assert len(data) == 4 * 4 * 3
    assert data.index["found"]["images without objects"] == 1
    assert data.index["found"]["objects"] == 15
    # Every box that lies within one slice is found there, at the place where the source has it.
    expected = []
    for text in sorted(source.glob("*.txt")):
        for line in text.read_text().splitlines():
            number, left, top, right, bottom = map(int, line.split())
            if left // 256 == (right - 1) // 256 and top // 256 == (bottom - 1) // 256:
                expected.append((text.stem, left, top, right, bottom, number - 1))
    found = []
    for at, entry in enumerate(data.index["slices"]):
        for left, top, right, bottom, number in data.label_at(at).tolist():
            assert 0 <= left < right <= 256
            assert 0 <= top < bottom <= 256
            box = (left + entry["x"], top + entry["y"], right + entry["x"], bottom + entry["y"])
            found.append((entry["source"], *box, number))
            patch = data.images[at][int(top) : int(bottom), int(left) : int(right)]
            assert (patch > 105).mean() > 0.5
    assert set(expected) <= set(found)


def test_a_box_is_kept_in_a_slice_that_shows_half_of_it(generators, prepared, tmp_path):
    source = generators("levir").write_levir(tmp_path / "raw", count=2)
    (source / "00001.txt").write_text("1 226 10 286 40\n2 246 100 276 130\n")
    data = prepared("levir", source, tmp_path / "out", 256)
    first, second = (data.label_at(data.names.index(f"00001@{x},0")).tolist() for x in (0, 256))
    assert first == [[226, 10, 256, 40, 0]]
    assert second == [[0, 10, 30, 40, 0], [0, 100, 20, 130, 1]]
    assert data.index["found"]["pieces of objects left out"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 10 10 900 20", "leaves its image of 800 x 600"),
        ("1 -1 10 90 20", "leaves its image"),
        ("1 90 10 90 20", "has no size"),
        ("1 90 10 10 20", "corners the wrong way round"),
        ("4 10 10 20 20", "class 4"),
        ("1 10 10 20", "is not `class x1 y1 x2 y2`"),
        ("ship 1 2 3 4", "is not `class x1 y1 x2 y2`"),
    ],
)
def test_a_wrong_box_is_refused_with_its_line(generators, prepared, tmp_path, line, said):
    source = generators("levir").write_levir(tmp_path / "raw", count=2)
    (source / "00001.txt").write_text(f"1 5 5 9 9\n\n{line}\n")
    _refused(prepared, "levir", source, tmp_path / "out", "00001.txt, line 3", said, size=256)


def test_an_image_without_its_text_file_is_refused(generators, prepared, tmp_path):
    source = generators("levir").write_levir(tmp_path / "raw", count=2)
    (source / "00002.txt").unlink()
    _refused(prepared, "levir", source, tmp_path / "out", "00002.txt is missing", "empty file", size=256)


# Levir-CS


def test_levir_cs_takes_red_green_blue_of_gf1_and_keeps_the_mask(generators, prepared, tmp_path):
    cs = generators("levir_cs")
    source = cs.write_levir_cs(tmp_path / "raw")
    data = prepared("levir-cs", source, tmp_path / "out", 64)
    ground = data.labels[0] == 0
    assert data.images[0][ground].tolist()[0] == [30, 20, 10]
    with Image.open(next((source / "masks").iterdir())) as mask:
        assert (data.labels[0] == np.asarray(mask)[:64, :64]).all()


def test_levir_cs_options_change_values_bands_and_range(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw", dtype="uint16")
    _refused(prepared, "levir-cs", source, tmp_path / "out", "uint16", "range=LOW:HIGH", size=64)
    data = prepared("levir-cs", source, tmp_path / "out", 64, range="0:510", bands="1,2,3", values="0+2,1,")
    ground = data.labels[0] == 0
    assert data.images[0][ground].tolist()[0] in ([5, 10, 15], [50, 55, 60])
    assert data.class_counts[:, 2].sum() == 0
    _refused(prepared, "levir-cs", source, tmp_path / "other", "data set levir-cs has no option 'speed'", speed="3")
    _refused(prepared, "levir-cs", source, tmp_path / "other", "cannot be read", values="0,1")


def test_an_unknown_mask_value_and_a_missing_mask_are_refused(generators, prepared, tmp_path):
    source = generators("levir_cs").write_levir_cs(tmp_path / "raw")
    mask = min((source / "masks").iterdir())
    Image.fromarray(np.full((120, 132), 7, np.uint8)).save(mask)
    _refused(prepared, "levir-cs", source, tmp_path / "out", str(mask), "value 7")
    mask.unlink()
    _refused(prepared, "levir-cs", source, tmp_path / "out", "has no mask")


# CDD and LEVIR-CD


def test_levir_cd_pairs_are_cut_together_and_keep_their_parts(generators, prepared, tmp_path):
    pairs = generators("change_pairs")
    data = prepared("levir-cd", pairs.write_levir_cd(tmp_path / "raw", size=128), tmp_path / "out", 64)
    assert data.counts()["slices of train"] == 3 * 4
    before, after, mask = pairs.draw_pair(1, 128)
    at = data.names.index("train/train_1@64,0")
    assert (data.images[at][..., :3] == before[:64, 64:]).all()
    assert (data.images[at][..., 3:] == after[:64, 64:]).all()
    assert (data.labels[at] == mask[:64, 64:] // 255).all()


def test_cdd_masks_are_cut_at_the_middle_of_what_jpeg_left_of_them(generators, prepared, tmp_path):
    pairs = generators("change_pairs")
    data = prepared("cdd", pairs.write_cdd(tmp_path / "raw"), tmp_path / "out", 256)
    assert data.counts()["slices of test"] == 2
    wrong = np.mean(data.labels[0] != pairs.draw_pair(0, 256)[2] // 255)
    assert wrong < 0.002


def test_a_missing_counterpart_another_size_and_an_unknown_value_are_refused(generators, prepared, tmp_path):
    source = generators("change_pairs").write_levir_cd(tmp_path / "raw", size=64)
    out = tmp_path / "out"
    label = source / "val" / "label" / "val_1.png"
    Image.fromarray(np.full((64, 64), 128, np.uint8)).save(label)
    _refused(prepared, "levir-cd", source, out, str(label), "value 128")
    Image.fromarray(np.zeros((64, 32), np.uint8)).save(label)
    _refused(prepared, "levir-cd", source, out, str(label), "(64, 32)", "(64, 64)")
    label.unlink()
    _refused(prepared, "levir-cd", source, out, str(label), "is missing")
    shutil.rmtree(source / "val")
    _refused(prepared, "levir-cd", source, out, str(source), "train, val and test")
