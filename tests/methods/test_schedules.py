"""Optimisers and learning rates against steps and values worked out by hand."""

import math

import pytest
import torch
from torch import nn

from bench.pretraining.method import Length
from methods import schedules
from methods.options.contrastive import SimCLROptions


def network() -> nn.Module:
    """A layer with a bias, and a norm: four numbers, all one."""
    made = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    for parameter in made.parameters():
        nn.init.ones_(parameter)
    return made


def rates(optimiser, scheduler, steps) -> list[float]:
    """Learning rate of every step."""
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def plain(lr: float = 1.0) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1)], lr=lr)


def test_weight_decay_spares_norms_and_biases_unless_told_not_to():
    layer, norm = network()
    spared, all_decayed = (schedules.decay_groups([layer, norm], 0.25, spare=spare) for spare in (True, False))
    assert [0.25, 0.0] == [group["weight_decay"] for group in spared]
    assert [0.25, 0.25] == [group["weight_decay"] for group in all_decayed]
    for groups in (spared, all_decayed):
        assert [layer.weight] == list(groups[0]["params"])
        assert {id(layer.bias), id(norm.weight), id(norm.bias)} == {id(weight) for weight in groups[1]["params"]}


@pytest.mark.parametrize("spare", [True, False])
def test_two_steps_of_sgd_by_hand(spare):
    """No gradient but a decay of 1/4 at a rate of 0.1, momentum 0.9: 1 - 0.025, then v = 0.9 / 4 + 0.975 / 4."""
    layer, norm = network()
    optimiser = schedules.sgd([layer, norm], 0.1, 0.25, spare=spare)
    weights, biases = [], []
    for _ in range(2):
        for parameter in (*layer.parameters(), *norm.parameters()):
            parameter.grad = torch.zeros_like(parameter)
        optimiser.step()
        weights.append(layer.weight.item())
        biases.append(norm.bias.item())
    assert [0.975, 0.975 - 0.1 * (0.9 * 0.25 + 0.975 * 0.25)] == pytest.approx(weights)
    assert ([1.0, 1.0] if spare else weights) == pytest.approx(biases)


def test_adam_decays_by_epoch_and_trains_every_weight_of_every_module():
    layer, norm = network()
    optimiser, scheduler = schedules.decaying_adam([layer, norm], 0.5, 0.25, 0.125, Length(7, 3))
    assert 4 == sum(len(group["params"]) for group in optimiser.param_groups)
    assert isinstance(optimiser, torch.optim.Adam)
    assert {0.125} == {group["weight_decay"] for group in optimiser.param_groups}
    assert [0.5] * 3 + [0.125] * 3 + [0.03125] == pytest.approx(rates(optimiser, scheduler, 7))


def test_the_first_step_of_adam_is_the_rate_whatever_the_gradient():
    (layer, _) = network()
    optimiser, _ = schedules.decaying_adam([layer], 0.125, 0.9, 0.0, Length(10, 5))
    layer.weight.grad, layer.bias.grad = torch.full((1, 1), 40.0), torch.full((1,), -3.0)
    optimiser.step()
    assert (0.875, 1.125) == pytest.approx((layer.weight.item(), layer.bias.item()), abs=1e-5)


def test_lars_has_momentum_decay_that_spares_norms_and_warm_up():
    layer, norm = network()
    options = SimCLROptions(weight_decay=0.25, warmup_epochs=2)
    optimiser, scheduler = schedules.lars([layer, norm], 2.0, options, Length(40, 2))
    assert [0.9, 0.9] == [group["momentum"] for group in optimiser.param_groups]
    assert [0.25, 0.0] == [group["weight_decay"] for group in optimiser.param_groups]
    # Two epochs of two steps: a quarter, a half, three quarters, all.
    assert [0.5, 1.0, 1.5, 2.0] == pytest.approx(rates(optimiser, scheduler, 4))


def test_a_cosine_falls_from_the_rate_to_a_thousandth_of_it():
    optimiser = plain(4.0)
    found = rates(optimiser, schedules.cosine(optimiser, Length(11, 5)), 11)
    expected = [4 * (0.001 + 0.999 * (1 + math.cos(math.pi * step / 10)) / 2) for step in range(11)]
    assert expected == pytest.approx(found)


def test_a_warm_up_rises_in_equal_steps_and_the_cosine_begins_at_its_end():
    """One epoch of four steps, a tenth of the run: 1/4, 2/4, 3/4, 1, then the cosine over the other 36 steps."""
    optimiser = plain()
    found = rates(optimiser, schedules.cosine(optimiser, Length(40, 4), warmup_epochs=1), 40)
    assert [0.25, 0.5, 0.75, 1.0, 1.0] == pytest.approx(found[:5])
    assert 0.001 == pytest.approx(found[-1])
    assert (0.001 + 0.999 * (1 + math.cos(math.pi * 10 / 35)) / 2) == pytest.approx(found[14])


@pytest.mark.parametrize("cycles", [1, 2, 4])
def test_cosines_start_anew_as_often_as_asked(cycles):
    """Each falls from one towards a fifth; half way it stands at three fifths."""
    optimiser = plain()
    found = rates(optimiser, schedules.cosine_restarts(optimiser, 0.2, cycles, Length(8, 8)), 8)
    period = 8 // cycles
    assert [1.0] * cycles == pytest.approx(found[::period])
    assert [0.6] * cycles == pytest.approx(found[period // 2 :: period])
    assert min(found) > 0.2
