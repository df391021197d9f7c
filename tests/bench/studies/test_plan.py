"""A plan's cells: which amounts of labels they have, and what moves their keys."""

import numpy as np
import pytest

from bench.core import files
from bench.core.errors import StudyError
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from tasks import subsets
from tasks.labels.image_class import LABEL
from tasks.protocols import load_protocol
from tasks.writing import SliceWriter

PER_CLASS = 40


@pytest.fixture
def data(tmp_path):
    """Images of two classes, of which demo/scenes takes three in four for training."""
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 2 * PER_CLASS, 4, ["a", "b"], LABEL)
        for at in range(2 * PER_CLASS):
            writer.add(np.full((4, 4, 3), at, np.uint8), at % 2, f"image-{at}")
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": True})
    return tmp_path / "set"


@pytest.fixture
def planned(data, tmp_path):
    """Function that plans a study of random starts: `planned(labels=[...])`."""

    def plan(**changes):
        asked = {"data": {"demo-scenes": str(data)}, "methods": ["random"], "tasks": ["cls"], "seeds": 1}
        asked |= {"options.random.calibrate": "none"} | changes  # no corpus is drawn
        return make_plan(load_study("demo", asked), Inputs(print, tmp_path))

    return plan


@pytest.fixture
def cells(planned):
    """The cells of `planned`."""
    return lambda **changes: planned(**changes).cells


def key_of(cells, **changes):
    (cell,) = cells(**changes)
    return cell.key


def test_a_share_is_the_cell_of_its_fraction_and_a_count_that_of_its_exact_share(cells):
    assert key_of(cells, fractions=[0.1]) == key_of(cells, labels=["10%"])
    (count,) = cells(labels=[7])
    assert (7 / 49, "7") == (count.fraction, count.labels)
    assert count.key == key_of(cells, fractions=[7 / 49])


def test_shots_are_cells_of_their_own_but_where_they_draw_what_a_count_draws(cells):
    one, two, five = cells(labels=["1shot", 2, "5shot", 20, 0.3333])[:3]
    assert (["1shot", "5shot", "20"], [2 / 49, 10 / 49, 20 / 49]) == (
        [one.labels, two.labels, five.labels],
        [one.fraction, two.fraction, five.fraction],
    )
    assert key_of(cells, labels=["1shot"]) == key_of(cells, labels=[2])


def test_a_grid_larger_than_the_labels_allow_is_refused(cells):
    with pytest.raises(StudyError, match=r"demo/scenes: 50 labels are asked, its training part has 49: ask for fewer"):
        cells(labels=[50])
    with pytest.raises(StudyError, match=r"demo/scenes: 50shot asks for 50 samples of each class"):
        cells(labels=["50shot"])


def test_another_rule_of_drawing_is_another_key(cells, monkeypatch):
    before = key_of(cells, fractions=[1.0])
    monkeypatch.setattr(subsets, "DRAW_VERSION", subsets.DRAW_VERSION + 1)
    assert before != key_of(cells, fractions=[1.0])


def test_the_repeats_of_a_plan_are_blocks_that_make_it_whole(planned):
    """Fine-tunings have one seed a repeat, probes as many as they draw subsets, and one of all labels."""
    asked = {"tasks": ["cls", "probe"], "protocols": {"cls": ["demo/scenes"], "probe": ["demo/scenes-probe"]}}
    whole = planned(**asked, seeds=3, fractions=[0.5, 1.0])
    subsets = load_protocol("demo/scenes-probe").subsets
    assert subsets > 1
    blocks = [whole.of_repeat(repeat) for repeat in range(3)]
    assert {cell.key for cell in whole.cells} == {cell.key for block in blocks for cell in block.cells}
    assert len(whole.cells) == sum(len(block.cells) for block in blocks)
    for block in blocks:
        assert {job.key for job in block.pretrains} == {cell.pretrain.key for cell in block.cells}
        assert 2 + subsets + 1 == len(block.cells)
    assert [] == whole.of_repeat(3).cells
