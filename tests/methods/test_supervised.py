"""Supervised pretraining: its pictures, its loss, its schedule, and the words where there are no pictures."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from bench import backbones
from bench.core.errors import DataError, StudyError
from bench.corpus.images.pipeline import build_from_images
from bench.corpus.storage.batches import Batches
from bench.corpus.storage.labels import labels_of
from bench.pretraining.labelled import list_images
from bench.pretraining.loop import feed
from bench.pretraining.method import Batch, Length
from bench.pretraining.views import COMMON, upright
from methods.options.supervised import SupervisedOptions
from methods.supervised import Supervised


def build(corpus, labelled, length=None, network="squeezenet1_1", **options) -> Supervised:
    torch.manual_seed(0)
    values = SupervisedOptions.model_validate({"batch": 4, "size": 32, "labelled": str(labelled), **options})
    return Supervised(backbones.build(network), values, corpus, length or Length(10, 5)).train()


def batch_of(corpus, first=0, step=0) -> Batch:
    images = torch.from_numpy(corpus.tiles(np.arange(first, first + 4))).permute(0, 3, 1, 2)
    return Batch(images, None, torch.Generator().manual_seed(step))


def test_the_loss_is_the_cross_entropy_over_the_folders(corpus, labelled):
    """A classifier of zeros is even over two classes: ln 2."""
    model = build(corpus, labelled)
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.zeros_(model.classifier.bias)
    assert {"class": pytest.approx(math.log(2), rel=1e-5)} == {
        name: loss.item() for name, loss in model(batch_of(corpus)).items()
    }


def test_no_tile_of_the_corpus_plays_a_part(corpus, labelled):
    model = build(corpus, labelled).eval()
    assert torch.equal(model(batch_of(corpus, 0))["class"], model(batch_of(corpus, 40))["class"])


def test_the_network_sees_one_view_of_each_picture_of_a_step_and_then_the_next_pictures(corpus, labelled):
    model = build(corpus, labelled)
    seen = []
    model.backbone.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].shape[0]))
    read = model.pictures._feed
    assert read is None
    for step in (0, 1):
        model(batch_of(corpus, step=step))
        assert step == int(model.pictures.step)
        model.after_step(step + 1)
    assert [4, 4] == seen


def test_the_rate_is_a_tenth_at_256_pictures_and_falls_as_a_cosine(corpus, labelled):
    optimiser, scheduler = build(corpus, labelled, Length(100, 50), batch=64).configure()
    rates = []
    for _ in range(100):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    assert pytest.approx(0.025) == rates[0]
    assert pytest.approx(0.0125, rel=0.03) == rates[50]
    assert rates[-1] < 0.001
    assert [1e-4, 1e-4] == [group["weight_decay"] for group in optimiser.param_groups]
    assert {0.9} == {group["momentum"] for group in optimiser.param_groups}


def test_it_learns_to_tell_dark_pictures_from_bright_ones(corpus, tmp_path):
    for name, level in (("bright", 220), ("dark", 30)):
        (tmp_path / name).mkdir()
        for index in range(6):
            Image.new("RGB", (40, 40), (level + index,) * 3).save(tmp_path / name / f"{index}.png")
    model = build(corpus, tmp_path, Length(20, 10), "resnet18", batch=12)
    optimiser, scheduler = model.configure()
    losses = []
    for step in range(20):
        loss = model(batch_of(corpus, step=step))["class"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        scheduler.step()
        model.after_step(step + 1)
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.3 < model.constant_losses()["class"]


def test_pictures_from_above_are_turned_and_those_from_the_ground_are_not():
    ground, above = (
        SupervisedOptions(views="common", aerial=aerial).augmentation().recipes["pictures"] for aerial in (False, True)
    )
    assert (upright(COMMON), COMMON) == (ground, above)
    own = SupervisedOptions(aerial=True).augmentation().recipes["pictures"]
    assert (0.5, 0.5, 0.5) == (own.left_right, own.up_down, own.turns[1])


def test_without_pictures_it_is_refused_with_the_option_to_set(corpus):
    options = SupervisedOptions()
    assert frozenset() == options.offers()
    assert "set options.supervised.labelled" == options.remedy("labelled")
    assert options.remedy("landcover") is None
    with pytest.raises(StudyError, match=r"set options\.supervised\.labelled to an image folder"):
        options.identity()
    with pytest.raises(DataError, match=r"set options\.supervised\.labelled to an image folder"):
        Supervised(backbones.build("squeezenet1_1"), options, corpus, Length(2, 1))


def test_pictures_of_a_registered_name_are_made_and_enter_the_key_by_their_content(labelled):
    asked = []
    options = SupervisedOptions(labelled="demo-natural").fetch(lambda name: asked.append(name) or str(labelled))
    assert (["demo-natural"], str(labelled)) == (asked, options.labelled)
    assert list_images(labelled).hash == options.identity()["labelled"]
    assert options is options.fetch(pytest.fail)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A corpus of six tiles in two class folders, 2 of field and 4 of town."""
    root = tmp_path_factory.mktemp("folders")
    for index, name in enumerate(["field", "field", "town", "town", "town", "town"]):
        (root / "images" / name).mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(index).integers(0, 256, (32, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / name / f"{index}.png")
    return build_from_images(root / "images", root / "corpus")


def test_a_corpus_own_class_folders_are_the_labels_of_its_tiles(folders):
    model = build(folders, "corpus")
    assert (("field", "town"), [0, 0, 1, 1, 1, 1]) == (model.pictures.classes, model.pictures.of_tiles.tolist())
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, math.log(3)]))
    batch = feed(Batches(folders, 4, 0), 0, 0, torch.device("cpu"))
    towns = int((batch.indices >= 2).sum())
    expected = (towns * math.log(4 / 3) + (4 - towns) * math.log(4)) / 4
    assert expected == pytest.approx(model(batch)["class"].item(), rel=1e-5)
    assert -(math.log(1 / 3) + 2 * math.log(2 / 3)) / 3 == pytest.approx(model.constant_losses()["class"])
    assert "pictures.of_tiles" not in model.state_dict()


def test_labels_of_a_corpus_enter_the_key_and_its_tiles_are_counted_and_seen_from_above(folders, corpus):
    options = SupervisedOptions(labelled="corpus", batch=4)
    options.check(folders)
    assert "corpus" == options.identity()["labelled"]
    assert {"labels_hash": folders.labels.hash} == options.content_of(folders)
    part = folders.labels.hash
    assert part != labels_of(folders.manifest.scenes, np.array(folders.index["scene"])[::-1]).hash
    assert "tiles" not in SupervisedOptions(labelled="elsewhere").content_of(folders)
    assert options.facts(6).values.get("tiles") != 0
    assert options.fit("pictures", COMMON) == COMMON
    with pytest.raises(StudyError, match="labelled=corpus needs a corpus of images in two class folders or more"):
        SupervisedOptions(labelled="corpus", batch=4).check(corpus)
