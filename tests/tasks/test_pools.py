"""The pool of a protocol's labels: what an amount draws, and which amounts it cannot give."""

import numpy as np
import pytest

from bench.core import files
from bench.core.errors import StudyError
from tasks.amounts import read_amount
from tasks.labels.boxes import LABEL as BOXES
from tasks.labels.change import LABEL as CHANGE
from tasks.labels.image_class import LABEL as CLASS
from tasks.labels.mask import LABEL as MASK
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.pools import Pool
from tasks.prepared import Prepared
from tasks.protocols import Protocol, load_protocol
from tasks.writing import SliceWriter

SEED = 7
# Training images of each class, and two more of each for the test part.
SIZES = {"field": 20, "forest": 12, "water": 8}
STORED = {
    "class": lambda number: number,
    "mask": lambda number: np.full((4, 4), number, np.uint8),
    "change": lambda number: np.full((4, 4), number % 2, np.uint8),
    "multilabel": lambda number: np.eye(3, dtype=np.uint8)[number],
    "boxes": lambda number: np.array([[0, 0, 3, 3, number]]),
}


def write(folder, label=CLASS, sizes=SIZES):
    """Images of one class each, four slices to a source."""
    rows = [(n, part) for n, size in enumerate(sizes.values()) for part in ["train"] * size + ["test"] * 2]
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, len(rows), 4, list(sizes), label)
        for at, (number, part) in enumerate(rows):
            image = np.full((4, 4, 3 * label.dates), at, np.uint8)
            writer.add(image, STORED[label.name](number), f"scene-{at // 4}", x=4 * (at % 4), part=part)
        writer.finish({"palette": [[0, 0, 0]] * len(sizes)})
    return Prepared.open(folder)


def protocol(**changes):
    values = load_protocol("demo/scenes").model_dump(mode="json")
    values["schedule"]["look_every"] = 5  # for those that select
    sources = values["sources"] | {"draw": "ours", "selection": "ours"}
    return Protocol.model_validate(values | {"split": {"by": "given"}, "sources": sources} | changes)


@pytest.fixture
def data(tmp_path):
    return write(tmp_path / "set")


@pytest.fixture
def pool(data):
    return Pool(protocol(), data)


def classes_of(pool, positions):
    strata = dict(zip(pool.parts.train, pool.strata, strict=True))
    return [[strata[at] for at in positions].count(number) for number in range(3)]


def drawn(pool, *amounts):
    return pool.distinct(map(read_amount, amounts))


def test_shots_draw_so_many_of_each_class_and_lie_inside_each_other(pool):
    one, five = (pool.draw(read_amount(text), SEED) for text in ("1shot", "5shot"))
    assert [1, 1, 1] == classes_of(pool, one)
    assert [5, 5, 5] == classes_of(pool, five)
    assert set(one) < set(five) < set(pool.parts.train)


def test_counts_and_shares_follow_one_order(pool):
    whole = pool.draw(read_amount("100%"), SEED)
    assert sorted(whole) == pool.parts.train
    assert whole[:7] == pool.draw(read_amount(7), SEED)
    assert whole[:4] == pool.draw(read_amount("10%"), SEED)


def test_a_cell_says_the_exact_share_of_a_count_or_of_shots_and_what_was_asked(pool):
    share, count, shots = drawn(pool, "10%", 7, "5shot")
    assert (0.1, None, None) == (share.fraction, share.labels, share.shots)
    assert (7 / 40, "7", None) == (count.fraction, count.labels, count.shots)
    assert (15 / 40, "5shot", 5) == (shots.fraction, shots.labels, shots.shots)


def test_two_amounts_that_draw_the_same_are_one_named_as_the_first(pool):
    """Three labels of three classes are one shot; fifteen are not five of each."""
    assert ["1shot"] == [found.labels for found in drawn(pool, "1shot", 3)]
    assert [None] == [found.labels for found in drawn(pool, 0.1, 4, 0.09)]
    assert ["5shot", "15"] == [found.labels for found in drawn(pool, "5shot", 15)]
    assert pool.draw(read_amount("1shot"), SEED) == pool.draw(read_amount(3), SEED)


def test_shots_of_classes_of_one_size_are_the_beginning_of_the_order(tmp_path):
    even = Pool(protocol(), write(tmp_path / "even", sizes=dict.fromkeys(SIZES, 10)))
    assert [None] == [found.shots for found in drawn(even, "5shot", 15)]
    assert even.draw(read_amount("5shot"), SEED) == even.draw(read_amount(15), SEED)


def test_a_draw_by_source_takes_whole_images(data):
    pool = Pool(protocol(draw="by-source"), data)
    sources = [data.sources[at] for at in pool.draw(read_amount("100%"), SEED)]
    assert len(set(sources)) == sum(a != b for a, b in zip(sources, [None, *sources], strict=False))


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (41, "protocol demo/scenes: 41 labels are asked, its training part has 40: ask for fewer"),
        (
            "9shot",
            (
                "protocol demo/scenes: 9shot asks for 9 samples of each class, its training part has 8 of water: "
                "ask for at most 8shot"
            ),
        ),
    ],
)
def test_more_labels_than_there_are_are_refused_with_what_there_is(pool, amount, said):
    with pytest.raises(StudyError) as caught:
        drawn(pool, amount)
    assert said == str(caught.value)


def test_masks_have_shots_of_their_dominant_classes(tmp_path):
    pool = Pool(protocol(), write(tmp_path / "masks", MASK))
    assert [2, 2, 2] == classes_of(pool, pool.draw(read_amount("2shot"), SEED))


@pytest.mark.parametrize("label", [BOXES, MULTILABEL, CHANGE], ids=lambda label: label.name)
def test_shots_are_refused_where_a_sample_belongs_to_no_one_class(label, tmp_path):
    pool = Pool(protocol(), write(tmp_path / "set", label))
    with pytest.raises(
        StudyError, match=rf"with {label.name} labels a sample belongs to no one class: ask for a number"
    ):
        drawn(pool, "1shot")


def test_fewer_samples_than_classes_are_refused_of_classes_unless_they_are_drawn_at_random(data, tmp_path):
    with pytest.raises(
        StudyError, match=r"2 of 40 labels are 2, fewer than its 3 classes: ask for 1shot or at least 3"
    ):
        drawn(Pool(protocol(), data), 2)
    assert drawn(Pool(protocol(), data), 3)
    assert drawn(Pool(protocol(draw="random"), data), 2)
    assert drawn(Pool(protocol(), write(tmp_path / "masks", MASK)), 2)


def test_a_validation_part_is_made_of_the_training_part_where_a_protocol_selects_on_one(data):
    whole, held = Pool(protocol(), data), Pool(protocol(selection="val"), data)
    assert not whole.parts.val
    assert not whole.parts.val_from_train
    assert held.parts.val_from_train
    assert whole.parts.test == held.parts.test
    assert whole.parts.train == sorted(held.parts.train + held.parts.val)
    assert all(
        abs(got - size / 5) < 1 for got, size in zip(classes_of(whole, held.parts.val), (20, 12, 8), strict=True)
    )
    assert held.parts == Pool(protocol(selection="val"), data).parts


def test_a_class_of_one_image_stays_in_training_when_a_validation_part_is_made(tmp_path):
    data = write(tmp_path / "set", sizes={"field": 9, "forest": 1, "water": 2})
    whole, held = Pool(protocol(), data), Pool(protocol(selection="val"), data)
    assert [1, 0, 1] == classes_of(whole, held.parts.val)
