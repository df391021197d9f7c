"""How long a plan should take, by numbers that follow from the study alone or from the store's own times."""

import json

import numpy as np
import pytest
import rasterio
from affine import Affine

from bench import backbones
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.reader import Corpus
from bench.pretraining import flops
from bench.store.records import Record
from bench.store.store import Store
from bench.studies.estimates import FORWARD, Estimate, _rough_tuning, estimate, seconds_an_image
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks.prepared import SCHEMA
from tasks.protocols import load_protocol

# Seconds of an image of 64 px on timm:test_resnet.
IMAGE = 0.005 + 0.0175 * 0.0328


@pytest.fixture
def data(tmp_path):
    """A prepared set of 100 images, of which a plan reads the index, and the bands."""
    slices = [{"source": f"image-{number}", "x": 0, "y": 0} for number in range(100)]
    index = {"schema": SCHEMA, "synthetic": True, "hash": "0" * 16, "slices": slices}
    index |= {"kind": "class", "classes": ["field"], "palette": [[0, 0, 0]]}
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "index.json").write_text(json.dumps(index))
    np.save(folder / "images.npy", np.zeros((100, 1, 1, 3), dtype=np.uint8))
    return folder


def planned(tmp_path, data, **changes):
    study = load_study(
        "demo",
        {
            "data": {"demo-scenes": str(data), "ucmerced": str(data)},
            "methods": ["random"],
            "options.random.calibrate": "none",
            "tasks": ["cls"],
            "fractions": [0.1, 1.0],
            "engine.workers": 1,
        }
        | changes,
    )
    inputs, store = Inputs(print, tmp_path), Store(tmp_path / "store")
    plan = make_plan(study, inputs)
    return plan, store, estimate(plan, study, store, inputs)


def cell_of_scenes():
    """Seconds of a cell of the demo's classification: its steps of images of 64 px, whatever the fraction."""
    schedule = load_protocol("demo/scenes").schedule
    return schedule.total * schedule.batch * IMAGE


def test_without_measurements_a_cell_takes_what_its_network_needs_for_its_images(tmp_path, data):
    """Two fractions under three seeds."""
    _, _, guess = planned(tmp_path, data)
    assert Estimate(pytest.approx(6 * cell_of_scenes()), measured=False) == guess
    _, _, larger = planned(tmp_path, data, backbones=["resnet50"])
    assert pytest.approx((5 + 17.5 * 0.667) / (5 + 17.5 * 0.0328)) == larger.seconds / guess.seconds


def test_the_operations_that_are_written_down_are_those_that_are_counted():
    assert FORWARD.keys() == backbones.registry.all().keys()
    for name in ("timm:test_resnet", "resnet18", "squeezenet1_1"):
        assert pytest.approx(FORWARD[name] * 1e9, rel=0.005) == flops.forward(name)


def test_another_network_is_counted_when_it_is_planned():
    assert seconds_an_image("timm:resnet10t") == pytest.approx(0.005 + 0.0175e-9 * flops.forward("timm:resnet10t"))
    assert seconds_an_image("timm:test_resnet") < seconds_an_image("timm:resnet10t") < seconds_an_image("resnet18")


def test_jobs_run_side_by_side_but_none_is_split(tmp_path, data):
    _, _, guess = planned(tmp_path, data, **{"engine.workers": 4})
    assert pytest.approx(6 * cell_of_scenes() / 4) == guess.seconds
    _, _, guess = planned(tmp_path, data, **{"engine.workers": 8})
    assert pytest.approx(cell_of_scenes()) == guess.seconds


def test_epochs_count_the_training_images_of_the_fraction(tmp_path, data):
    """A protocol in epochs: steps an epoch are whole batches of the fraction's images, the last one filled up."""
    changes = {"protocols": {"cls": ["geokr-2021/ucmerced"]}, "fractions": [0.1], "seeds": 1}
    plan, _, guess = planned(tmp_path, data, **changes)
    protocol = plan.cells[0].protocol
    train = round(100 * protocol.split.ratio[0] / sum(protocol.split.ratio))
    images = protocol.schedule.total * -(-round(0.1 * train) // protocol.schedule.batch) * protocol.schedule.batch
    assert pytest.approx(images * (protocol.slices.size / 64) ** 2 * IMAGE) == guess.seconds


def test_a_pretraining_takes_its_epochs_of_the_corpus(tmp_path, data):
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    place = {"crs": "EPSG:32650", "transform": Affine(10, 0, 500_000, 0, -10, 4_000_000)}
    pixels = np.random.default_rng(0).integers(20, 200, size=(3, 200, 200), dtype=np.uint8)
    shape = {"count": 3, "height": 200, "width": 200, "dtype": "uint8"}
    with rasterio.open(scenes / "GF1_a.tif", "w", driver="GTiff", **place, **shape) as dataset:
        dataset.write(pixels)
    build_corpus(scenes, None, None, tmp_path / "corpus", size=64)
    tiles = len(Corpus.open(tmp_path / "corpus"))
    options = {
        "pretrain": {"epochs": 3, "batch": 4, "size": 32},
        "references": [],
        "methods": ["simclr"],
        "budget": "paper",
    }
    changes = options | {"corpus": str(tmp_path / "corpus"), "fractions": [1.0], "seeds": 1}
    _, store, guess = planned(tmp_path, data, **changes)
    store.open_for_writing()
    cell = cell_of_scenes()
    read = tiles // 4 * 4
    assert Estimate(pytest.approx(read * 3 * 0.25 * IMAGE + cell), measured=False) == guess
    budgeted = changes | {"pretrain": {"batch": 4, "size": 32}, "budget": {"steps": 5}}
    _, _, guess = planned(tmp_path, data, **budgeted)
    assert Estimate(pytest.approx(5 * 4 * 0.25 * IMAGE + cell), measured=False) == guess
    # Four steps of 4 views of 32 px in 2 s are 2 images of 64 px a second.
    folder = store.weights("other")
    folder.mkdir(parents=True)
    card = {
        "key": "other",
        "method": "simclr",
        "seed": 0,
        "steps": 4,
        "corpus_hash": "1",
        "backbone": "timm:test_resnet",
    }
    card |= {"options": {"batch": 4, "size": 32}, "cost": {"train_seconds": 2.0}}
    (folder / "card.json").write_text(json.dumps(card))
    _, _, guess = planned(tmp_path, data, **changes)
    assert pytest.approx(read * 3 * 0.25 / 2 + cell) == guess.seconds


def test_probes_look_at_each_image_once_and_a_cell_costs_a_tenth_of_a_second(tmp_path, data):
    """The demo's probe: its subsets of a tenth and one of all, under three seeds with an initialisation each."""
    changes = {"tasks": ["probe"], "protocols": {"probe": ["demo/scenes-probe"]}}
    _, _, guess = planned(tmp_path, data, **changes)
    assert (
        Estimate(
            pytest.approx(3 * ((load_protocol("demo/scenes-probe").subsets + 1) * 0.1 + 100 * IMAGE)), measured=False
        )
        == guess
    )


def test_cells_that_were_measured_take_as_long_as_they_took(tmp_path, data):
    plan, store, _ = planned(tmp_path, data)
    store.open_for_writing()
    for cell, seconds in zip(plan.cells, (10.0, 11.0, 60.0), strict=False):
        store.write_record(record_of(cell, seconds))
    _, _, guess = planned(tmp_path, data)
    assert Estimate(pytest.approx(3 * (11.0 + 1.5)), measured=True) == guess


def record_of(cell, seconds):
    return Record(
        key=cell.key, study="demo", method="random", options={}, backbone=cell.pretrain.backbone, task="cls",
        dataset=cell.protocol.dataset, protocol=cell.protocol.id, protocol_hash=cell.protocol.hash,
        fraction=cell.fraction, seed=cell.seed, seeds={"pretrain": 1, "subset": 2, "train": 3},
        weights=cell.pretrain.key, corpus=None, metric="accuracy", metrics={"accuracy": 0.5}, counts={}, synthetic=True,
        synthetic_corpus=None, provenance={}, cost={"train_seconds": seconds, "eval_seconds": 1.5},
    )  # fmt: skip


def test_a_grid_takes_as_many_trainings_as_it_has_points():
    plain, tuned = (
        _rough_tuning(load_protocol(name), "resnet18", 1.0, 100) for name in ("demo/city", "demo/city-tuned")
    )
    assert 6 * plain == tuned
