"""Test images that the training part or the corpus shows too are counted in a study's plan."""

import io
import os

import numpy as np
import pytest
import rasterio
import yaml
from PIL import Image
from rasterio.transform import from_origin
from running import bench

from bench.core import files
from bench.corpus.build.pipeline import build_corpus
from bench.studies import duplicates
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from tasks.labels.image_class import LABEL
from tasks.protocols import load_protocol
from tasks.writing import SliceWriter

SIZE = 64
TRAIN, TEST = 12, 8


def draw(count, seed):
    """Images of smooth colour, N x SIZE x SIZE x 3."""
    coarse = np.random.default_rng(seed).integers(30, 220, (count, 8, 8, 3), dtype=np.uint8)
    return [np.asarray(Image.fromarray(one).resize((SIZE, SIZE), Image.Resampling.BICUBIC)) for one in coarse]


def compress(image):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=75)
    return np.asarray(Image.open(stream))


def write_set(folder, train, test):
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, len(train) + len(test), SIZE, ["a", "b"], LABEL)
        for part, images in (("train", train), ("test", test)):
            for at, image in enumerate(images):
                writer.add(image, at % 2, f"{part}-{at}", part=part)
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": True})


def write_corpus(folder, tiles):
    """A corpus of 16 tiles, cut from one scene."""
    rows = [np.concatenate(tiles[start : start + 4], axis=1) for start in range(0, 16, 4)]
    bands = np.concatenate(rows).transpose(2, 0, 1)
    (folder / "scenes").mkdir(parents=True)
    place = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, 30, 30)}
    shape = {"count": 3, "height": 4 * SIZE, "width": 4 * SIZE, "dtype": "uint8"}
    with rasterio.open(folder / "scenes" / "scene.tif", "w", driver="GTiff", **place, **shape) as scene:
        scene.write(bands)
    build_corpus(folder / "scenes", None, None, folder / "corpus", size=SIZE, overlap=0.0)


def write_study(folder, methods):
    values = load_protocol("demo/scenes").model_dump(mode="json")
    (folder / "protocol.yaml").write_text(yaml.safe_dump(values | {"id": "mine", "split": {"by": "given"}}))
    study = {
        "extends": "demo",
        "name": "planted",
        "corpus": str(folder / "corpus"),
        "methods": methods,
        "data": {"demo-scenes": str(folder / "set")},
        "tasks": ["cls"],
        "protocols": {"cls": [str(folder / "protocol.yaml")]},
        "fractions": [1.0],
        "pretrain": {"batch": 8},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study))
    return folder / "study.yaml"


@pytest.fixture
def planted(tmp_path):
    """A study whose test part has copies of two training images and of three tiles, and one that was flipped."""
    train, test, tiles = draw(TRAIN, 1), draw(TEST, 2), draw(16, 3)
    test[0] = compress(train[0])
    test[1] = np.clip(train[1].astype(int) + 25, 0, 255).astype(np.uint8)
    test[2] = train[2][:, ::-1]
    test[5:] = [compress(tile) for tile in tiles[4:7]]
    write_set(tmp_path / "set", train, test)
    write_corpus(tmp_path, tiles)
    return write_study(tmp_path, ["simclr"])


def test_planted_copies_are_counted_and_a_flipped_one_is_not(planted, tmp_path):
    (found,) = duplicates.count(load_study(planted, {}), Inputs(print, tmp_path / "home"))
    assert duplicates.Near("mine", TEST, train=2, seen_in_train=2, tiles=3, seen_in_tiles=3) == found
    assert found


def test_the_corpus_of_a_study_whose_rows_do_not_train_is_not_looked_at(planted, tmp_path):
    study = load_study(planted, {"methods": ["random"], "corpus": None})
    (found,) = duplicates.count(study, Inputs(print, tmp_path / "home"))
    assert (2, None, None) == (found.train, found.tiles, found.seen_in_tiles)


def test_what_was_counted_once_is_read_and_other_images_are_counted_anew(planted, tmp_path):
    home = tmp_path / "home"
    study, inputs = load_study(planted, {}), Inputs(print, home)
    first = duplicates.count(study, inputs)
    kept = {path: path.stat().st_mtime_ns for path in (home / "near-duplicates").iterdir()}
    assert first == duplicates.count(study, Inputs(print, home))
    assert kept == {path: path.stat().st_mtime_ns for path in (home / "near-duplicates").iterdir()}
    write_set(tmp_path / "other", draw(TRAIN, 1), draw(TEST, 2))
    changed = load_study(planted, {"data.demo-scenes": str(tmp_path / "other")})
    (found,) = duplicates.count(changed, Inputs(print, home))
    assert not found


def test_a_plan_prints_one_line_of_each_protocol_that_has_any(planted, tmp_path):
    done = bench(
        "plan", "--study", planted, "--store", tmp_path / "store", env=os.environ | {"BENCH_DATA": str(tmp_path)}
    )
    assert 0 == done.returncode, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "near-duplicates" in line]
    assert line == (
        "near-duplicates of the 8 test images of mine: 2 in the training part (like 2 of them), 3 in the corpus (like 3)"
    )
