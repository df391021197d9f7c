"""Bugs that gave a wrong number without an error: each has a test here, or in its room.

In their rooms stand those that need a room's fixtures:

- a teacher that no update moved was exported as trained: `methods/options/test_updates.py`
- an epoch stood for all of a product, or two sheets of one place were mixed: `bench/corpus/landcover/test_footprints.py`
- scale and offset of a band were forgotten: `bench/corpus/scenes/test_offsets.py`
- weights were used with other input statistics than their own: `bench/backbones/test_normalisation.py`
- a collapsed or diverged pretraining stood as a result: `bench/pretraining/test_loop.py`
- rare classes were never predicted by a head that began at zero: `tasks/heads/test_fcn.py`
- masks off the palette, drawn pairs and strays became classes: `tasks/datasets/test_public_copies.py`
- tiles of a corpus that overlap were looked for side by side, and hardly any was found: `bench/cli/test_data_describe.py`
- a split that TorchGeo's annotation leaves out was lost: `tasks/datasets/test_torchgeo_sets.py`
- `geokr-classification` jittered the first three bands as red, green and blue: `methods/test_common_views.py`
- labels to match and tables mixed rows of two studies: `results/test_matching.py`, `results/tables/test_tables.py`
"""

import json

import numpy as np
import pytest
from synthetic_records import synthetic_record, write_records

from bench.core import files
from bench.core.errors import StoreError
from bench.metrics.confusion import IGNORE, change_scores, confusion
from bench.metrics.matching import Detections, match
from bench.store.records import read_record
from results.frame import from_records, load, scan
from results.stats.intervals import stratified_bootstrap
from results.summary import summarise


def cell(score, **changes):
    return synthetic_record(metrics={"miou": score}, **changes)


@pytest.mark.filterwarnings("ignore:.*superseded")
def test_results_of_older_code_are_not_averaged_with_those_of_newer(tmp_path):
    """One cell, computed by version 1 and by version 2 of a task: two keys, and one seed."""
    old = cell(0.2, key="old", provenance={"code": {"method": 1, "task": 1}})
    new = cell(0.8, key="new", provenance={"code": {"method": 1, "task": 2}})
    table = summarise(load(write_records(tmp_path, [old, new])))
    assert [(1, 0.8)] == list(table[["n", "mean"]].itertuples(index=False, name=None))
    assert 1 == len(scan(tmp_path).superseded)


def test_a_record_that_two_studies_asked_for_counts_once():
    record = cell(0.5)
    assert 1 == len(from_records([record, record]))


def test_options_that_differ_in_their_type_only_are_two_rows():
    """The text 1 and the number 1 print alike, and are averaged if the labels are built from that."""
    records = [
        cell(score, method="moco", options={"temperature": value}, key=key)
        for score, value, key in ((0.2, 1, "a"), (0.8, "1", "b"))
    ]
    table = summarise(from_records(records))
    assert [1, 1] == table["n"].tolist()
    assert 2 == table["variant"].nunique()


def test_scores_of_two_versions_of_a_protocol_are_never_averaged():
    records = [cell(0.2, key="a", protocol_hash="1" * 16), cell(0.8, key="b", protocol_hash="2" * 16)]
    assert {0.2, 0.8} == set(summarise(from_records(records))["mean"])


def test_a_metric_that_is_not_a_number_is_no_record(tmp_path):
    """It would make every mean that it enters missing, and pandas leaves missing values out."""
    value = cell(0.5).to_json()
    value["metrics"]["miou"] = float("nan")
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    with pytest.raises(StoreError, match=r"is not a record: metrics\.miou: is not a finite number"):
        read_record(path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(tmp_path / "b.json", value)


def test_never_reached_in_some_resamples_is_infinite_and_not_missing():
    """Interpolating between 0.5 and infinity gives NaN, which printed as no interval at all."""
    interval = stratified_bootstrap([np.array([0.0, 1.0, 1.0])], lambda s: np.inf if s[0].mean() < 0.5 else 0.5)
    assert (0.5, np.inf) == (interval.low, interval.high)


def test_a_class_number_of_eight_bits_does_not_wrap_in_the_confusion_matrix():
    """Class 60 of 61 times 61 classes is 3660, which is 76 in eight bits."""
    truth = np.array([60, 3], dtype=np.uint8)
    matrix = confusion(np.array([60, 60], dtype=np.uint8), truth, 61)
    assert (1, 1, 2) == (matrix[60, 60], matrix[3, 60], matrix.sum())


def test_ignored_pixels_do_not_become_a_class_of_their_own():
    truth = np.array([IGNORE, 1, IGNORE], dtype=np.uint8)
    assert [[0, 0], [0, 1]] == confusion(np.array([0, 1, 1]), truth, 2).tolist()


def test_precision_and_recall_of_change_are_not_exchanged():
    """One of four changed pixels is found, and nothing is found wrongly."""
    found = change_scores(np.array([[6, 0], [3, 1]]), ["unchanged", "changed"])
    assert (1.0, 0.25) == (found["precision"], found["recall"])


def test_images_without_objects_keep_their_false_alarms():
    """Left out of the evaluation, they raised the precision."""
    box = [0, 0, 9, 9]
    right = Detections(np.array([[*box, 0]], dtype=float), np.array([[*box, 0, 0.5]]))
    alarm = Detections(np.empty((0, 5)), np.array([[*box, 0, 0.9]]))
    found = [match(images, ["ship"]).scores()["AP50"] for images in ([right], [right, alarm])]
    assert [1.0, 0.5] == pytest.approx(found)


def test_boxes_are_widths_and_heights_and_not_corners_to_the_evaluation():
    """Two boxes of one size: as corners the second one, further from the origin, would hide a shift of half its width."""
    truth = np.array([[100, 100, 120, 120, 0]], dtype=float)
    shifted = np.array([[110, 100, 130, 120, 0, 0.9]])
    assert 0.0 == match([Detections(truth, shifted)], ["ship"]).scores()["AP50"]
