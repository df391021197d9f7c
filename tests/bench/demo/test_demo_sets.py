"""The demo's other downstream sets: public layouts, labels that fit the images, seeds, caching."""

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.core.world import DEFAULT, of_part
from bench.demo import change, cloud_snow, detection, natural, scene_classes, sets, tags
from bench.demo.things import THINGS
from bench.demo.vehicles import AIRPLANE, OIL_TANK, SHIP, Pose, stamp


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def test_scene_classes_lie_in_the_layout_of_ucmerced(home):
    root = sets.ensure_scene_classes(home, per_class=10, size=48)
    folders = sorted((root / "UCMerced_LandUse" / "Images").iterdir())
    assert [folder.name for folder in folders] == sorted(scene_classes.CLASSES)
    for folder in folders:
        names = sorted(path.name for path in folder.iterdir())
        assert names == [f"{folder.name}{index:03d}.tif" for index in range(10)]
        sizes = {pixels(folder / name).shape for name in names}
        assert sizes == {(48, 48, 3), (48, 47, 3)}, "a few are not exactly square, as in the real set"


def test_detection_lies_in_the_layout_of_levir_and_boxes_fit_the_images(home):
    root = sets.ensure_detection(home, count=18, size=(128, 96))
    images = sorted(root.glob("*.jpg"))
    assert [path.name for path in images] == [f"{index:05d}.jpg" for index in range(1, 19)]
    kinds, empty = set(), 0
    for path in images:
        height, width = pixels(path).shape[:2]
        assert (width, height) == (128, 96)
        lines = path.with_suffix(".txt").read_text().splitlines()
        empty += not lines
        for line in lines:
            kind, x1, y1, x2, y2 = map(int, line.split())
            kinds.add(kind)
            assert 0 <= x1 < x2 <= width
            assert 0 <= y1 < y2 <= height
    assert kinds == {AIRPLANE, SHIP, OIL_TANK}
    assert 0 < empty < 12


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from([AIRPLANE, SHIP, OIL_TANK]),
    x=st.floats(20, 108),
    y=st.floats(20, 76),
    length=st.floats(14, 50),
    heading=st.floats(0, 6.3),
)
def test_a_box_encloses_what_was_drawn_and_no_more(kind, x, y, length, heading):
    scene = np.full((96, 128, 3), 10.0, dtype=np.float32)
    x1, y1, x2, y2 = stamp(scene, kind, Pose(x, y, length, heading, 250.0), sun=0.4)
    bright = (scene > 60).all(axis=-1)
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    drawn = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    assert np.abs(np.array(drawn) - (x1, y1, x2, y2)).max() <= 2


def test_cloud_and_snow_masks_match_their_scenes(home):
    root = sets.ensure_cloud_snow(home, count=4, size=160)
    scenes = sorted((root / "images").glob("*.tif"))
    assert len(scenes) == 4
    seen = set()
    for path in scenes:
        with rasterio.open(path, driver="GTiff") as file:
            assert file.count == 4
            assert file.crs.is_projected
            image = np.moveaxis(file.read(), 0, -1).astype(float)
        mask = pixels(root / "masks" / f"{path.stem}.png")
        assert mask.shape == image.shape[:2]
        seen |= set(np.unique(mask).tolist())
        cloud, clear = image[mask == cloud_snow.CLOUD_VALUE], image[mask == cloud_snow.BACKGROUND_VALUE]
        assert cloud[:, :3].mean() > clear[:, :3].mean() + 30
    assert seen == {0, 1, 2}


def test_change_labels_are_where_buildings_differ_between_the_dates(home):
    root = sets.ensure_change(home, splits={"train": 3, "val": 1, "test": 2}, size=128)
    changed = []
    for split, count in {"train": 3, "val": 1, "test": 2}.items():
        parts = {part: sorted((root / split / part).glob("*.png")) for part in ("A", "B", "label")}
        assert {len(paths) for paths in parts.values()} == {count}
        assert len({tuple(path.name for path in paths) for paths in parts.values()}) == 1
        for path in parts["label"]:
            label = pixels(path)
            assert set(np.unique(label).tolist()) <= {0, 255}
            changed.append((label == 255).mean())
    assert 0.05 < np.mean(changed) < 0.35


def test_the_dates_of_a_pair_differ_everywhere_but_the_label_marks_only_buildings():
    before, after, label = change.render_pair(7, "pair", 128)
    unchanged = label == 0
    assert (before[unchanged].astype(int) != after[unchanged]).mean() > 0.8, "season, haze and light differ"


def test_natural_photographs_form_an_image_folder(home):
    root = sets.ensure_natural(home, per_class=3, size=32)
    assert sorted(folder.name for folder in root.iterdir()) == sorted(THINGS)
    for folder in root.iterdir():
        pictures = [pixels(path) for path in sorted(folder.iterdir())]
        assert [picture.shape for picture in pictures] == [(32, 32, 3)] * 3
        assert not (pictures[0] == pictures[1]).all()


def test_tagged_images_have_the_labels_of_what_covers_a_twentieth_of_them(home):
    root = sets.ensure_tags(home, count=12, size=48)
    header, *rows = [line.split("\t") for line in (root / "LandUse_Multilabeled.txt").read_text().splitlines()]
    files = sorted((root / "UCMerced_LandUse" / "Images" / "patchwork").iterdir())
    assert [path.stem for path in files] == [row[0] for row in rows]
    assert {(48, 48, 3)} == {pixels(path).shape for path in files}
    for index, row in enumerate(rows):
        codes = tags.patchwork(of_part(DEFAULT, "tags"), index, 48)
        shares = {label: (codes == code).mean() for code, label in tags.LABEL_OF.items()}
        shown = {label for label, flag in zip(header[1:], row[1:], strict=True) if flag == "1"}
        assert {label for label, share in shares.items() if share >= 0.05} == shown
        assert 1 <= len(shown) <= 3


def test_the_same_seed_draws_the_same_pictures_and_another_seed_does_not():
    draws = {
        "scene": lambda seed: scene_classes.render_scene(seed, "beach", 1, 40),
        "detection": lambda seed: detection.render_detection(seed, 0, (96, 72))[0],
        "cloud": lambda seed: cloud_snow.render_cloudy(seed, cloud_snow.place(0), 64)[0],
        "change": lambda seed: change.render_pair(seed, "a", 64)[1],
        "tags": lambda seed: tags.render_tagged(seed, 0, 48),
        "natural": lambda seed: natural.render_natural(seed, "fish", 0, 32),
    }
    for name, draw in draws.items():
        assert (draw(1) == draw(1)).all(), name
        assert (draw(1) != draw(2)).any(), name


def test_a_finished_set_is_found_again(home):
    root = sets.ensure_natural(home, per_class=1, size=16)
    marked = root / "fish" / "fish_000.png"
    marked.write_bytes(b"marked")
    assert sets.ensure_natural(home, per_class=1, size=16) == root
    assert marked.read_bytes() == b"marked"
    assert sets.ensure_natural(home, per_class=2, size=16) != root
