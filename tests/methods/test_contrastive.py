"""MoCo, SimCLR and BYOL: losses by hand and against lightly's own on the same tensors, queues, teachers."""

import math

import numpy as np
import pytest
import torch
from lightly.loss import NegativeCosineSimilarity, NTXentLoss

import methods
from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining import method
from bench.pretraining.method import Length
from methods.moco import MoCo, queue_loss, shuffled_keys
from methods.options.contrastive import MoCoOptions, SimCLROptions

SMALL = {"batch": 8, "size": 32}
HEADS = {"moco": {"queue": 16, "dim": 8}, "simclr": {"hidden": 16, "dim": 8}, "byol": {"hidden": 16, "dim": 8}}


def build(name: str, corpus, length: Length | None = None, **options) -> method.Method:
    torch.manual_seed(0)
    spec = methods.get(name)
    values = spec.options.model_validate({**SMALL, **HEADS[name], **options})
    return spec.load()(backbones.build("resnet18"), values, corpus, length or Length(10, 5)).train()


def batch_of(corpus, count: int = 8) -> method.Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(count))).permute(0, 3, 1, 2)
    return method.Batch(images, None, torch.Generator().manual_seed(1))


def test_infonce_against_a_queue_of_two_keys_by_hand():
    """Positive at cosine 1, negatives at 0 and -1, T = 1/2: -ln(e^2 / (e^2 + e^0 + e^-2))."""
    loss = queue_loss(0.5, 2, 2)
    loss.memory_bank.bank.copy_(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
    query = torch.tensor([[3.0, 0.0]])
    expected = -math.log(math.exp(2) / (math.exp(2) + 1 + math.exp(-2)))
    assert loss(query, torch.tensor([[2.0, 0.0]])).item() == pytest.approx(expected)


def test_the_queue_holds_normalised_keys_in_turn_and_travels_with_the_state_dict():
    loss = queue_loss(0.2, 4, 2)
    for key in ([[0.0, 5.0], [3.0, 0.0]], [[0.0, -2.0], [-7.0, 0.0]], [[1.0, 0.0]]):
        query = torch.ones(len(key), 2, requires_grad=True)
        loss(query, torch.tensor(key))
    assert loss.memory_bank.bank.tolist() == [[1, 0], [1, 0], [0, -1], [-1, 0]]
    other = queue_loss(0.2, 4, 2)
    other.load_state_dict(loss.state_dict())
    assert torch.equal(loss.memory_bank.bank, other.memory_bank.bank)
    assert torch.equal(loss.memory_bank.bank_ptr, other.memory_bank.bank_ptr)


def test_ntxent_of_two_tiles_by_hand(corpus):
    """Views agree, tiles are orthogonal, T = 1: each of four rows is -ln(e / (e + 2))."""
    loss = build("simclr", corpus, temperature=1.0).loss
    views = torch.eye(2)
    assert loss(views, views).item() == pytest.approx(-math.log(math.e / (math.e + 2)))


def outputs(model, monkeypatch, attribute: str = "loss"):
    """Record what the method hands to its loss."""
    seen = []
    real = getattr(model, attribute)

    class Recorder(torch.nn.Module):
        def forward(self, first, second):
            seen.append((first.detach(), second.detach()))
            return real(first, second)

    monkeypatch.setattr(model, attribute, Recorder())
    return seen


def test_simclr_equals_lightlys_loss_on_the_same_tensors(corpus, monkeypatch):
    model = build("simclr", corpus)
    seen = outputs(model, monkeypatch)
    loss = model(batch_of(corpus))["contrast"]
    assert seen[0][0].dtype == torch.float32
    assert loss.item() == pytest.approx(NTXentLoss(temperature=0.1)(*seen[0]).item())


def test_moco_equals_lightlys_loss_on_the_same_tensors_and_queue(corpus, monkeypatch):
    model = build("moco", corpus)
    bank = model.loss.memory_bank.bank.clone()
    seen = outputs(model, monkeypatch)
    loss = model(batch_of(corpus))["contrast"]
    lightlys = NTXentLoss(temperature=0.2, memory_bank_size=(16, 8))
    lightlys.memory_bank.bank.copy_(bank)
    assert loss.item() == pytest.approx(lightlys(*seen[0]).item())


def test_byol_is_twice_lightlys_loss_in_both_directions_and_crosses_the_views(corpus, monkeypatch):
    model = build("byol", corpus)
    seen = outputs(model, monkeypatch)
    loss = model(batch_of(corpus))["similarity"]
    lightlys = NegativeCosineSimilarity()
    assert len(seen) == 2
    assert loss.item() == pytest.approx(2 * sum(lightlys(*pair).item() for pair in seen), rel=1e-5)
    # The same tensors the other way round are another sum unless the views are crossed by mistake.
    (guess_first, target_second), (guess_second, target_first) = seen
    uncrossed = 2 * (lightlys(guess_first, target_first) + lightlys(guess_second, target_second)).item()
    assert loss.item() != pytest.approx(uncrossed, rel=1e-4)


@pytest.mark.parametrize("name", ["moco", "byol"])
def test_the_teacher_starts_as_a_copy_head_included_and_gets_no_gradient(name, corpus):
    model = build(name, corpus)
    for network, teacher in ((model.backbone, model.teacher), (model.head, model.teacher_head)):
        for mine, theirs in zip(network.parameters(), teacher.parameters(), strict=True):
            assert torch.equal(mine, theirs)
            assert not theirs.requires_grad
    sum(model(batch_of(corpus)).values()).backward()
    assert all(p.grad is None for p in (*model.teacher.parameters(), *model.teacher_head.parameters()))
    assert all(p.grad is not None for p in (*model.backbone.parameters(), *model.head.parameters()))


def test_mocos_teacher_moves_exactly_over_three_steps(corpus):
    """From 8 at momentum 3/4 towards 0: 6, 4.5, 3.375 - exact in binary."""
    model = build("moco", corpus, momentum=0.75)
    with torch.no_grad():
        for network, value in (
            (model.backbone, 0.0),
            (model.head, 0.0),
            (model.teacher, 8.0),
            (model.teacher_head, 8.0),
        ):
            for parameter in network.parameters():
                parameter.fill_(value)
    for step, expected in ((1, 6.0), (2, 4.5), (3, 3.375)):
        model.after_step(step)
        assert torch.all(model.teacher.conv1.weight == expected)
        assert all(torch.all(p == expected) for p in model.teacher_head.parameters())


def test_byols_momentum_rises_as_a_cosine_to_one(corpus):
    """Of 11 steps from 0.5: m = 1 - 0.5 (1 + cos(pi (k - 1) / 10)) / 2 after step k; a teacher at 1 over a student at 0 shows it."""
    model = build("byol", corpus, Length(11, 5), momentum=0.5)
    with torch.no_grad():
        model.backbone.conv1.weight.zero_()
        for step in (1, 6, 11):
            model.teacher.conv1.weight.fill_(1.0)
            model.after_step(step)
            expected = 1 - 0.5 * (1 + math.cos(math.pi * (step - 1) / 10)) / 2
            assert model.teacher.conv1.weight.mean().item() == pytest.approx(expected, abs=1e-6)


def test_byols_teacher_moves_exactly_over_three_steps_head_included(corpus):
    """The cosine from 1/2 to 1 over three steps is 1/2, 3/4, 1; from 8 towards 0: 4, 3, 3."""
    model = build("byol", corpus, Length(3, 3), momentum=0.5)
    with torch.no_grad():
        for value, networks in ((0.0, (model.backbone, model.head)), (8.0, (model.teacher, model.teacher_head))):
            for network in networks:
                for parameter in network.parameters():
                    parameter.fill_(value)
    for step, expected in ((1, 4.0), (2, 3.0), (3, 3.0)):
        model.after_step(step)
        for network in (model.teacher, model.teacher_head):
            assert all(torch.allclose(p, torch.tensor(expected)) for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("moco", {"lr": 0.03}, 0.03 * 8 / 256),
        ("simclr", {"lr": 0.075, "warmup_epochs": 0}, 0.075 * math.sqrt(8)),
        ("byol", {"lr": 0.45, "warmup_epochs": 0}, 0.45 * 8 / 256),
    ],
)
def test_learning_rates_scale_with_the_batch_and_spare_norms_and_biases(name, options, expected, corpus):
    optimiser, _ = build(name, corpus, **options).configure()
    decayed, plain = optimiser.param_groups
    assert decayed["lr"] == pytest.approx(expected)
    assert decayed["weight_decay"] > 0 == plain["weight_decay"]
    assert all(p.ndim > 1 for p in decayed["params"])
    assert all(p.ndim == 1 for p in plain["params"])


def test_warm_up_takes_at_most_a_tenth_of_the_run(corpus):
    """Ten epochs of five steps are asked, of 40 steps in all: four steps of warm-up, then the cosine falls."""
    optimiser, scheduler = build("simclr", corpus, Length(40, 5), warmup_epochs=10).configure()
    rates = []
    for _ in range(40):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert rates.index(max(rates)) == 3
    assert rates[4:] == sorted(rates[4:], reverse=True)


def test_moco_v1_has_one_linear_layer_and_its_own_temperature(corpus):
    model = build("moco", corpus, version=1)
    assert isinstance(model, MoCo)
    assert [tuple(p.shape) for p in model.head.parameters()] == [(8, 512), (8,)]
    assert model.loss.temperature == 0.07
    assert build("moco", corpus).loss.temperature == 0.2


def test_keys_go_through_batch_norm_in_shuffled_parts_and_come_back_in_order(corpus):
    """48 views in three parts of 16; without batch norm's statistics in play every key belongs to its view."""
    model = build("moco", corpus, batch=48, queue=64)
    views = torch.rand(48, 3, 32, 32)
    sizes = []
    model.teacher.register_forward_pre_hook(lambda _module, inputs: sizes.append(len(inputs[0])))

    def keys():
        return shuffled_keys(model.teacher, model.teacher_head, views, 8, torch.Generator().manual_seed(0))

    keys()
    assert sizes == [16, 16, 16]
    model.eval()
    expected = model.teacher_head(model.teacher(views)[-1].mean(dim=(2, 3)))
    assert torch.allclose(expected, keys(), atol=1e-5)


def test_the_aerial_option_turns_and_flips_the_views(corpus):
    for name in HEADS:
        plain, aerial = build(name, corpus), build(name, corpus, aerial=True)
        views = [(getattr(model, "views", None) or [model.view]) for model in (plain, aerial)]
        assert all(view.recipe.up_down == 0 and view.recipe.turns[1] == 0 for view in views[0])
        assert all(view.recipe.up_down == view.recipe.turns[1] == 0.5 for view in views[1])


def test_the_jitter_and_the_blur_of_the_views_can_be_weakened(corpus):
    """As lightly advises for small images: half the colour jitter, no blur."""
    recipe = build("moco", corpus, jitter=0.5, blur=0.0).view.recipe
    jitter = recipe.jitter
    assert (jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue) == (0.2, 0.2, 0.2, 0.05)
    assert recipe.blur == 0


def test_a_batch_or_a_queue_larger_than_the_corpus_is_refused(corpus):
    with pytest.raises(StudyError, match=r"batch=97 .*\(96 tiles\)"):
        SimCLROptions(batch=97).check(corpus)
    with pytest.raises(StudyError, match=r"queue=97 .*\(96 tiles\)"):
        MoCoOptions(batch=8, queue=97).check(corpus)
