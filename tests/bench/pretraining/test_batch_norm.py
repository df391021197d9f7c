"""Statistics of images that a network was not trained on."""

import numpy as np
import torch
from torch import nn

from bench.pretraining import batch_norm


def test_a_draw_holds_each_image_once_in_batches_of_one_size():
    for count in (1, 127, 129, 2559):
        drawn = batch_norm.draw(count, seed=0)
        assert list(range(count)) == sorted(np.concatenate(drawn).tolist())
        assert max(map(len, drawn)) - min(map(len, drawn)) <= 1
        assert max(map(len, drawn)) <= batch_norm.BATCH


def test_a_draw_takes_as_many_images_as_it_may_and_others_under_another_seed():
    first, other = (np.concatenate(batch_norm.draw(10_000, seed)) for seed in (0, 1))
    assert batch_norm.IMAGES == len(first) == len(set(first.tolist()))
    assert set(first.tolist()) != set(other.tolist())
    assert np.concatenate(batch_norm.draw(10_000, 0)).tolist() == first.tolist()


def test_statistics_are_the_means_over_batches_and_weights_stay():
    """Batches of 1 and 3, and of 5 and 9: means 2 and 7, unbiased variances 2 and 8."""
    network = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.fill_(0.0)
    network.eval()
    batch_norm.estimate(network, iter([torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [9.0]])]))
    assert (4.5, 5.0) == (float(network[1].running_mean), float(network[1].running_var))
    assert (1.0, 0.1) == (network[0].weight.item(), network[1].momentum)
    assert not network.training


def test_only_running_statistics_count_as_batch_norm():
    assert batch_norm.has_batch_norm(nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)))
    assert not batch_norm.has_batch_norm(nn.Sequential(nn.Conv2d(1, 1, 1), nn.GroupNorm(1, 1)))
    assert not batch_norm.has_batch_norm(nn.BatchNorm2d(1, track_running_stats=False))
