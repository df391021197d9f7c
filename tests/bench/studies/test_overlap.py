"""Test images that lie where the corpus lies: counted when a study is planned, marked in records, refused where many."""

import numpy as np
import pytest
import rasterio
import yaml
from click.testing import CliRunner
from PIL import Image
from rasterio.transform import from_origin

from bench.cli.corpus import corpus as corpus_command
from bench.core import files
from bench.core.errors import CorpusError, DataError, StudyError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.images.pipeline import build_from_images
from bench.corpus.scenes.georeference import Georeference
from bench.corpus.storage.reader import Corpus
from bench.studies.design import design
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks import datasets
from tasks.labels.image_class import LABEL
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.writing import SliceWriter

SIZE = 64
ORIGIN = 500_000, 5_000_000
METRES = 10
SIDE = SIZE * METRES / 1000  # of a tile, in km


def write_scene(path, size, east=0.0):
    """A scene of noise whose first corner lies `east` tiles of 64 pixels east of the origin."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(int(east)).integers(0, 255, (3, *size), dtype=np.uint8)
    place = {"crs": "EPSG:32632", "transform": from_origin(ORIGIN[0] + east * SIZE * METRES, ORIGIN[1], METRES, METRES)}
    shape = {"count": 3, "height": size[0], "width": size[1], "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", **place, **shape) as scene:
        scene.write(pixels)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A corpus of 4 x 4 tiles, and a function that writes a set with its ten test images in a row from a place on."""
    root = tmp_path_factory.mktemp("overlap")
    write_scene(root / "scenes" / "scene.tif", (4 * SIZE, 4 * SIZE))
    build_corpus(root / "scenes", None, None, root / "corpus", size=SIZE, overlap=0.0)
    return root


def write_set(folder, grid):
    """Four training images without a place and ten test images, of which image i lies i tiles east of the grid's corner."""
    images = np.random.default_rng(1).integers(0, 255, (14, SIZE, SIZE, 3), dtype=np.uint8)
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, 14, SIZE, ["a", "b"], LABEL)
        for at, image in enumerate(images):
            part = "train" if at < 4 else "test"
            place = grid.footprint((at - 4) * SIZE, 0, SIZE) if grid and at >= 4 else None
            writer.add(image, at % 2, f"{part}-{at}", part=part, footprint=place)
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": False, "dataset": "rsscn7"})
    return folder


def grid_at(root, east):
    write_scene(root / f"grid-{east}.tif", (SIZE, 10 * SIZE), east)
    return Georeference.of_file(root / f"grid-{east}.tif")


def study_of(root, data, **more):
    values = load_protocol("geokr-2021/rsscn7").model_dump(mode="json", exclude_unset=True)
    (root / "protocol.yaml").write_text(yaml.safe_dump(values | {"id": "mine", "split": {"by": "given"}}))
    study = {
        "extends": "demo",
        "name": "placed",
        "corpus": str(root / "corpus"),
        "methods": ["simclr"],
        "references": ["random"],
        "data": {"rsscn7": str(data)},
        "tasks": ["cls"],
        "protocols": {"cls": [str(root / "protocol.yaml")]},
        "labels": ["100%"],
        "seeds": 1,
        "tuned_by": None,
        "pretrain": {"batch": 4},
        **more,
    }
    (root / "study.yaml").write_text(yaml.safe_dump(study))
    return load_study(str(root / "study.yaml"), {})


def plan_of(root, data, **more):
    return make_plan(study_of(root, data, **more), Inputs(lambda _text: None, root / "home"))


def test_a_test_part_that_lies_under_the_corpus_is_measured_refused_and_allowed(world):
    """The corpus reaches four tiles east; the ten test images begin after 3.75 of them: a quarter of the first."""
    data = write_set(world / "quarter", grid_at(world, 3.75))
    plan = plan_of(world, data)
    (found,) = plan.overlaps
    assert (0.025, 0.25 * SIDE**2) == pytest.approx((found.share, found.km2), rel=0.05)
    trained, drawn = (next(c for c in plan.cells if c.pretrain.method == name) for name in ("simclr", "random"))
    assert "of the test images, lie under the corpus" in trained.warnings["overlap"]
    assert trained.warnings["overlap"] == trained.design["overlap"]
    assert "overlap" not in drawn.warnings | drawn.design

    most = write_set(world / "most", grid_at(world, 1))
    with pytest.raises(
        StudyError, match=r"30.00% of the test images, lie under the corpus .*--away-from rsscn7 --km 5"
    ):
        plan_of(world, most)
    assert 0.3 == pytest.approx(plan_of(world, most, allow_overlap=True).overlaps[0].share, rel=0.05)


def test_keys_do_not_know_of_places(world):
    away, beside = write_set(world / "away", grid_at(world, 40)), write_set(world / "nowhere", None)
    assert [c.key for c in plan_of(world, away).cells] == [c.key for c in plan_of(world, beside).cells]
    cells = plan_of(world, away).cells
    told = {c.pretrain.method: c.design.get("overlap") for c in cells}
    assert {"simclr": "0 km2, 0.00% of the test images, lie under the corpus", "random": None} == told
    assert not any(c.warnings for c in cells)


def test_what_has_no_place_is_unknown_and_said_so(world, tmp_path):
    (found,) = plan_of(world, write_set(tmp_path / "nowhere", None)).overlaps
    assert "unknown: the test images have no place, and no area is stated for the data set" == str(found)


@pytest.mark.parametrize(
    ("east", "said", "marked"),
    [
        (3.75, "0.102 km2, 2.50% of the test images, lie under the corpus", True),
        (40, "none", False),
        (None, "unknown: the test images have no place, and no area is stated for the data set", False),
    ],
)
def test_the_design_sheet_says_what_of_a_test_part_lies_under_the_corpus(world, tmp_path, east, said, marked):
    data = write_set(tmp_path / "set", grid_at(world, east) if east else None)
    sheet = design(study_of(world, data), Inputs(lambda _text: None, world / "home"))
    cell = sheet.protocols[0][sheet.protocol_columns.index("under the corpus")]
    assert (said, marked) == (cell.text, cell.differs)
    assert marked is (f"mine: {said}." in sheet.notes)


def test_tiles_near_a_data_set_are_filtered_out(world, tmp_path):
    """The set begins at the corpus' last column: with 0 km two columns go, the last and the one that touches it."""
    data = write_set(tmp_path / "set", grid_at(world, 3))
    runner = CliRunner()

    def filtered(km):
        out = tmp_path / f"away-{km}"
        asked = ["filter", str(world / "corpus"), "--away-from", str(data), "--km", str(km), "--out", str(out)]
        done = runner.invoke(corpus_command, asked)
        return done, Corpus.open(out) if done.exit_code == 0 else None

    _, kept = filtered(0.2)
    # Ten images in the first row of tiles. A tile counts as the circle round it, of 0.45 km.
    reach = 0.2 + SIDE / np.sqrt(2)
    centres = [(row + 0.5, column + 0.5) for row in range(4) for column in range(4)]
    apart = [np.hypot(max(0, 3 - column), max(0, row - 1)) * SIDE for row, column in centres]
    assert sum(each > reach for each in apart) == len(kept)
    assert any("away-from" in line for line in kept.manifest.history)
    done, _ = filtered(5)
    assert "no tile is left" in str(done.exception)


def test_a_corpus_and_a_data_set_without_places_are_refused_in_one_line(world, tmp_path):
    for number, name in enumerate("ab"):
        (tmp_path / "images" / name).mkdir(parents=True)
        pixels = np.full((16, 16, 3), number, dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / name / "0.png")
    build_from_images(tmp_path / "images", tmp_path / "placeless")
    runner = CliRunner()
    data = write_set(tmp_path / "set", grid_at(world, 3))
    asked = ["--km", "5", "--out", str(tmp_path / "none")]
    done = runner.invoke(corpus_command, ["filter", str(tmp_path / "placeless"), "--away-from", str(data), *asked])
    assert isinstance(done.exception, CorpusError)
    assert "is of images without a place" in str(done.exception)
    done = runner.invoke(corpus_command, ["filter", str(world / "corpus"), "--away-from", "rsscn7", *asked])
    assert isinstance(done.exception, DataError)
    assert "data set rsscn7 has no places" in str(done.exception)


def test_classes_that_a_row_learns_and_that_are_kin_to_the_labels_are_told(tmp_path):
    for number, name in enumerate(["Forest", "River", "Highway"] * 3):
        (tmp_path / "images" / name).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (SIZE, SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / name / f"{number}.png")
    build_from_images(tmp_path / "images", tmp_path / "corpus", classes_as="eurosat")
    data = write_set(tmp_path / "set", None)
    options = {"supervised": {"labelled": "corpus"}}
    plan = plan_of(tmp_path, data, methods=["geokr", "supervised", "simclr"], options=options)
    kin = {cell.pretrain.method: cell.design.get("kin") for cell in plan.cells}
    assert {"geokr": "eurosat", "supervised": "eurosat", "simclr": None, "random": None} == kin
    source = datasets.get("rsscn7").label_source
    assert {source} == {cell.design["label_source"] for cell in plan.cells}
    assert "corpus is of images without a place" in str(plan.overlaps[0])


def test_a_prepared_set_keeps_places_beside_its_hash(world, tmp_path):
    placed, plain = (Prepared.open(write_set(tmp_path / n, g)) for n, g in (("a", grid_at(world, 3)), ("b", None)))
    assert placed.hash == plain.hash
    assert (14, 4, 2) == placed.footprints.shape
    assert np.isnan(placed.footprints[:4]).all()
    assert plain.footprints is None


def test_a_box_that_is_none_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\ncontents: {kind: classes, images: '{class}/{name}.png'}\nareas: [[1, 5, 2, 3]]\n")
    with pytest.raises(StudyError, match=r"areas.*is no box of degrees: write \[west, south, east, north\]"):
        datasets.read_own(file)


def test_a_row_that_needs_land_cover_is_refused_on_a_corpus_without_before_anything_runs(world, tmp_path):
    data = write_set(tmp_path / "set", None)
    with pytest.raises(StudyError, match=r"geokr needs landcover, which corpus .* --landcover or --classes-as"):
        plan_of(world, data, methods=["geokr"])
