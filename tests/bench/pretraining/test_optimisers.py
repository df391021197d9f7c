"""Fused optimisers on views of channels_last weights: the same bits as without, and a state that can be taken up."""

import copy

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from bench.pretraining.optimisers import on_plain_views

KINDS = {"SGD": (SGD, {"momentum": 0.9, "weight_decay": 5e-4}), "Adam": (Adam, {"weight_decay": 1e-4})}


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.Flatten())
    return net.to(memory_format=torch.channels_last)


def train(net, optimiser, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        images = torch.rand(4, 3, 9, 9, generator=generator).to(memory_format=torch.channels_last)
        optimiser.zero_grad()
        net(images).square().mean().backward()
        optimiser.step()


@pytest.mark.parametrize("kind", KINDS)
def test_views_change_no_bit_of_the_weights(kind):
    cls, options = KINDS[kind]
    plain, seen = network(), network()
    start = copy.deepcopy(plain.state_dict())
    train(plain, cls(plain.parameters(), lr=0.05, fused=True, **options), steps=3, seed=1)
    train(seen, on_plain_views(cls(seen.parameters(), lr=0.05, fused=True, **options)), steps=3, seed=1)
    assert all(torch.equal(value, seen.state_dict()[name]) for name, value in plain.state_dict().items())
    assert not torch.equal(start["3.weight"], seen.state_dict()["3.weight"])
    assert seen[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_a_gradient_is_used_once():
    net = network()
    optimiser = on_plain_views(SGD(net.parameters(), lr=0.1, fused=True))
    train(net, optimiser, steps=1, seed=0)
    before = net[3].weight.detach().clone()
    assert net[3].weight.grad is None
    optimiser.step()
    assert torch.equal(net[3].weight, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_state_is_taken_up(kind):
    cls, options = KINDS[kind]
    whole, parted, after = network(), network(), network()
    optimiser = on_plain_views(cls(whole.parameters(), lr=0.05, fused=True, **options))
    train(whole, optimiser, steps=2, seed=1)
    train(whole, optimiser, steps=2, seed=2)
    first = on_plain_views(cls(parted.parameters(), lr=0.05, fused=True, **options))
    train(parted, first, steps=2, seed=1)
    after.load_state_dict(parted.state_dict())
    second = on_plain_views(cls(after.parameters(), lr=0.05, fused=True, **options))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    train(after, second, steps=2, seed=2)
    assert all(torch.equal(value, after.state_dict()[name]) for name, value in whole.state_dict().items())
