"""SoftCon: labels, likenesses and losses by hand, and NT-Xent as the case in which every tile is like itself alone."""

import math

import numpy as np
import pytest
import torch
from lightly.loss import NTXentLoss
from pydantic import ValidationError

from bench import backbones
from bench.core.errors import CorpusError
from bench.pretraining.method import Batch, Length
from methods.options.softcon import SoftConOptions
from methods.softcon import SoftCon, labels_of, likeness, soft_contrast

SHARES = torch.tensor([[0.8, 0.2, 0.0], [0.5, 0.4, 0.1], [0.1, 0.1, 0.8]])


def build(corpus, **options) -> SoftCon:
    torch.manual_seed(0)
    values = SoftConOptions.model_validate({"batch": 8, "size": 32, "hidden": 16, "dim": 8, **options})
    return SoftCon(backbones.build("timm:test_resnet"), values, values.supervise(corpus, 1), Length(10, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(8))).permute(0, 3, 1, 2)
    landcover = torch.from_numpy(np.array(corpus.landcover[:8])).float()
    return Batch(images, landcover, torch.Generator().manual_seed(1))


def test_a_tiles_labels_are_the_classes_of_a_least_share_and_its_dominant_one():
    assert [[1, 1, 0], [1, 1, 0], [0, 0, 1]] == labels_of(SHARES, 0.2).tolist()
    assert [[1, 0, 0], [1, 0, 0], [0, 0, 1]] == labels_of(SHARES, 1.0).tolist()
    assert torch.equal(SHARES, labels_of(SHARES, None))


def test_tiles_are_alike_by_the_cosine_of_their_labels():
    """Two classes against one of them: 1 / sqrt(2); no class in common: 0."""
    found = likeness(torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))
    half = 1 / math.sqrt(2)
    torch.testing.assert_close(torch.tensor([[1, half, 0], [half, 1, 0], [0, 0, 1]]), found)


def test_a_row_is_the_cross_entropy_of_its_softmax_with_its_targets_by_hand():
    """Two tiles, half alike, orthogonal, T = 1/2: logits 2, 0, 0 to the others and targets 1/2, 1/4, 1/4 of 2."""
    views, targets = torch.eye(2), torch.tensor([[1.0, 0.5], [0.5, 1.0]])
    scale = math.log(math.exp(2) + 2)
    expected = 0.5 * (scale - 2) + 0.5 * scale
    assert pytest.approx(expected) == soft_contrast(views, 3 * views, targets, 0.5, "softmax").item()


def test_a_pair_is_a_binary_cross_entropy_by_hand():
    """As above: one pair of logit 2 that is alike, two of logit 0 that are half."""
    views, targets = torch.eye(2), torch.tensor([[1.0, 0.5], [0.5, 1.0]])
    expected = (math.log(1 + math.exp(-2)) + 2 * math.log(2)) / 3
    assert pytest.approx(expected) == soft_contrast(views, views, targets, 0.5, "sigmoid").item()


def test_tiles_that_are_like_themselves_alone_are_contrasted_as_simclr_does():
    torch.manual_seed(0)
    first, second = torch.randn(2, 6, 4)
    expected = NTXentLoss(temperature=0.2)(first, second).item()
    assert pytest.approx(expected, rel=1e-5) == soft_contrast(first, second, torch.eye(6), 0.2, "softmax").item()


@pytest.mark.parametrize("form", ["softmax", "sigmoid"])
def test_the_loss_of_one_batch_falls_as_it_is_trained_on(corpus, form):
    model = build(corpus, form=form, lr=0.3, temperature=0.2)
    optimiser, _ = model.configure()
    batch = batch_of(corpus)
    losses = []
    for _ in range(6):
        loss = model(Batch(batch.images, batch.landcover, torch.Generator().manual_seed(1)))["contrast"]
        losses.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < losses[0]


def test_it_learns_from_the_land_cover_that_its_options_name(corpus):
    both, dominant = (build(corpus, presence=share)(batch_of(corpus))["contrast"].item() for share in (0.1, 1.0))
    assert both != dominant
    values = SoftConOptions.model_validate({"batch": 8, "size": 32, "land_cover": "shuffled"})
    with pytest.raises(CorpusError, match="land_cover=shuffled was given a corpus with true land cover"):
        SoftCon(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5))


@pytest.mark.parametrize(
    "values", [{"presence": 0}, {"presence": 1.5}, {"form": "hinge"}, {"temperature": 0}, {"queue": 5}]
)
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        SoftConOptions.model_validate(values)
