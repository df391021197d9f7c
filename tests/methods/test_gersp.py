"""GeRSP: two sources through one encoder, the order of the labelled images, and the ImageFolder layout."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts
from torchvision.datasets import ImageFolder

from bench import backbones
from bench.core.errors import DataError, StudyError
from bench.pretraining import method
from bench.pretraining.labelled import list_images
from bench.pretraining.method import Length
from methods.gersp import GeRSP
from methods.options.gersp import GeRSPOptions


def build(corpus, labelled: Path, length: Length | None = None, **options) -> GeRSP:
    torch.manual_seed(0)
    small = {"batch": 4, "size": 32, "queue": 16, "dim": 8, "labelled": str(labelled)}
    values = GeRSPOptions.model_validate(small | options)
    return GeRSP(backbones.build("resnet18"), values, corpus, length or Length(20, 10)).train()


def batch_of(corpus, count: int = 4) -> method.Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(count))).permute(0, 3, 1, 2)
    return method.Batch(images, None, torch.Generator().manual_seed(1))


def test_a_labelled_set_is_listed_as_torchvision_lists_it(labelled):
    ours, theirs = list_images(labelled), ImageFolder(str(labelled))
    assert list(ours.classes) == theirs.classes
    assert [
        (str(labelled / file), label) for file, label in zip(ours.files, ours.labels, strict=True)
    ] == theirs.samples


def test_the_hash_of_a_labelled_set_follows_names_and_sizes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"12345")
    before = list_images(tmp_path).hash
    assert before == list_images(tmp_path).hash
    (tmp_path / "b" / "2.png").write_bytes(b"1")
    assert before != list_images(tmp_path).hash


def test_pictures_of_any_shape_become_squares(labelled):
    images = list_images(labelled)
    assert {images.read(index, 36).shape for index in range(len(images))} == {(36, 36, 3)}


def test_both_halves_go_through_one_forward_and_one_batch_norm(corpus, labelled):
    """The first batch norm sees 4 tiles and 4 natural images, once; the teacher sees tiles alone."""
    model = build(corpus, labelled)
    seen = {"student": [], "teacher": []}
    for name, network in (("student", model.backbone), ("teacher", model.teacher)):
        network.bn1.register_forward_pre_hook(lambda _module, inputs, name=name: seen[name].append(inputs[0].shape[0]))
    model(batch_of(corpus))
    assert seen == {"student": [8], "teacher": [4]}
    assert model.backbone.bn1.num_batches_tracked == 1


def test_tiles_and_natural_images_share_a_view_that_can_be_adapted(corpus, labelled):
    plain, adapted = (
        build(corpus, labelled, **options).view.recipe for options in ({}, {"aerial": True, "jitter": 0.5})
    )
    assert (plain.jitter.hue, plain.up_down) == (0.4, 0.0)
    assert (adapted.jitter.hue, adapted.up_down, adapted.turns[1]) == (0.2, 0.5, 0.5)


def test_the_supervised_loss_is_cross_entropy_over_the_folders(corpus, labelled):
    """A classifier of zeros is even over two classes: ln 2, weighted as asked."""
    model = build(corpus, labelled, supervised=3.0)
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.zeros_(model.classifier.bias)
    assert model(batch_of(corpus))["supervised"].item() == pytest.approx(3 * math.log(2), rel=1e-5)


def test_the_teachers_projector_moves_too(corpus, labelled):
    """The released system forgets it. From 8 at momentum 1/2 towards 0: 4, 2, 1."""
    model = build(corpus, labelled, momentum=0.5)
    with torch.no_grad():
        for network, value in (
            (model.head, 0.0),
            (model.backbone, 0.0),
            (model.teacher_head, 8.0),
            (model.teacher, 8.0),
        ):
            for parameter in network.parameters():
                parameter.fill_(value)
    for step, expected in ((1, 4.0), (2, 2.0), (3, 1.0)):
        model.after_step(step)
        assert all(torch.all(p == expected) for p in (*model.teacher_head.parameters(), *model.teacher.parameters()))


def test_the_projector_is_two_linear_layers_hidden_as_wide_as_the_features(corpus, labelled):
    """ResNet-18 has 512 features; the release's ResNet-50 has 2048, its projector 2048-2048-128."""
    head = build(corpus, labelled).head
    assert ["Linear", "ReLU", "Linear"] == [type(layer).__name__ for layer in head.layers]
    assert [(512, 512), (512,), (8, 512), (8,)] == [tuple(p.shape) for p in head.parameters()]
    assert GeRSPOptions.model_fields["dim"].default == 128


def test_keys_go_through_batch_norm_in_shuffled_parts_and_come_back_in_order(corpus, labelled, monkeypatch):
    """48 tiles in three parts of 16, in another order; running statistics leave every key to its own tile."""
    model = build(corpus, labelled, batch=48, queue=64)
    model.teacher.eval()
    batch = batch_of(corpus, 48)
    generator = torch.Generator().manual_seed(1)
    second = [model.view(batch.images, generator) for _ in range(2)][1]
    expected = model.teacher_head(model.teacher(second)[-1].mean(dim=(2, 3)))
    parts, keys = [], []
    model.teacher.register_forward_pre_hook(lambda _module, inputs: parts.append(inputs[0]))
    monkeypatch.setattr(model, "contrast", torch.nn.Module())
    model.contrast.forward = lambda query, key: keys.append(key) or query.sum()
    model(batch)
    assert [16, 16, 16] == [len(part) for part in parts]
    assert not torch.equal(second, torch.cat(parts))
    assert torch.allclose(expected, keys[0], atol=1e-5)


def rates(model: GeRSP) -> list[float]:
    """The learning rate of every step."""
    optimiser, scheduler = model.configure()
    found = []
    for _ in range(model.length.steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return found


def test_the_learning_rate_restarts_as_often_as_asked(corpus, labelled):
    """20 steps in 5 cycles: as torch's restarts every 4 steps. Rates are those of 256 tiles, and 4 tiles are trained on."""
    found = rates(build(corpus, labelled, lr=6.4, lr_min=0.64, cycles=5))
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = CosineAnnealingWarmRestarts(optimiser, T_0=4, eta_min=0.01)
    for step, rate in enumerate(found):
        assert optimiser.param_groups[0]["lr"] == pytest.approx(rate), step
        optimiser.step()
        scheduler.step()
    assert [0, 4, 8, 12, 16] == [step for step, rate in enumerate(found) if rate == pytest.approx(0.1)]


def test_no_run_ends_in_a_cycle_of_its_own_at_the_peak_rate(corpus, labelled):
    """21 steps in 5 cycles, which start at 0, 4.2, 8.4, 12.6 and 16.8, rounded up; the last step is 16/21 through its own."""
    found = rates(build(corpus, labelled, Length(21, 21), lr=6.4, lr_min=0.64, cycles=5))
    jumps = [step for step in range(1, 21) if found[step] > found[step - 1]]
    assert [5, 9, 13, 17] == jumps
    assert found[-1] == pytest.approx(0.01 + 0.09 * (1 + math.cos(math.pi * 16 / 21)) / 2)


def test_the_learning_rates_are_those_of_256_tiles_and_scale_with_the_batch(corpus, labelled):
    """One cycle: from 0.007 x 64 / 256 towards 0.001 x 64 / 256."""
    found = rates(build(corpus, labelled, Length(2000, 1000), batch=64, queue=64, cycles=1))
    assert found[0] == pytest.approx(0.00175)
    assert found[-1] == pytest.approx(0.00025, rel=1e-4)


def test_weight_decay_is_on_norms_and_biases_too(corpus, labelled):
    model = build(corpus, labelled)
    groups = model.configure()[0].param_groups
    assert {5e-4} == {group["weight_decay"] for group in groups}
    assert any(weight is model.backbone.bn1.bias for group in groups for weight in group["params"])


def test_a_queue_larger_than_the_corpus_is_refused(corpus, labelled):
    with pytest.raises(StudyError, match=r"gersp: option queue=97 .*\(96 tiles\)"):
        GeRSPOptions(batch=4, queue=97, labelled=str(labelled)).check(corpus)


def test_a_rate_that_would_rise_to_its_minimum_is_refused(corpus, labelled):
    with pytest.raises(StudyError, match=r"gersp: option lr_min=0\.001 is larger than lr=0\.0005"):
        GeRSPOptions(batch=4, queue=16, labelled=str(labelled), lr=0.0005).check(corpus)


def test_without_a_labelled_source_the_method_is_refused():
    with pytest.raises(StudyError, match=r"options\.gersp\.labelled"):
        GeRSPOptions().identity()


def test_a_folder_without_classes_and_a_broken_picture_are_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        list_images(tmp_path / "nowhere")
    with pytest.raises(DataError, match="at least two folders"):
        list_images(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.png").write_bytes(b"not a picture")
    with pytest.raises(DataError, match=r"1\.png is not a readable picture"):
        list_images(tmp_path).read(0, 36)
