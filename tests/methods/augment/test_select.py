"""An operation changes the chosen samples of a batch and no others."""

import pytest
import torch

from methods.augment import select


def batch() -> torch.Tensor:
    return torch.arange(6.0).view(3, 2)


def negate(images: torch.Tensor) -> torch.Tensor:
    return -images


def double(images: torch.Tensor) -> torch.Tensor:
    """In place, as some operations work."""
    return images.mul_(2)


@pytest.mark.parametrize(("operation", "factor"), [(negate, -1), (double, 2)])
@pytest.mark.parametrize("chosen", [[True, False, True], [False, True, False], [True] * 3, [False] * 3])
def test_chosen_samples_are_replaced_and_the_others_stay(operation, factor, chosen):
    images = batch()
    select.change(images, torch.tensor(chosen), operation)
    expected = [row if not change else (factor * row) for row, change in zip(batch(), chosen, strict=True)]
    assert torch.equal(torch.stack(expected), images)


def test_an_operation_sees_the_chosen_samples_in_their_order():
    seen = []
    select.change(batch(), torch.tensor([True, False, True]), lambda images: seen.append(images.clone()) or images)
    assert [[[0, 1], [4, 5]]] == [images.tolist() for images in seen]


def test_without_a_chosen_sample_nothing_is_worked_out():
    def fail(_images):
        raise AssertionError("called")

    images = batch()
    select.change(images, torch.zeros(3, dtype=torch.bool), fail)
    assert torch.equal(batch(), images)
