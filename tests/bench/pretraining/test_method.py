"""What every method inherits: entropy, normalised input, and what it exports."""

import math

import numpy as np
import pytest
import torch

from bench import backbones
from bench.pretraining.method import Length, Method, entropy
from bench.pretraining.options import StartOptions


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1.0, 1.0], math.log(2)),
        ([3.0, 1.0], 0.75 * math.log(4 / 3) + 0.25 * math.log(4)),
        ([5.0], 0.0),
        ([0.0, 2.0, 0.0, 2.0], math.log(2)),
        ([7.0] * 8, math.log(8)),
        ([1e30, 1e-300], 0.0),
    ],
)
def test_entropy_is_that_of_the_shares_and_an_empty_class_adds_nothing(weights, expected):
    assert expected == pytest.approx(entropy(np.array(weights)), abs=1e-12)


def test_entropy_of_counts_is_that_of_numbers():
    assert entropy(np.array([1, 2, 5])) == pytest.approx(entropy(np.array([0.125, 0.25, 0.625])))


class Plain(Method):
    """A method that trains nothing."""

    def forward(self, batch):
        raise NotImplementedError

    def configure(self):
        raise NotImplementedError


def build(**options) -> Plain:
    return Plain(backbones.build("squeezenet1_1"), StartOptions.model_validate(options), None, Length(0, 0))


def test_images_are_normalised_with_the_methods_own_statistics():
    """Grey level 51 is a fifth: (0.2 - 0.1) / 0.5 in red, (0.2 - 0.2) / 0.25 in green, (0.2 - 0.7) / 1 in blue."""
    method = build(mean=(0.1, 0.2, 0.7), std=(0.5, 0.25, 1.0))
    made = method.normalise(torch.full((2, 3, 1, 1), 51, dtype=torch.uint8))
    assert torch.float32 == made.dtype
    assert [0.2, 0.0, -0.5] == pytest.approx(made[0].flatten().tolist(), abs=1e-6)


def test_without_stated_statistics_they_are_imagenets():
    white = build().normalise(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8))
    expected = [(1 - mean) / std for mean, std in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)]
    assert expected == pytest.approx(white.flatten().tolist(), rel=1e-5)


def test_by_default_tiles_are_drawn_once_and_no_loss_has_a_constant():
    method = build()
    assert method.sample_weights() is None
    assert {} == method.constant_losses()
    assert method.after_step(1) is None
    assert method.export().keys() == method.backbone.state_dict().keys()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mean": (0.5, 0.5, 0.5)}, "mean and std are stated together"),
        ({"std": (0.5, 0.5, 0.5)}, "mean and std are stated together"),
        ({"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.0, 0.5)}, "std must be positive"),
        ({"colour": 1}, "Extra inputs are not permitted"),
    ],
)
def test_statistics_that_cannot_be_used_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        StartOptions.model_validate(options)


def test_only_statistics_other_than_imagenets_enter_a_key():
    assert {} == StartOptions().identity()
    own = StartOptions(mean=(0.1, 0.2, 0.3), std=(1.0, 1.0, 1.0)).identity()
    assert {"input": {"mean": [0.1, 0.2, 0.3], "std": [1.0, 1.0, 1.0]}} == own
    assert {} == StartOptions(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)).identity()
