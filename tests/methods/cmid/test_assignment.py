"""Prototypes, and what student and teacher assign to them."""

import math

import pytest
import torch
from torch import nn

from methods.cmid.assignment import BOTTLENECK, PrototypeHead, assignment_loss, teacher_temperature


def fixed(prototypes):
    """A head whose vectors are the features themselves, padded with zeros, and whose prototypes are known."""
    head = PrototypeHead(2, 4, len(prototypes))
    head.layers = nn.Sequential(nn.ConstantPad1d((0, BOTTLENECK - 2), 0.0))
    with torch.no_grad():
        head.prototypes.zero_()
        head.prototypes[:, :2] = torch.tensor(prototypes)
    return head


def test_similarities_are_cosines_whatever_the_lengths():
    """(3, 4) stands at 0.6 and 0.8 of the axes and against (-6, -8)."""
    head = fixed([[2.0, 0.0], [0.0, 0.5], [-6.0, -8.0]])
    found = head(torch.tensor([[3.0, 4.0], [0.0, 7.0]]))
    assert [0.6, 0.8, -1.0] == pytest.approx(found[0].tolist())
    assert [0.0, 1.0, -0.8] == pytest.approx(found[1].tolist())


def test_the_head_is_three_layers_with_norms_between_and_a_bottleneck_of_256():
    head = PrototypeHead(5, 7, 3)
    assert ["Linear", "BatchNorm1d", "GELU", "Linear", "BatchNorm1d", "GELU", "Linear"] == [
        type(layer).__name__ for layer in head.layers
    ]
    sizes = [(layer.in_features, layer.out_features) for layer in head.layers if isinstance(layer, nn.Linear)]
    assert [(5, 7), (7, 7), (7, 256)] == sizes
    assert (3, 256) == tuple(head.prototypes.shape)
    assert (4, 3) == tuple(head(torch.rand(4, 5)).shape)
    assert head.prototypes.requires_grad


def test_the_loss_is_the_mean_over_positions_and_sums_over_prototypes():
    """The teacher is sure of the first prototype; the student gives it 1/2 at one position and 1/4 at the other."""
    teacher = torch.tensor([[[60.0, 0.0, 0.0]], [[60.0, 0.0, 0.0]]])
    student = torch.tensor([[[0.5, 0.25, 0.25]], [[0.25, 0.25, 0.5]]]).log()
    loss = assignment_loss(student, teacher, torch.zeros(3), 1.0, 1.0)
    assert (math.log(2) + math.log(4)) / 2 == pytest.approx(loss.item())


def test_both_temperatures_sharpen_and_the_centre_is_taken_from_the_teacher_alone():
    """At T = 1/2 logits of (ln 2, 0) are (4/5, 1/5), for the teacher after a centre of (1, 1) too."""
    logits = torch.tensor([[math.log(2), 0.0]])
    expected = -(0.8 * math.log(0.8) + 0.2 * math.log(0.2))
    assert expected == pytest.approx(assignment_loss(logits, logits + 1, torch.ones(2), 0.5, 0.5).item())
    shifted = assignment_loss(logits, logits + torch.tensor([[1.0, 0.0]]), torch.tensor([1.0, 0.0]), 0.5, 0.5)
    assert expected == pytest.approx(shifted.item())


@pytest.mark.parametrize(
    ("step", "steps", "expected"),
    [
        (0, 16, 0.1),
        (1, 16, 0.3),
        (2, 16, 0.5),
        (3, 16, 0.5),
        (0, 7, 0.1),
        (1, 7, 0.5),
        (1, 24, 0.1 + 0.4 / 3),
        (1, 20, 0.3),
    ],
)
def test_the_temperature_rises_over_an_eighth_of_the_run_of_at_least_one_step(step, steps, expected):
    assert expected == pytest.approx(teacher_temperature(step, steps, 0.1, 0.5))
