"""Which labels choose: a fifth of the drawn ones, folds inside them, or none where they are too few."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tasks
from bench.core.errors import DataError
from tasks.protocols import load_protocol
from tasks.selection import divide, divide_in_folds, hold_out
from tasks.splits import Parts

# Which of up to five classes each sample counts for; a sample may count for none.
MEMBERS = st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=5, max_size=60).map(np.array)


def _occurring(members):
    return members[:, members.any(axis=0)]


@settings(deadline=None, max_examples=40)
@given(MEMBERS, st.randoms())
def test_a_held_out_part_has_every_class_on_both_sides_or_there_is_none(members, draw):
    members = _occurring(members)
    order = draw.sample(range(len(members)), len(members))
    held = hold_out(order, members)
    if held is None:
        return
    rest = [at for at in order if at not in held]
    assert sorted(order) == sorted([*held, *rest])
    assert members[held].any(axis=0).all()
    assert members[rest].any(axis=0).all()
    assert len(held) <= max(round(len(members) / 5 + 0.5), members.shape[1])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(5, 12), min_size=1, max_size=6))
def test_with_five_of_each_class_a_fifth_is_held_out_in_proportion(sizes):
    strata = [k for k, size in enumerate(sizes) for _ in range(size)]
    members = np.eye(len(sizes), dtype=bool)[strata]
    held = hold_out(list(range(len(strata))), members)
    assert max(len(sizes), int(len(strata) / 5 + 0.5)) == len(held)


def test_a_class_of_one_sample_cannot_be_on_both_sides():
    members = np.eye(2, dtype=bool)[[0] * 9 + [1]]
    assert hold_out(list(range(10)), members) is None


@settings(deadline=None, max_examples=40)
@given(MEMBERS, st.randoms(), st.integers(2, 5))
def test_folds_hold_every_sample_once_and_the_rarest_class_in_as_many_as_it_can_be(members, draw, count):
    members = _occurring(members)
    order = draw.sample(range(len(members)), len(members))
    if members.any(axis=1).sum() < count:
        return
    folds = divide_in_folds(order, members, count)
    assert sorted(order) == sorted(at for fold in folds for at in fold)
    assert all(members[fold].any() for fold in folds)
    sizes = members.sum(axis=0)
    rarest = int(np.argmin(sizes))
    assert min(count, sizes[rarest]) == sum(members[fold, rarest].any() for fold in folds)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=6), st.integers(2, 5))
def test_folds_of_single_classes_differ_by_one_sample_a_class(sizes, count):
    members = np.eye(len(sizes), dtype=bool)[[k for k, size in enumerate(sizes) for _ in range(size)]]
    folds = divide_in_folds(list(range(len(members))), members, count)
    having = np.array([members[fold].sum(axis=0) for fold in folds])
    assert (having.max(axis=0) - having.min(axis=0) <= 1).all()


@pytest.fixture(scope="module")
def scenes(generators, prepared, tmp_path_factory):
    """Three classes of twelve images."""
    root = tmp_path_factory.mktemp("scenes")
    return prepared("ucmerced", generators("scene_folders").write_ucmerced(root / "1", 12, 32), root / "2", 32)


@pytest.fixture
def task(scenes):
    def make(selection="within", look_every=5):
        protocol = load_protocol("demo/scenes")
        schedule = protocol.schedule.model_copy(update={"look_every": look_every})
        protocol = protocol.model_copy(update={"selection": selection, "schedule": schedule})
        return tasks.get("cls").load()(protocol, scenes)

    return make


def drawn(task, *sizes):
    """So many samples of each class, of the whole set."""
    strata = np.array(task.strata(list(range(len(task.data)))))
    return [int(at) for k, size in enumerate(sizes) for at in np.flatnonzero(strata == k)[:size]]


NONE = Parts([], [], [])


@pytest.mark.parametrize(
    ("selection", "sizes", "rule", "trained", "scored"),
    [
        ("last", (12, 12, 12), "last", [36], [0]),
        ("within", (12, 12, 12), "within", [29], [7]),
        ("within", (5, 5, 5), "within", [12], [3]),
        ("within", (5, 5, 4), "untuned", [14], [0]),
        ("within", (9, 5, 1), "folds", [12] * 5, [3] * 5),
        ("within", (7,), "within", [6], [1]),
        ("cv", (5, 5, 4), "folds", [11, 11, 11, 11, 12], [3, 3, 3, 3, 2]),
        ("cv", (1, 1, 1), "folds", [2] * 3, [1] * 3),
        ("cv", (1,), "untuned", [1], [0]),
    ],
)
def test_the_rule_follows_from_the_labels(task, selection, sizes, rule, trained, scored):
    one = task(selection)
    train = drawn(one, *sizes)
    labels = divide(one, train, NONE, 1)
    assert rule == labels.rule
    assert sorted(trained) == sorted(len(learnt) for learnt, _ in labels.folds)
    assert sorted(scored) == sorted(len(held) for _, held in labels.folds)
    for learnt, held in labels.folds:
        assert sorted(train) == sorted([*learnt, *held])
    if rule == "folds":
        assert sorted(train) == labels.choosing


def test_what_is_held_out_has_every_class_and_depends_on_the_seed_and_not_on_the_order(task):
    one = task()
    train = drawn(one, 12, 12, 12)
    ((_, held),) = divide(one, train, NONE, 1).folds
    assert {0, 1, 2} == set(one.strata(held))
    assert Counter({2: 2, 3: 1}) == Counter(Counter(one.strata(held)).values())
    assert divide(one, train[::-1], NONE, 1).choosing == held
    assert divide(one, train, NONE, 2).choosing != held


def test_a_validation_part_chooses_where_the_protocol_says_so_and_must_be_there(task):
    one = task("val")
    train, val = drawn(one, 5), drawn(one, 12)[5:]
    labels = divide(one, train, Parts([], val, []), 1)
    assert ("val", [(train, val)]) == (labels.rule, labels.folds)
    with pytest.raises(
        DataError, match=r"demo/scenes selects on the validation part, and .* has none: write selection"
    ):
        divide(one, train, NONE, 1)
