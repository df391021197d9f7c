"""`bench data describe` says what an unknown folder holds, finds what leaked, and writes what a run needs."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from PIL import Image
from rasterio.transform import from_origin

from bench.corpus.build.pipeline import build_corpus
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from tasks import datasets
from tasks.protocols import load_protocol
from tasks.splits import parts_of

GENERATORS = Path(__file__).resolve().parents[2] / "data"
SIZE = 64


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The generators, in a folder of a user's own with an empty data folder."""
    load_protocol.cache_clear()  # paths are relative to the folder, which is another in each test
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))
    spec = importlib.util.spec_from_file_location("own_layouts", GENERATORS / "own_layouts.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _described(run_bench, *arguments):
    done = run_bench("data", "describe", *map(str, arguments))
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()


FOLDERS = [
    ("write_classes", "cls", "stratum", 24, 6),
    ("write_masks", "seg", "place", 8, 2),
    ("write_voc", "det", "image", 5, 1),
    ("write_coco", "det", "image", 5, 1),
    ("write_pairs", "change", "given", 4, 4),
    ("write_table", "multilabel", "image", 5, 1),
]


@pytest.mark.parametrize(("write", "task", "by", "train", "test"), FOLDERS)
def test_a_folder_that_was_never_seen_becomes_a_study_without_a_line_of_code(
    run_bench, own, write, task, by, train, test
):
    lines = _described(run_bench, getattr(own, write)(Path("raw")), "--write", "mine")
    assert f"(task {task})" in lines[0]
    assert f"split by {by}" in next(line for line in lines if line.startswith("suggested"))
    study = load_study("mine.yaml", {})
    (protocol,) = study.all_protocols()
    data = Inputs(lambda _: None).dataset(study, protocol)
    parts = parts_of(protocol, data)
    assert (task, train, test) == (protocol.task, len(parts.train), len(parts.test))
    assert not {data.places[at] for at in parts.train} & {data.places[at] for at in parts.test}
    assert "mine" == data.index["dataset"]
    assert not data.synthetic


def test_counts_and_guesses_are_printed(run_bench, own):
    lines = _described(run_bench, own.write_masks(Path("raw")))
    assert "images: 10 of 5 places" in lines
    assert "sizes: 64 x 64 (10)" in lines
    assert "near-duplicates: none" in lines
    assert "guessed: classes are called by their values: give them names" in lines
    counts = {line.split(":")[0].strip(): line for line in lines if "value" in line and "%" in line}
    masks = [np.asarray(Image.open(file)) for file in Path("raw/masks").iterdir()]
    assert f"{sum(int((mask == 1).sum()) for mask in masks):,}" in counts["value 1"]


def test_an_archive_is_described_too(run_bench, own):
    shutil.make_archive("packed", "zip", own.write_classes(Path("raw")))
    assert "images: 30" in _described(run_bench, "packed.zip")


def test_near_duplicates_across_the_parts_are_named(run_bench, own):
    for part in ("train", "test"):
        own.write_classes(Path("raw"), 3, part=part)
    image = Image.open("raw/train/water/1.jpg")
    image.resize((40, 40)).save("raw/test/water/2.jpg", quality=60)
    lines = _described(run_bench, "raw")
    assert "parts: test 9, train 9" in lines
    assert "near-duplicates in different parts: 1 pairs, such as test/water/2.jpg and train/water/1.jpg" in lines


def _corpus(folder, tiles):
    """A corpus of 16 tiles, cut from one scene."""
    return _cut(
        folder, np.concatenate([np.concatenate(tiles[at : at + 4], axis=1) for at in range(0, 16, 4)]), SIZE, 0.0
    )


def _cut(folder, pixels, size, overlap):
    """A corpus of one scene."""
    place = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, 30, 30)}
    shape = {"count": 3, "height": len(pixels), "width": pixels.shape[1], "dtype": "uint8"}
    (folder / "scenes").mkdir(parents=True)
    with rasterio.open(folder / "scenes" / "scene.tif", "w", driver="GTiff", **place, **shape) as scene:
        scene.write(pixels.transpose(2, 0, 1))
    build_corpus(folder / "scenes", None, None, folder / "corpus", size=size, overlap=overlap)
    return folder / "corpus"


def test_a_leak_between_corpus_and_test_images_is_found_and_none_is_made_up(run_bench, own):
    own.write_masks(Path("raw"), places=4, size=2 * SIZE)
    tiles = [own.draw(5000 + at, SIZE) for at in range(16)]
    clean = _described(run_bench, "raw", "--corpus", _corpus(Path("clean"), tiles))
    assert "corpus: no tile looks like an image" in clean
    # One tile is a quarter of an image, brighter and compressed.
    Image.open("raw/images/site2_1_0.jpg").crop((SIZE, 0, 2 * SIZE, SIZE)).save("quarter.jpg", quality=70)
    tiles[6] = np.clip(np.asarray(Image.open("quarter.jpg")).astype(int) + 8, 0, 255).astype(np.uint8)
    found = _described(run_bench, "raw", "--corpus", _corpus(Path("leaky"), tiles))
    assert "LEAK: 1 tiles of the corpus look like 1 images, such as images/site2_1_0.jpg" in found


def test_tiles_that_overlap_are_looked_for_on_their_own_grid(run_bench, own):
    """Tiles of 48 pixels at every 36th: windows side by side would meet one of the nine."""
    own.write_masks(Path("raw"), places=2, size=2 * SIZE)
    image = np.asarray(Image.open("raw/images/site1_0_0.jpg"))
    found = _described(run_bench, "raw", "--corpus", _cut(Path("overlapping"), image, 48, 0.25))
    assert "LEAK: 9 tiles of the corpus look like 1 images, such as images/site1_0_0.jpg" in found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere is not there"),
        (["raw", "--write", "eurosat"], "the harness knows a data set of this name"),
        (["raw", "--write", "../up"], "--write ../up"),
        (["raw", "--bands", "1,2"], "write --bands as three numbers"),
        (["raw", "--range", "1"], "--range as LOW:HIGH"),
        (["mine.yaml"], "there is no data set mine.yaml"),
        (["raw", "--corpus", "nowhere"], "nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(run_bench, own, arguments, said):
    own.write_classes(Path("raw"), 2)
    done = run_bench("data", "describe", *arguments)
    assert (2, "") == (done.returncode, done.stdout.partition("kind")[0])
    assert said in done.stderr
    assert 0 == done.stderr.strip().count("\n")


def test_files_are_never_overwritten(run_bench, own):
    own.write_classes(Path("raw"), 2)
    _described(run_bench, "raw", "--write", "mine")
    Path("datasets/mine.yaml").unlink()
    again = run_bench("data", "describe", "raw", "--write", "mine")
    assert 2 == again.returncode
    assert "protocols/mine.yaml exists already" in again.stderr
    assert not Path("datasets/mine.yaml").exists()


def test_a_description_that_changed_is_not_mixed_up_with_the_set_of_the_old_one(run_bench, own):
    _described(run_bench, own.write_classes(Path("raw")), "--write", "mine")
    study = load_study("mine.yaml", {})
    (protocol,) = study.all_protocols()
    before = Inputs(lambda _: None).dataset(study, protocol)
    file = Path("datasets/mine.yaml")
    values = yaml.safe_load(file.read_text())
    values["contents"]["classes"] = {"water": "wet", "town": "dry", "field": "dry"}
    file.write_text(yaml.safe_dump(values, sort_keys=False))
    with pytest.raises(Exception, match="was prepared when mine was described otherwise"):
        Inputs(lambda _: None).dataset(study, protocol)
    shutil.rmtree(before.path)
    assert ["wet", "dry"] == Inputs(lambda _: None).dataset(study, protocol).classes


def test_a_data_set_is_known_by_its_path_in_a_study_and_listed_in_its_folder(run_bench, own):
    _described(run_bench, own.write_classes(Path("raw")), "--write", "mine")
    listed = run_bench("data", "list")
    assert "mine: 30 images of 3 classes" in listed.stdout
    shutil.move("datasets", "elsewhere")
    study = load_study("mine.yaml", {"data.mine": "elsewhere/mine.yaml"})
    assert 30 == len(Inputs(lambda _: None).dataset(study, load_protocol("protocols/mine.yaml")))
    assert "mine" not in datasets.registry.listed()


def test_a_set_of_ones_own_is_prepared_from_the_source_in_its_file(run_bench, own):
    _described(run_bench, own.write_classes(Path("raw"), 4), "--write", "mine")
    asked = run_bench("data", "prepare", "mine")
    assert (2, 1) == (asked.returncode, asked.stderr.count("no protocol is known for mine"))
    made = run_bench("data", "prepare", "mine", "--protocol", "protocols/mine.yaml", "--out", "set")
    assert 0 == made.returncode, made.stderr
    listed = run_bench("data", "split", "protocols/mine.yaml", "--part", "test", "--folder", "set")
    assert 2 == len(listed.stdout.split())  # of twelve
    assert all(Path("raw", line).is_file() for line in listed.stdout.split())
    nowhere = run_bench("data", "prepare", "eurosat")
    assert (2, 1) == (nowhere.returncode, nowhere.stderr.count("where is eurosat?"))


@pytest.mark.nightly
@pytest.mark.parametrize("write", ["write_classes", "write_masks", "write_voc"])
def test_a_run_on_a_folder_that_was_never_seen_ends_in_a_table(run_bench, own, write):
    _described(run_bench, getattr(own, write)(Path("raw")), "--write", "mine")
    study = yaml.safe_load(Path("mine.yaml").read_text())
    (task,) = study["tasks"]
    short = {"extends": "protocols/mine.yaml", "id": "short", "schedule": {"total": 4, "look_every": 0},
             "selection": "last", "sources": {"schedule": "ours", "selection": "ours"}}  # fmt: skip
    Path("short.yaml").write_text(yaml.safe_dump(short))
    done = run_bench(
        "run", "--study", "mine.yaml", "--methods", "random", "--backbones", "timm:test_resnet", "--seeds", "1",
        "--fractions", "1.0", "--set", f"protocols.{task}=[short.yaml]", "--set", "engine={kind: local, workers: 1}",
    )  # fmt: skip
    assert 0 == done.returncode, done.stderr
    assert Path("runs/tables/mine/table.csv").read_text().count("random") >= 1
