"""What a record says of the protocol behind its number."""

import numpy as np
import pytest

import tasks
from bench.core import files
from bench.studies.work import _design
from tasks.labels.image_class import LABEL
from tasks.prepared import Prepared
from tasks.protocols import Protocol, load_protocol
from tasks.task import Result
from tasks.writing import SliceWriter

RESULT = Result(metrics={}, steps=1, train_seconds=0, test_seconds=0)


@pytest.fixture
def data(tmp_path):
    """Ten images of four slices each, as a mosaic is cut."""
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 40, 4, ["a", "b"], LABEL)
        for at in range(40):
            writer.add(np.full((4, 4, 3), at, np.uint8), at // 4 % 2, f"image-{at // 4}", x=4 * (at % 4))
        writer.finish({"palette": [[0, 0, 0]] * 2})
    return Prepared.open(tmp_path / "set")


def design(data, by, **changes):
    values = load_protocol("demo/scenes").model_dump(mode="json")
    values["schedule"]["look_every"] = 5  # for those that select
    values |= {"split": {"by": by, "ratio": [3, 0, 1], "seed": 1}} | changes
    protocol = Protocol.model_validate(values)
    task = tasks.get("cls").load()(protocol, data)
    return _design(task, task.parts(), RESULT)


def test_a_split_by_slice_of_images_that_were_cut_is_called_leaky_and_one_by_image_is_not(data):
    assert "images of the test part lie in the training part too" == design(data, "slice")["leaky"]
    assert "leaky" not in design(data, "image")


def test_a_validation_part_that_was_taken_out_of_training_is_named(data):
    assert "val" not in design(data, "image", selection="last")
    assert "20% of the training part" == design(data, "image", selection="val")["val"]
