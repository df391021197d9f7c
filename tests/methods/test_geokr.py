"""GeoKR's losses, teacher and schedules against values worked out by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import Tensor

from bench import backbones
from bench.pretraining import method
from bench.pretraining.method import Length
from methods import geokr
from methods.geokr import GeoKR, LandCoverClassification
from methods.options.geokr import ClassificationOptions, GeoKROptions

LANDCOVER = torch.tensor([[0.5, 0.5, 0.0]])
STUDENT = torch.tensor([[0.5, 0.25, 0.25]]).log()
TEACHER = torch.tensor([[0.25, 0.5, 0.25]]).log()
LN2 = math.log(2)


def build(corpus, length: Length | None = None, **options) -> GeoKR:
    torch.manual_seed(0)
    values = GeoKROptions.model_validate({"batch": 8, "size": 32, **options})
    return GeoKR(backbones.build("resnet18"), values, corpus, length or Length(10, 5))


def batch_of(corpus, count: int = 8) -> method.Batch:
    chosen = np.arange(count)
    images = torch.from_numpy(corpus.tiles(chosen)).permute(0, 3, 1, 2)
    return method.Batch(images, torch.from_numpy(np.array(corpus.landcover[chosen])), torch.Generator().manual_seed(1))


def test_representation_loss_of_equation_9():
    """-(1/2 ln 1/2 + 1/2 ln 1/4) = 3/2 ln 2."""
    assert geokr.representation_loss(LANDCOVER, STUDENT).item() == pytest.approx(1.5 * LN2)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        # -(1/2 ln 1/4 + 1/4 ln 1/2 + 1/4 ln 1/4) = (1 + 1/4 + 1/2) ln 2
        ("paper", 1.75 * LN2),
        # 1/2 ln 2 + 1/4 ln 1/2 + 0
        ("kl_student_teacher", 0.25 * LN2),
        # 1/4 ln 1/2 + 1/2 ln 2 + 0
        ("kl_teacher_student", 0.25 * LN2),
    ],
)
def test_consistency_loss_in_its_three_forms(form, expected):
    assert geokr.consistency_loss(STUDENT, TEACHER, form).item() == pytest.approx(expected)


def test_the_two_divergences_differ_when_the_distributions_are_not_permutations():
    """KL(S||T) = 1/2 ln 2 + 1/2 ln 2/3 and KL(T||S) = 1/4 ln 1/2 + 3/4 ln 3/2 for S = (1/2, 1/2), T = (1/4, 3/4)."""
    student, teacher = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.25, 0.75]]).log()
    forward = 0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    backward = 0.25 * math.log(0.5) + 0.75 * math.log(1.5)
    assert geokr.consistency_loss(student, teacher, "kl_student_teacher").item() == pytest.approx(forward)
    assert geokr.consistency_loss(student, teacher, "kl_teacher_student").item() == pytest.approx(backward)


@given(st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_divergences_are_never_negative_and_vanish_only_at_equality(logits):
    student = torch.tensor([logits[:3]], dtype=torch.float64).log_softmax(1)
    teacher = torch.tensor([logits[3:]], dtype=torch.float64).log_softmax(1)
    for form in ("kl_student_teacher", "kl_teacher_student"):
        assert geokr.consistency_loss(student, teacher, form).item() >= -1e-12
        assert geokr.consistency_loss(student, student, form).item() == pytest.approx(0, abs=1e-12)


def test_equation_10_as_printed_pulls_the_student_to_the_teachers_most_likely_class():
    """It has no entropy term: the loss is least where all of S lies on the argmax of T, not where S equals T."""
    equal = geokr.consistency_loss(TEACHER, TEACHER, "paper")
    peaked = geokr.consistency_loss(torch.tensor([[1e-6, 1.0, 1e-6]]).log(), TEACHER, "paper")
    assert peaked.item() < equal.item()


def test_losses_are_weighted_by_equation_11_and_averaged_as_asked(corpus):
    batch = batch_of(corpus)

    def losses(**options) -> dict[str, Tensor]:
        batch.generator.manual_seed(1)
        return build(corpus, **options).train()(batch)

    plain = losses()
    weighted = losses(gamma_student=2.0, gamma_teacher=0.5)
    per_class = losses(reduction="batch_and_classes")
    for name, factor in (("landcover", 2.0), ("consistency", 0.5)):
        assert weighted[name].item() == pytest.approx(factor * plain[name].item(), rel=1e-5)
        assert per_class[name].item() == pytest.approx(plain[name].item() / 8, rel=1e-5)
    assert set(losses(consistency="none")) == {"landcover"}


def test_the_teacher_gets_no_gradient_and_the_student_does(corpus):
    model = build(corpus)
    sum(model(batch_of(corpus)).values()).backward()
    assert all(p.grad is None and not p.requires_grad for p in model.teacher.parameters())
    assert all(p.grad is None and not p.requires_grad for p in model.teacher_head.parameters())
    assert all(p.grad is not None for p in model.backbone.parameters())
    assert all(p.grad is not None for p in model.head.parameters())


def test_the_teacher_moves_exactly_by_equation_7_over_three_updates(corpus):
    """From 8, towards a student at 0, 8, 16 with a = 1/2: 4, 6, 11 - exact in binary."""
    model = build(corpus, alpha=0.5, update_interval=1)
    students, expected = (0.0, 8.0, 16.0), (4.0, 6.0, 11.0)
    with torch.no_grad():
        model.teacher_head.weight.fill_(8.0)
        for step, (student, after) in enumerate(zip(students, expected, strict=True), start=1):
            model.head.weight.fill_(student)
            model.after_step(step)
            assert torch.all(model.teacher_head.weight == after)


def test_the_teacher_moves_only_when_the_interval_is_over(corpus):
    model = build(corpus, update_interval=3)
    with torch.no_grad():
        model.head.weight.add_(1.0)
    before = model.teacher_head.weight.clone()
    moved = []
    for step in range(1, 8):
        model.after_step(step)
        moved.append(not torch.equal(before, model.teacher_head.weight))
        before = model.teacher_head.weight.clone()
    assert moved == [False, False, True, False, False, True, False]


def test_two_update_schedules_exclude_each_other():
    with pytest.raises(ValidationError, match="exclude each other"):
        GeoKROptions(teacher_updates=5, update_schedule="release")


def test_an_independent_teacher_starts_elsewhere_and_a_copy_does_not(corpus):
    copied, independent = build(corpus), build(corpus, teacher_init="independent")
    assert torch.equal(copied.backbone.conv1.weight, copied.teacher.conv1.weight)
    assert not torch.equal(independent.backbone.conv1.weight, independent.teacher.conv1.weight)
    assert not any(p.requires_grad for p in independent.teacher.parameters())


@pytest.mark.parametrize(("mode", "expected"), [("copy", 4.0), ("ema", 3.0)])
def test_batch_norm_statistics_of_the_teacher_follow_the_student_at_an_update(corpus, mode, expected):
    """Teacher at 2, student at 4, a = 1/2: copied 4, averaged 3; the teacher's own forwards leave no trace."""
    model = build(corpus, teacher_buffers=mode, alpha=0.5, update_interval=1)
    model.teacher.bn1.running_mean.fill_(2.0)
    model(batch_of(corpus))
    assert torch.all(model.teacher.bn1.running_mean == 2.0)
    model.backbone.bn1.running_mean.fill_(4.0)
    model.after_step(1)
    assert torch.all(model.teacher.bn1.running_mean == expected)


def test_a_teacher_with_its_own_statistics_gathers_them_in_its_forwards(corpus):
    model = build(corpus, update_interval=1)
    model(batch_of(corpus))
    gathered = model.teacher.bn1.running_mean.clone()
    assert not torch.all(gathered == 0)
    model.after_step(1)
    assert torch.equal(gathered, model.teacher.bn1.running_mean)


@pytest.mark.parametrize("export", ["teacher", "student"])
def test_the_asked_backbone_is_exported(corpus, export):
    model = build(corpus, export=export, teacher_init="independent")
    chosen = model.teacher if export == "teacher" else model.backbone
    assert torch.equal(model.export()["conv1.weight"], chosen.conv1.weight)


def test_rare_classes_are_drawn_more_often_unless_balance_is_off(corpus):
    weights = build(corpus).sample_weights()
    sums = [weights[corpus.dominant == k].sum() for k in np.unique(corpus.dominant)]
    assert sums == pytest.approx([1.0] * len(sums))
    assert build(corpus, balance=False).sample_weights() is None


def test_the_learning_rate_falls_by_a_tenth_after_every_epoch(corpus):
    model = build(corpus, Length(steps=15, steps_per_epoch=5), lr=1.0)
    optimiser, scheduler = model.configure()
    rates = []
    for _ in range(15):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert rates == pytest.approx([1.0] * 5 + [0.9] * 5 + [0.81] * 5)


def fix_logits(head, probabilities) -> None:
    """Let a head predict these probabilities for every image."""
    with torch.no_grad():
        head.weight.zero_()
        head.bias.copy_(torch.tensor(probabilities).log())


PREDICTED = [1 / 2, 1 / 4, 1 / 16, 1 / 16, 1 / 32, 1 / 32, 1 / 32, 1 / 32]


def test_both_losses_of_a_batch_by_hand(corpus):
    """The student says 1/2, 1/4, ... of every tile and the teacher an eighth of each class: L_t is ln 8."""
    model = build(corpus)
    fix_logits(model.head, PREDICTED)
    fix_logits(model.teacher_head, [1 / 8] * 8)
    batch = batch_of(corpus)
    losses = model(batch)
    expected = -(batch.landcover.double().mean(dim=0) * torch.tensor(PREDICTED).double().log()).sum().item()
    assert expected == pytest.approx(losses["landcover"].item(), rel=1e-5)
    assert math.log(8) == pytest.approx(losses["consistency"].item(), rel=1e-5)


def test_student_and_teacher_see_the_same_views(corpus):
    """The land cover of a tile is the same whichever way it is turned, and the teacher judges what the student saw."""
    model = build(corpus)
    seen = []
    for network in (model.backbone, model.teacher):
        network.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].clone()))
    model(batch_of(corpus))
    assert torch.equal(*seen)


def test_an_update_moves_backbone_and_head_of_the_teacher_alike(corpus):
    """From 8 towards a student at 0 with a = 3/4: 6."""
    model = build(corpus, alpha=0.75, update_interval=1)
    with torch.no_grad():
        for value, networks in ((0.0, (model.backbone, model.head)), (8.0, (model.teacher, model.teacher_head))):
            for network in networks:
                for parameter in network.parameters():
                    parameter.fill_(value)
    model.after_step(1)
    for network in (model.teacher, model.teacher_head):
        assert all(torch.all(parameter == 6.0) for parameter in network.parameters())


def test_updates_asked_for_by_number_are_spread_over_the_run(corpus):
    """Two in ten steps: after the fifth and the tenth."""
    model = build(corpus, Length(10, 5), teacher_updates=2)
    with torch.no_grad():
        model.head.bias.add_(1.0)
    moved = []
    for step in range(1, 11):
        before = model.teacher_head.bias.clone()
        model.after_step(step)
        moved.append(not torch.equal(before, model.teacher_head.bias))
    assert [5, 10] == [step for step, changed in enumerate(moved, start=1) if changed]


def classification(corpus, **options) -> LandCoverClassification:
    torch.manual_seed(0)
    values = ClassificationOptions.model_validate({"batch": 8, "size": 32, **options})
    return LandCoverClassification(backbones.build("resnet18"), values, corpus, Length(15, 5))


def test_the_ablation_of_table_x_is_cross_entropy_with_the_dominant_class_by_hand(corpus):
    """Two tiles of class 0, one of class 2 and one that is half 1 and half 3, of which the first counts."""
    model = classification(corpus)
    fix_logits(model.head, PREDICTED)
    landcover = torch.zeros(4, 8)
    landcover[0, :2] = torch.tensor([0.6, 0.4])
    landcover[1, [0, 7]] = torch.tensor([0.9, 0.1])
    landcover[2, 2] = 1.0
    landcover[3, [1, 3]] = 0.5
    batch = batch_of(corpus, 4)
    losses = model(method.Batch(batch.images, landcover, batch.generator))
    assert {"class"} == set(losses)
    assert (1 + 1 + 4 + 2) / 4 * LN2 == pytest.approx(losses["class"].item(), rel=1e-5)


def test_the_ablation_trains_backbone_and_head_with_a_rate_that_falls_by_epoch(corpus):
    model = classification(corpus, lr=1.0)
    optimiser, scheduler = model.configure()
    assert sum(len(group["params"]) for group in optimiser.param_groups) == len(
        [*model.backbone.parameters(), *model.head.parameters()]
    )
    model(batch_of(corpus))["class"].backward()
    rates = []
    for _ in range(15):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert rates == pytest.approx([1.0] * 5 + [0.9] * 5 + [0.81] * 5)


@pytest.mark.parametrize("make", [build, classification])
def test_a_weight_decay_is_adams_and_has_a_key_of_its_own(make, corpus):
    plain, decayed = make(corpus), make(corpus, weight_decay=0.25)
    found = [{group["weight_decay"] for group in model.configure()[0].param_groups} for model in (plain, decayed)]
    assert [{0.0}, {0.25}] == found
    assert decayed.options.identity() == plain.options.identity() | {"weight_decay": 0.25}


def test_the_ablation_exports_what_it_trained_and_balances_classes_unless_told_not_to(corpus):
    model = classification(corpus)
    assert torch.equal(model.export()["conv1.weight"], model.backbone.conv1.weight)
    weights = model.sample_weights()
    assert [pytest.approx(1.0)] * 3 == [weights[corpus.dominant == k].sum() for k in np.unique(corpus.dominant)]
    assert classification(corpus, balance=False).sample_weights() is None


@pytest.mark.parametrize("form", ["paper", "kl_student_teacher", "kl_teacher_student"])
def test_every_tile_has_a_loss_of_its_own(form):
    students, teachers = torch.cat([STUDENT, TEACHER]), torch.cat([TEACHER, TEACHER])
    losses = geokr.consistency_loss(students, teachers, form)
    alone = [geokr.consistency_loss(student, TEACHER, form).item() for student in (STUDENT, TEACHER)]
    assert alone == pytest.approx(losses.tolist())
    supervised = geokr.representation_loss(torch.cat([LANDCOVER, LANDCOVER]), students)
    # -(1/2 ln 1/4 + 1/2 ln 1/2) is the same of the second tile.
    assert [1.5 * LN2, 1.5 * LN2] == pytest.approx(supervised.tolist())
