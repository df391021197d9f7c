"""SimSiam: its loss with a predictor whose output is known, where gradients go, and its rates."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.options.simsiam import SimSiamOptions
from methods.simsiam import SimSiam


def build(corpus, **options) -> SimSiam:
    torch.manual_seed(0)
    small = {"batch": 4, "size": 32, "hidden": 8, "dim": 2, "bottleneck": 4}
    values = SimSiamOptions.model_validate({**small, **options})
    return SimSiam(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(1))


class Fixed(torch.nn.Module):
    """Gives one vector for every image."""

    def __init__(self, vector):
        super().__init__()
        self.vector = torch.nn.Parameter(torch.tensor(vector))

    def forward(self, images):
        return self.vector.repeat(len(images), 1)


@pytest.mark.parametrize(("guess", "cosine"), [([3.0, 4.0], 0.6), ([-1.0, 0.0], -1.0), ([2.0, 0.0], 1.0)])
def test_the_loss_is_minus_the_cosine_of_guess_and_projection(corpus, guess, cosine):
    model = build(corpus)
    model.head, model.predictor = Fixed([5.0, 0.0]), Fixed(guess)
    loss = model(batch_of(corpus))["similarity"]
    assert pytest.approx(-cosine, abs=1e-6) == loss.item()
    loss.backward()
    # No gradient goes through the projection that is guessed; the predictor's own input is put aside here.
    assert model.head.vector.grad is None


def test_constant_features_are_its_optimum(corpus):
    assert {} == build(corpus).constant_losses()


@pytest.mark.parametrize("falls", [False, True])
def test_the_predictors_rate_stays_while_the_others_fall(corpus, falls):
    """From 0.05 x 4 / 256; a cosine to a thousandth."""
    optimiser, scheduler = build(corpus, predictor_decay=falls).configure()
    before = [group["lr"] for group in optimiser.param_groups]
    assert [pytest.approx(0.05 / 64)] * 4 == before
    for _ in range(9):
        optimiser.step()
        scheduler.step()
    after = [group["lr"] / 0.05 * 64 for group in optimiser.param_groups]
    assert pytest.approx([0.001, 0.001, *([0.001] * 2 if falls else [1.0] * 2)], abs=1e-6) == after


@pytest.mark.parametrize("values", [{"bottleneck": 0}, {"lr": 0}, {"momentum": 0.5}])
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        SimSiamOptions.model_validate(values)
