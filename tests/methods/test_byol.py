"""BYOL's loss with a predictor and a teacher whose output is known."""

import math

import numpy as np
import pytest
import torch

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.byol import BYOL
from methods.options.contrastive import BYOLOptions


def build(corpus, **options) -> BYOL:
    torch.manual_seed(0)
    values = BYOLOptions.model_validate({"batch": 4, "size": 32, "hidden": 8, "dim": 2, **options})
    return BYOL(backbones.build("squeezenet1_1"), values, corpus, Length(10, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(1))


def fix_output(head, vector) -> None:
    """Let the last layer of a head give this vector for every image."""
    last = [layer for layer in head.modules() if isinstance(layer, torch.nn.Linear)][-1]
    with torch.no_grad():
        last.weight.zero_()
        if last.bias is None:
            last.bias = torch.nn.Parameter(torch.zeros(last.out_features))
        last.bias.copy_(torch.tensor(vector))


@pytest.mark.parametrize(
    ("guess", "cosine"), [([3.0, 4.0], 0.6), ([-1.0, 0.0], -1.0), ([2.0, 0.0], 1.0), ([0.0, 1.0], 0.0)]
)
def test_the_loss_is_minus_four_times_the_cosine_of_guess_and_target(corpus, guess, cosine):
    """Twice minus the cosine, in both directions: the paper's squared distance 2 - 2 cos, less 2, of each."""
    model = build(corpus)
    fix_output(model.predictor, guess)
    fix_output(model.teacher_head, [5.0, 0.0])
    assert -4 * cosine == pytest.approx(model(batch_of(corpus))["similarity"].item(), abs=1e-5)


def test_student_and_teacher_both_see_both_views(corpus):
    model = build(corpus)
    seen = {"student": [], "teacher": []}
    for name, network in (("student", model.backbone), ("teacher", model.teacher)):
        network.register_forward_pre_hook(lambda _module, inputs, name=name: seen[name].append(inputs[0].clone()))
    model(batch_of(corpus))
    assert 2 == len(seen["student"]) == len(seen["teacher"])
    for mine, theirs in zip(seen["student"], seen["teacher"], strict=True):
        assert torch.equal(mine, theirs)
    assert not torch.equal(*seen["student"])


def test_the_optimiser_trains_backbone_head_and_predictor(corpus):
    model = build(corpus, warmup_epochs=0, lr=0.64)
    optimiser, _ = model.configure()
    trained = sum(len(group["params"]) for group in optimiser.param_groups)
    assert len([*model.backbone.parameters(), *model.head.parameters(), *model.predictor.parameters()]) == trained
    assert pytest.approx(0.01) == optimiser.param_groups[0]["lr"]


def test_the_teacher_of_the_first_step_moves_most(corpus):
    """Of ten steps from 0.75: 1/4 of the way at first, none of it at the end."""
    model = build(corpus, momentum=0.75)
    moved = []
    for step in (1, 5, 10):
        with torch.no_grad():
            for networks, value in (((model.backbone, model.head), 0.0), ((model.teacher, model.teacher_head), 1.0)):
                for network in networks:
                    for parameter in network.parameters():
                        parameter.fill_(value)
        model.after_step(step)
        moved.append(1 - next(model.teacher_head.parameters()).flatten()[0].item())
    expected = [0.25 * (1 + math.cos(math.pi * step / 9)) / 2 for step in (0, 4, 9)]
    assert expected == pytest.approx(moved, abs=1e-6)
