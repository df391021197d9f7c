"""What each method says that predictions which are the same for every tile score, by hand and by its own loss."""

import math

import numpy as np
import pytest
import torch

import methods
from bench import backbones
from bench.core.bands import RGB
from bench.pretraining.method import Length, Method
from methods.geokr import representation_loss
from methods.softcon import soft_contrast

# Two tiles of mostly the first class, one of mostly the second.
LANDCOVER = np.array([[0.8, 0.2], [0.6, 0.4], [0.2, 0.8]], dtype=np.float32)


class ThreeTiles:
    """The parts of a corpus that a method reads when it is made."""

    classes = ("forest", "water")
    landcover = LANDCOVER
    dominant = LANDCOVER.argmax(axis=1)
    supervision = "true"
    bands = RGB

    def __len__(self) -> int:
        return len(LANDCOVER)


def build(name: str, **options) -> Method:
    values = methods.get(name).options.model_validate({"batch": 8, "size": 32, **options})
    return methods.get(name).load()(backbones.build("squeezenet1_1"), values, ThreeTiles(), Length(10, 5))


def binary(share: float) -> float:
    return -share * math.log(share) - (1 - share) * math.log(1 - share)


def test_geokr_at_best_predicts_the_mean_proportions_of_what_is_drawn():
    """Balanced chances 1/4, 1/4, 1/2 give (0.45, 0.55); equal ones give (1.6, 1.4) / 3."""
    assert {"landcover": pytest.approx(binary(0.45))} == build("geokr").constant_losses()
    assert {"landcover": pytest.approx(binary(1.6 / 3))} == build("geokr", balance=False).constant_losses()


def test_no_other_constant_prediction_of_the_proportions_is_better():
    drawn = torch.tensor([0.25, 0.25, 0.5])
    for share in (0.40, 0.44, 0.46, 0.5):
        guess = torch.tensor([[share, 1 - share]]).log()
        loss = (drawn * representation_loss(torch.from_numpy(LANDCOVER), guess)).sum()
        assert build("geokr").constant_losses()["landcover"] < loss.item()


def test_geokrs_weight_and_reduction_scale_it_and_a_loss_that_is_off_has_none():
    scaled = build("geokr", gamma_student=3, reduction="batch_and_classes")
    assert {"landcover": pytest.approx(3 * binary(0.45) / 2)} == scaled.constant_losses()
    assert {} == build("geokr", gamma_student=0).constant_losses()


def test_the_dominant_class_at_best_has_the_entropy_of_the_classes_drawn():
    """Balanced, both classes come equally often; else two of three tiles are forest."""
    assert {"class": pytest.approx(math.log(2))} == build("geokr-classification").constant_losses()
    unbalanced = build("geokr-classification", balance=False)
    assert {"class": pytest.approx(binary(1 / 3))} == unbalanced.constant_losses()


def test_moco_with_equal_features_and_a_full_queue_scores_what_it_says():
    """None of the key and 16 equal negatives can be told apart: ln 17."""
    method = build("moco", queue=16, dim=4)
    same = torch.ones(8, 4, requires_grad=True)
    losses = [method.loss(same, same.detach()).item() for _ in range(3)]
    assert {"contrast": pytest.approx(math.log(17))} == method.constant_losses()
    assert pytest.approx(math.log(17)) == losses[2]
    # The first step still meets the random vectors that the queue starts with.
    assert losses[0] < math.log(17)


def test_simclr_with_equal_features_scores_what_it_says():
    """Of the 16 views of 8 tiles one is the view itself: ln 15."""
    method = build("simclr")
    same = torch.ones(8, 4)
    assert {"contrast": pytest.approx(math.log(15))} == method.constant_losses()
    assert pytest.approx(math.log(15)) == method.loss(same, same).item()


def test_gersp_states_chance_of_both_its_losses(labelled):
    """Nine boats and twelve cats: the entropy of (3/7, 4/7), times the loss's weight."""
    options = {"labelled": str(labelled), "queue": 16, "dim": 4}
    expected = {"contrast": pytest.approx(math.log(17)), "supervised": pytest.approx(0.5 * binary(3 / 7))}
    assert expected == build("gersp", supervised=0.5, **options).constant_losses()
    assert {"contrast"} == build("gersp", supervised=0, **options).constant_losses().keys()


def test_supervised_pretraining_states_the_entropy_of_the_labels_shares(labelled):
    assert {"class": pytest.approx(binary(3 / 7))} == build("supervised", labelled=str(labelled)).constant_losses()


def test_cmid_states_chance_of_its_global_and_its_local_loss():
    expected = {"global": pytest.approx(math.log(17)), "local": pytest.approx(math.log(6))}
    actual = build("cmid", size=64, queue=16, dim=4, hidden=8, prototypes=6).constant_losses()
    assert expected == actual


def test_softcon_with_equal_features_scores_what_it_says():
    """Each of 16 views has 15 others, none told apart."""
    method = build("softcon", hidden=8, dim=4)
    same = torch.ones(8, 4)
    assert {"contrast": pytest.approx(math.log(15))} == method.constant_losses()
    assert pytest.approx(math.log(15)) == soft_contrast(same, same, torch.rand(8, 8), 0.5, "softmax").item()


def test_softcon_pair_by_pair_states_the_entropy_of_how_alike_two_views_are():
    """Dominant classes 1, 1, 2: a third of the pairs of tiles are alike; of 15 other views one is the tile's own."""
    method = build("softcon", hidden=8, dim=4, form="sigmoid", presence=1.0)
    assert {"contrast": pytest.approx(binary((1 + 14 / 3) / 15))} == method.constant_losses()


def test_dino_states_chance_among_its_outputs():
    """A teacher that says the same of every tile is centred to nothing: ln 6."""
    method = build("dino", hidden=8, bottleneck=4, out_dim=6)
    assert {"distillation": pytest.approx(math.log(6))} == method.constant_losses()
    same = [torch.tensor([[1.0, 0.0, 2.0, 0.0, 0.0, -1.0]]).repeat(8, 1)] * 2
    method.loss.center.copy_(same[0][0])
    flat = [torch.zeros(8, 6)] * 2
    assert pytest.approx(math.log(6)) == method.loss(same, flat).item()


def test_vicreg_with_equal_features_scores_what_it_says():
    """No spread: the hinge at 1 - sqrt(0.0001), times its weight."""
    method = build("vicreg", hidden=8, dim=4, variance=10.0)
    same = torch.ones(8, 4)
    assert {"vicreg": pytest.approx(10 * 0.99)} == method.constant_losses()
    assert pytest.approx(9.9) == method.loss(same, same).item()


def test_byol_has_no_such_loss_for_constant_features_are_its_optimum():
    method = build("byol", hidden=8, dim=4)
    same = torch.ones(8, 4)
    assert {} == method.constant_losses()
    assert pytest.approx(-4.0) == 4 * method.loss(same, same).item()
