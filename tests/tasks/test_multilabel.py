"""The multi-label task trains, scores, pictures and learns, on a tiny set in the public layout."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from tasks.amounts import share
from tasks.multilabel import constant_loss
from tasks.protocols import load_protocol
from tasks.subset_counts import count_subsets
from tasks.task import Start


@pytest.fixture(scope="module")
def data(generators, prepared, tmp_path_factory):
    root = tmp_path_factory.mktemp("tags")
    raw = generators("ucmerced_multilabel").write_ucmerced_multilabel(root / "raw", per_scene=14, size=32)
    return prepared("ucmerced-multilabel", raw, root / "out", 32)


def _task(data, steps=4, **changes):
    protocol = load_protocol("ucmerced-multilabel/random-80-20")
    schedule = protocol.schedule.model_copy(
        update={"length": "steps", "total": steps, "batch": 16, "precision": "fp32"}
    )
    return tasks.get("multilabel").load()(protocol.model_copy(update={"schedule": schedule} | changes), data)


def _run(task, folder, parts=None, predictions=0):
    torch.manual_seed(0)
    parts = parts or task.parts()
    start = Start("resnet18", dict(backbones.build("resnet18").state_dict()), IMAGENET)
    context = Context(torch.device("cpu"), folder, 1, lambda *_: None, folder / "predictions", predictions)
    return task.run(start, parts.train, parts, context)


def test_it_scores_the_test_split_and_pictures_it(data, tmp_path):
    task = _task(data)
    result = _run(task, tmp_path, predictions=2)
    assert {"mAP", "F1_micro", "F1_macro"} <= result.metrics.keys()
    assert all(0 <= value <= 1 for value in result.metrics.values())
    pictures = sorted((tmp_path / "predictions").glob("*.png"))
    assert 2 == len(pictures)
    with Image.open(pictures[0]) as picture:
        parts = json.loads(picture.text["bench"])["parts"]
    assert ["image", "truth", "prediction"] == [name for name, _, _ in parts]
    assert set(parts[1][2].split(", ")) <= set(task.scheme.classes)


def test_the_same_seed_gives_the_same_metrics(data, tmp_path):
    assert _run(_task(data), tmp_path / "1").metrics == _run(_task(data), tmp_path / "2").metrics


def test_it_learns_its_own_samples(data, tmp_path):
    task = _task(data, steps=60, augment=[])
    parts = task.parts()
    seen = type(parts)(parts.train, [], parts.train)
    assert _run(task, tmp_path, seen).metrics["mAP"] > 0.9


def test_subsets_are_stratified_by_the_set_of_labels_and_counted_by_label(data):
    task = _task(data)
    strata = task.strata(list(range(len(data))))
    assert len({tuple(row) for row in data.class_counts.tolist()}) == len(set(strata))
    (count,) = count_subsets(task, [share(1.0)], {0: 7})
    assert data.class_counts[task.parts().train].sum(axis=0).tolist() == count.true


def test_the_loss_of_a_constant_prediction_is_the_mean_entropy_of_the_labels():
    """Shares 1/2 and 1 of two labels: (ln 2 + 0) / 2; nothing is known where a constant is right."""
    assert constant_loss(np.array([[1, 1], [0, 1]])) == pytest.approx(np.log(2) / 2)
    assert constant_loss(np.array([[1, 0], [1, 0]])) is None
