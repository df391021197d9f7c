"""DINO: its loss by hand, its teacher's temperature and centre, and the last layer that waits."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.dino import DINO
from methods.options.dino import DINOOptions


def build(corpus, length: Length | None = None, **options) -> DINO:
    torch.manual_seed(0)
    small = {"batch": 4, "size": 32, "hidden": 8, "bottleneck": 4, "out_dim": 3}
    values = DINOOptions.model_validate({**small, **options})
    return DINO(backbones.build("timm:test_resnet"), values, corpus, length or Length(100, 5)).train()


def batch_of(corpus) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(1))


def test_the_loss_is_the_cross_entropy_with_the_teacher_of_the_other_view_by_hand(corpus):
    """Teacher temperature 1/2 and centre 0: outputs ln 2 / 2 and 0 become 2/3 and 1/3; the student's are 1/2 each."""
    loss = build(corpus, out_dim=2, student_temperature=1.0).loss
    sure, flat = torch.tensor([[math.log(2) / 2, 0.0]]), torch.zeros(1, 2)
    student = [torch.tensor([[math.log(3), 0.0]]), flat]
    # View 1 of the student (3/4, 1/4) meets the flat teacher of view 2, view 2 (1/2, 1/2) the sure one of view 1.
    first = -(0.5 * math.log(3 / 4) + 0.5 * math.log(1 / 4))
    second = math.log(2)
    assert pytest.approx((first + second) / 2) == loss([sure, flat], student, teacher_temp=0.5).item()


def test_the_centre_follows_the_teachers_mean_and_travels_with_the_state_dict(corpus):
    """From 0 at momentum 3/4, a quarter of the mean 2."""
    model = build(corpus, centre_momentum=0.75)
    outputs = [torch.full((4, 3), 1.0), torch.full((4, 3), 3.0)]
    model.loss(outputs, outputs)
    assert [0.5, 0.5, 0.5] == model.loss.center.flatten().tolist()
    other = build(corpus)
    other.load_state_dict(model.state_dict())
    assert torch.equal(model.loss.center, other.loss.center)


def test_the_teachers_temperature_goes_in_a_line_to_its_end(corpus):
    """Two epochs of five steps, from 0.04 to 0.07."""
    model = build(corpus, teacher_warmup_epochs=2)
    expected = [0.04, 0.043, 0.055, 0.07, 0.07]
    assert pytest.approx(expected) == [model.teacher_temperature(step) for step in (0, 1, 5, 10, 99)]
    assert 0.07 == build(corpus, teacher_warmup_epochs=0).teacher_temperature(0)


@pytest.mark.parametrize("normed", [True, False])
def test_the_last_layer_waits_an_epoch_and_then_learns(corpus, normed):
    """Its lengths too, unless they stay at one."""
    model = build(corpus, Length(4, 2), norm_last_layer=normed, warmup_epochs=0)
    optimiser, scheduler = model.configure()
    seen = []
    for step in range(1, 5):
        optimiser.zero_grad()
        model(batch_of(corpus))["distillation"].backward()
        optimiser.step()
        scheduler.step()
        model.after_step(step)
        seen.append(
            [each.detach().clone() for each in (model.head.last_layer.weight_v, model.head.last_layer.weight_g)]
        )
    start, waited, moved, _ = (each[0] for each in seen)
    assert torch.equal(start, waited)
    assert not torch.equal(waited, moved)
    assert normed == torch.equal(seen[0][1], seen[-1][1])


def test_the_gradient_is_clipped_to_its_norm(corpus):
    model = build(corpus, clip=1e-3, freeze_epochs=0)
    optimiser, _ = model.configure()
    model(batch_of(corpus))["distillation"].backward()
    weights = [each for each in (*model.backbone.parameters(), *model.head.parameters()) if each.grad is not None]
    kept = [each.grad for each in weights]  # scaled where they are; the optimiser may drop them after its step
    assert torch.nn.utils.get_total_norm(kept) > 1e-2
    optimiser.step()
    assert pytest.approx(1e-3, rel=1e-3) == torch.nn.utils.get_total_norm(kept).item()


def test_the_teacher_starts_as_a_copy_head_included_and_moves_as_a_cosine(corpus):
    """Over three steps from 1/2: 1/2, 3/4, 1; from 8 towards 0: 4, 3, 3."""
    model = build(corpus, Length(3, 3), momentum=0.5)
    for network, teacher in ((model.backbone, model.teacher), (model.head, model.teacher_head)):
        for mine, theirs in zip(network.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(mine, theirs)
            assert not theirs.requires_grad
    with torch.no_grad():
        for value, networks in ((0.0, (model.backbone, model.head)), (8.0, (model.teacher, model.teacher_head))):
            for each in (weight for network in networks for weight in network.parameters()):
                each.fill_(value)
    for step, expected in ((1, 4.0), (2, 3.0), (3, 3.0)):
        model.after_step(step)
        assert all(torch.allclose(each, torch.tensor(expected)) for each in model.teacher_head.parameters())


def test_the_rate_scales_with_the_batch_and_every_weight_that_learns_is_in_the_optimiser(corpus):
    model = build(corpus, lr=0.64, warmup_epochs=0)
    optimiser, _ = model.configure()
    assert [pytest.approx(0.01)] * 3 == [group["lr"] for group in optimiser.param_groups]
    learning = [each for each in (*model.backbone.parameters(), *model.head.parameters()) if each.requires_grad]
    assert len(learning) == sum(len(group["params"]) for group in optimiser.param_groups)


@pytest.mark.parametrize(
    "values",
    [{"out_dim": 1}, {"teacher_temperature": 0}, {"centre_momentum": 1}, {"momentum": 1.1}, {"clip": 0}, {"dim": 8}],
)
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        DINOOptions.model_validate(values)
