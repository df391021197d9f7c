"""CMID's masks, losses and position matching against values worked out by hand or by brute force."""

import cmath
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining import method
from bench.pretraining.method import Length
from methods.cmid import assignment, masks, matching, reconstruction
from methods.cmid.method import CMID
from methods.options.cmid import CMIDOptions

SMALL = {"batch": 4, "size": 64, "queue": 16, "dim": 8, "hidden": 16, "prototypes": 6}


def build(corpus, backbone: str = "resnet18", **options) -> CMID:
    torch.manual_seed(0)
    values = CMIDOptions.model_validate({**SMALL, **options})
    return CMID(backbones.build(backbone), values, corpus, Length(16, 8)).train()


def batch_of(corpus, count: int = 4) -> method.Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(count))).permute(0, 3, 1, 2)
    return method.Batch(images, None, torch.Generator().manual_seed(1))


def test_thirty_of_forty_nine_cells_are_masked_in_every_view():
    drawn = masks.draw_masks(50, 7, 0.6, torch.Generator().manual_seed(0))
    assert drawn.flatten(1).sum(1).tolist() == [30] * 50
    assert len({tuple(row) for row in drawn.flatten(1).tolist()}) == 50


@given(st.integers(1, 9), st.integers(1, 99))
def test_the_masked_count_is_the_share_rounded_up(grid, percent):
    drawn = masks.draw_masks(2, grid, percent / 100, torch.Generator().manual_seed(0))
    assert drawn.flatten(1).sum(1).tolist() == [-(-percent * grid * grid // 100)] * 2


def test_every_cell_is_masked_equally_often():
    drawn = masks.draw_masks(4000, 3, 1 / 3, torch.Generator().manual_seed(0))
    assert drawn.float().mean(0).sub(1 / 3).abs().max().item() < 0.04


def test_masked_pixels_become_the_image_mean_and_others_stay():
    """Channel values 0, 2, 4, 6 have mean 3; the left column is masked."""
    image = torch.tensor([[0.0, 2.0], [4.0, 6.0]]).expand(1, 3, 2, 2)
    hidden = masks.hide(image, torch.tensor([[1.0, 0.0], [1.0, 0.0]]).view(1, 1, 2, 2))
    assert hidden[0, 0].tolist() == [[3.0, 2.0], [3.0, 6.0]]


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "swin_t"])
def test_the_token_is_added_to_the_stem_at_masked_positions_only(name):
    backbone = backbones.build(name).eval()
    stem = backbone.get_submodule(backbone.spec.stem.module)
    token = masks.MaskToken(backbone)
    torch.nn.init.constant_(token.token, 2.0)
    images = torch.rand(1, 3, 64, 64)
    seen = []
    stem.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach()))
    with torch.no_grad():
        backbone(images)
        token.mask = torch.tensor([[[True, False], [False, False]]])
        backbone(images)
    difference = (seen[1] - seen[0]).movedim(backbone.spec.stem.axis, 1)
    half = difference.shape[-1] // 2
    assert torch.allclose(difference[:, :, :half, :half], torch.tensor(2.0), atol=1e-5)
    assert difference[:, :, half:].abs().max() == difference[:, :, :, half:].abs().max() == 0


def test_focal_l1_by_hand():
    """Errors 1 and 5 are masked, 100 is not: (1 (2 s(0.2) - 1) + 5 (2 s(1) - 1)) / 2 with s the logistic function."""

    def logistic(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    prediction = torch.tensor([1.0, -5.0, 100.0, 0.0]).view(1, 1, 2, 2)
    mask = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 2, 2)
    expected = ((2 * logistic(0.2) - 1) + 5 * (2 * logistic(1.0) - 1)) / 2
    assert reconstruction.focal_l1(prediction, torch.zeros(1, 1, 2, 2), mask).item() == pytest.approx(expected)


def test_focal_frequency_equals_a_direct_fourier_sum_of_a_tiny_image():
    """Every step is written out: the composite, the orthonormal DFT, the weight, the mean."""
    prediction = [[0.5, -1.0, 2.0], [0.0, 1.5, -0.5], [1.0, 0.25, 0.75]]
    target = [[0.1, 0.3, -0.2], [0.8, -0.6, 0.4], [0.0, 1.0, -1.0]]
    mask = [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    size = 3
    composite = [
        [p if m else 0.001 * p + 0.999 * (0.5 * p + 0.5 * t) for p, t, m in zip(*rows, strict=True)]
        for rows in zip(prediction, target, mask, strict=True)
    ]

    def spectrum(image, u: int, v: int) -> complex:
        cells = itertools.product(range(size), range(size))
        return sum(image[y][x] * cmath.exp(-2j * math.pi * (u * y + v * x) / size) for y, x in cells) / size

    squared = [abs(spectrum(composite, u, v) - spectrum(target, u, v)) ** 2 for u in range(size) for v in range(size)]
    weights = [math.log(1 + math.sqrt(value)) for value in squared]
    expected = sum(w / max(weights) * s for w, s in zip(weights, squared, strict=True)) / size**2
    tensors = (torch.tensor(values, dtype=torch.float64).view(1, 1, 3, 3) for values in (prediction, target, mask))
    assert reconstruction.focal_frequency(*tensors).item() == pytest.approx(expected)


def test_focal_frequency_averages_the_spectra_of_a_minibatch_and_has_one_largest_weight():
    """Two images of 2 x 2 with two channels against zeros, all masked.

    The mean of the first channel is 2, 0 / 0, 0, with a spectrum of 1 everywhere; that of the second is 3 everywhere,
    with 6 at frequency zero and nothing else. The largest distance of both channels is 6, so the weights are
    ln 2 / ln 7 four times and 1: (4 ln 2 / ln 7 + 36) / 8.
    """
    prediction = torch.tensor(
        [[[[3.0, 1.0], [1.0, 1.0]], [[5.0, 2.0], [3.0, 3.0]]], [[[1.0, -1.0], [-1.0, -1.0]], [[1.0, 4.0], [3.0, 3.0]]]]
    )
    loss = reconstruction.focal_frequency(prediction, torch.zeros(2, 2, 2, 2), torch.ones(2, 1, 2, 2))
    assert loss.item() == pytest.approx((4 * math.log(2) / math.log(7) + 36) / 8)


def test_errors_that_cancel_within_a_view_cost_no_frequencies_but_those_of_two_views_do_not_cancel(corpus):
    """All pixels are off by one. In one view alike: the mean spectrum is the side at frequency zero, the loss 1."""
    model = build(corpus, cell=16)
    clean, pixels = torch.zeros(4, 3, 8, 8), torch.ones(4, 1, 8, 8)
    focal_l1 = 2 / (1 + math.exp(-0.2)) - 1
    for signs, frequency in (((1.0, 1.0, -1.0, -1.0), 1.0), ((1.0, -1.0, 1.0, -1.0), 0.0)):
        painted = torch.tensor(signs).view(4, 1, 1, 1).expand(4, 3, 8, 8)
        assert model._masked(painted, clean, pixels).item() == pytest.approx(focal_l1 + frequency)


@pytest.mark.parametrize(("batch", "expected"), [(256, 4e-3), (64, 1e-3)])
def test_the_learning_rate_is_four_thousandths_at_256_tiles_and_scales_with_the_batch(batch, expected, corpus):
    """One thousandth for each GPU of 64 tiles."""
    optimiser, _ = build(corpus, batch=batch, cell=16, warmup_epochs=0).configure()
    assert [pytest.approx(expected)] * 3 == [group["lr"] for group in optimiser.param_groups]


def test_a_perfect_prediction_costs_nothing_and_has_a_finite_gradient():
    target = torch.rand(2, 3, 8, 8)
    prediction = target.clone().requires_grad_()
    mask = torch.ones(2, 1, 8, 8)
    loss = reconstruction.focal_l1(prediction, target, mask) + reconstruction.focal_frequency(prediction, target, mask)
    loss.backward()
    assert loss.item() == 0
    assert torch.all(prediction.grad.isfinite())


def test_visible_pixels_get_a_thousandth_of_the_gradient():
    """With a white error spectrum the gradient at a pixel is proportional to its part in the composite."""
    prediction = torch.zeros(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    target = torch.rand(1, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    masked, visible = (0, 0), (0, 1)
    mask[0, 0][masked] = 1
    reconstruction.focal_frequency(prediction, target, mask).backward()
    gradient = prediction.grad[0, 0]
    assert gradient[visible].abs() < 0.05 * gradient[masked].abs()
    assert gradient[visible] != 0


def test_centres_of_a_crop_and_of_its_mirror_image():
    """A 2 x 2 map over rows 10 to 14 and columns 20 to 28: centres at 11, 13 and 22, 26."""
    no = torch.tensor([False, False])
    boxes = torch.tensor([[10, 20, 4, 8]] * 2)
    plain, mirrored = matching.centres(boxes, torch.tensor([False, True]), no, no.long(), 2, 2).tolist()
    assert plain == [[11, 22], [11, 26], [13, 22], [13, 26]]
    assert mirrored == [[11, 26], [11, 22], [13, 26], [13, 22]]


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_nearest_pairs_equal_a_brute_force_search(seed, count):
    generator = torch.Generator().manual_seed(seed)
    first, second = (torch.rand((2, 9, 2), generator=generator, dtype=torch.float64) * 64 for _ in range(2))
    at_first, at_second = matching.nearest_pairs(first, second, count)
    for sample in range(2):
        ranked = sorted(
            (math.dist(first[sample, i].tolist(), second[sample, j].tolist()), i, j)
            for i, j in itertools.product(range(9), range(9))
        )[:count]
        expected = [(i, j) for _, i, j in ranked]
        assert expected == list(zip(at_first[sample].tolist(), at_second[sample].tolist(), strict=True))


def test_all_pairs_are_taken_where_there_are_fewer_than_asked():
    points = torch.tensor([[[0.0, 0.0], [4.0, 0.0]]])
    at_first, at_second = matching.nearest_pairs(points, points, 20)
    assert sorted(zip(at_first[0].tolist(), at_second[0].tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_assignment_loss_by_hand():
    """Teacher logits (ln 3, 0) less a centre of (0, 0) at T = 1 are (3/4, 1/4); the student's are even: ln 2."""
    teacher, student = torch.tensor([[math.log(3), 0.0]]), torch.tensor([[0.0, 0.0]])
    loss = assignment.assignment_loss(student, teacher, torch.zeros(2), 0.1, 1.0)
    assert loss.item() == pytest.approx(math.log(2))
    # At a student of (1/4, 3/4): -(3/4 ln 1/4 + 1/4 ln 3/4).
    student = torch.tensor([[0.0, 0.1 * math.log(3)]])
    loss = assignment.assignment_loss(student, teacher, torch.zeros(2), 0.1, 1.0)
    assert loss.item() == pytest.approx(-(0.75 * math.log(0.25) + 0.25 * math.log(0.75)))
    # A centre equal to the teacher's logits leaves an even target.
    loss = assignment.assignment_loss(student, teacher, teacher[0], 0.1, 1.0)
    assert loss.item() == pytest.approx(-0.5 * (math.log(0.25) + math.log(0.75)))


def test_the_teachers_temperature_rises_over_the_first_eighth():
    values = [assignment.teacher_temperature(step, 80, 0.04, 0.07) for step in (0, 5, 10, 79)]
    assert values == pytest.approx([0.04, 0.055, 0.07, 0.07])


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "swin_t", "squeezenet1_1"])
def test_one_step_trains_every_part_on_every_kind_of_backbone(name, corpus):
    """VGG-16 has no batch norm, Swin-T is a transformer: CMID's claim is that it does not matter."""
    model = build(corpus, name, size=32 if name == "vgg16" else 64, cell=16)
    losses = model(batch_of(corpus, 2))
    assert set(losses) == {"masked", "global", "local"}
    assert all(loss.isfinite() and loss > 0 for loss in losses.values())
    sum(losses.values()).backward()
    for part in (model.projector, model.local, model.painter, model.token):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters() if p.ndim > 1)
    assert all(p.grad is not None for p in model.backbone.parameters())
    assert model.token.token.grad.abs().sum() > 0
    frozen = (*model.teacher.parameters(), *model.teacher_projector.parameters(), *model.teacher_local.parameters())
    assert all(p.grad is None and not p.requires_grad for p in frozen)


def test_the_token_is_switched_off_after_the_masked_forward(corpus):
    model = build(corpus, cell=16)
    torch.nn.init.constant_(model.token.token, 1.0)
    model(batch_of(corpus))
    assert model.token.mask is None


def test_the_centre_follows_the_teachers_mean(corpus):
    """From zero with momentum 0.9 it moves a tenth of the way."""
    model = build(corpus, cell=16)
    seen = []
    model.teacher_local.register_forward_hook(lambda _module, _inputs, output: seen.append(output.detach()))
    model(batch_of(corpus))
    assert torch.allclose(model.centre, 0.1 * seen[0].mean(0), atol=1e-6)


def test_the_keys_of_both_views_enter_the_queue_and_no_tile_meets_its_own_key_there(corpus):
    """Four tiles make eight keys; they are enqueued after the loss has looked at the queue."""
    model = build(corpus, cell=16)
    before = model.contrast.memory_bank.bank.clone()
    model(batch_of(corpus))
    changed = (model.contrast.memory_bank.bank != before).any(dim=1)
    assert changed.tolist() == [True] * 8 + [False] * 8


def test_encoder_projector_and_local_head_of_the_teacher_move_exactly_over_three_steps(corpus):
    """The cosine from 1/2 to 1 over three steps is 1/2, 3/4, 1; from 8 towards 0: 4, 3, 3."""
    model = build(corpus, cell=16, momentum=0.5)
    model.length = Length(3, 3)
    students = (model.backbone, model.projector, model.local)
    teachers = (model.teacher, model.teacher_projector, model.teacher_local)
    with torch.no_grad():
        for value, networks in ((0.0, students), (8.0, teachers)):
            for network in networks:
                for parameter in network.parameters():
                    parameter.fill_(value)
    for step, expected in ((1, 4.0), (2, 3.0), (3, 3.0)):
        model.after_step(step)
        for network in teachers:
            assert all(torch.allclose(p, torch.tensor(expected)) for p in network.parameters())
    assert model.teacher.bn1.running_mean.abs().max() == 0


def test_a_queue_larger_than_the_corpus_is_refused(corpus):
    with pytest.raises(StudyError, match=r"cmid: option queue=97 .*\(96 tiles\)"):
        CMIDOptions(batch=4, queue=97, size=64).check(corpus)


def test_the_students_backbone_is_exported_under_torchvisions_names(corpus):
    model = build(corpus, cell=16)
    assert model.export().keys() == backbones.build("resnet18").state_dict().keys()
    assert torch.equal(model.export()["conv1.weight"], model.backbone.conv1.weight)


@pytest.mark.parametrize("size", [32, 48])
def test_views_that_cells_do_not_tile_are_refused(size, corpus):
    with pytest.raises(StudyError, match="cell=32"):
        CMIDOptions(batch=4, queue=16, size=size).check(corpus)
