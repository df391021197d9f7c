"""The points of a grid, each a protocol of its own."""

import pytest

from tasks.protocol_parts import Evaluation, Tuning
from tasks.protocols import load_protocol
from tasks.tuning import grid


def tuned(**axes):
    base = load_protocol("demo/city")
    schedule = base.schedule.model_copy(update={"total": 60, "look_every": 12})
    optimiser = base.optimiser.model_copy(update={"lr": 0.05, "decay": "step", "every": 20})
    return base.model_copy(update={"schedule": schedule, "optimiser": optimiser, "tuning": Tuning(**axes)})


def test_a_grid_has_every_point_once_and_those_nearest_to_the_protocol_first():
    trials = grid(tuned(lr=[0.1, 1, 10], head=[10, 1]))
    assert 6 == len({tuple(trial.values.items()) for trial in trials})
    assert {"lr": 1, "head": 1} == trials[0].values
    assert {"lr": 0.1, "head": 10} in [trial.values for trial in trials[-2:]]


def test_a_point_scales_rate_length_looks_and_decay_and_leaves_the_rest():
    base = tuned(lr=[1, 3], steps=[1, 3])
    point = next(trial for trial in grid(base) if trial.values == {"lr": 3, "steps": 3})
    assert pytest.approx(0.15) == point.protocol.optimiser.lr
    schedule = point.protocol.schedule
    assert (180, 36, 60) == (schedule.total, schedule.look_every, point.protocol.optimiser.every)
    same = {"optimiser": base.optimiser, "schedule": base.schedule}
    assert point.protocol.model_copy(update=same) == base
    assert grid(base)[0].protocol == base


def test_evaluation_is_raced_by_its_values_and_what_is_not_varied_is_not_named():
    base = tuned(statistics=["data", "weights"], size=[64, 32]).model_copy(update={"evaluation": Evaluation(size=32)})
    trials = grid(base)
    assert {"statistics": "weights", "size": 32} == trials[0].values
    fed = {(trial.protocol.evaluation.statistics, trial.protocol.evaluation.size) for trial in trials}
    assert {("data", 64), ("data", 32), ("weights", 64), ("weights", 32)} == fed


def test_without_a_grid_the_only_point_is_the_protocol():
    base = load_protocol("demo/city")
    (trial,) = grid(base)
    assert (base, 1.0, {}) == (trial.protocol, trial.head, trial.values)


def test_the_cost_of_a_grid_is_counted_in_trainings_of_the_protocols_length():
    assert 6 == Tuning(lr=[0.3, 1, 3], head=[1, 10]).cost
    assert 12 == Tuning(lr=[0.3, 1, 3], steps=[1, 3]).cost
    assert 4 == Tuning(statistics=["weights", "data"], size=[32, 64]).cost
