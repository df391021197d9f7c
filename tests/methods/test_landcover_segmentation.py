"""Dense land cover: the loss by hand, and maps that are turned as their tiles are."""

import math

import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.core.errors import StudyError
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length
from methods import landcover_segmentation
from methods.landcover_segmentation import IGNORED, JoinedMaps, LandCoverSegmentation, pixel_loss
from methods.options.landcover import SegmentationOptions


def test_the_loss_is_the_mean_over_the_pixels_that_have_a_class_by_hand():
    """Logits of (3/4, 1/4): a pixel of the first class, one of the second, one that is not mapped."""
    logits = torch.tensor([math.log(3), 0.0]).view(1, 2, 1, 1).repeat(1, 1, 1, 3)
    expected = -(math.log(3 / 4) + math.log(1 / 4)) / 2
    assert pytest.approx(expected) == pixel_loss(logits, torch.tensor([[[0, 1, IGNORED]]])).item()
    assert 0.0 == pixel_loss(logits, torch.full((1, 1, 3), IGNORED)).item()


def test_all_maps_of_a_pyramid_are_added_up_at_the_finest_ones_size():
    """Projections of ones: 1 + 10 + 100 in each of two hidden channels, of which the classifier takes the sum."""
    head = JoinedMaps((1, 1, 1), 2, 1)
    for layer in (*head.projections, head.classifier):
        torch.nn.init.ones_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    maps = [torch.full((1, 1, side, side), value) for side, value in ((8, 1.0), (4, 10.0), (2, 100.0))]
    torch.testing.assert_close(torch.full((1, 1, 16, 16), 222.0), head(maps, 16))


def test_a_map_is_turned_and_mirrored_as_its_tile_is(corpus, monkeypatch):
    """Tiles painted with their maps: whatever is drawn, the pixels of a class have one colour in a view."""
    values = SegmentationOptions.model_validate({"batch": 8, "size": 32, "views": "common", "hidden": 4})
    torch.manual_seed(0)
    model = LandCoverSegmentation(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5))
    maps = torch.from_numpy(corpus.maps[:8].copy())
    views, held = [], []
    model.backbone.register_forward_pre_hook(lambda _module, inputs: views.append(inputs[0]))
    monkeypatch.setattr(landcover_segmentation, "pixel_loss", lambda _logits, classes: held.append(classes))
    model(Batch((maps[:, None] * 100).repeat(1, 3, 1, 1), None, torch.Generator().manual_seed(3), torch.arange(8)))
    for view, classes, tile in zip(views[0], held[0], maps, strict=True):
        assert sorted(tile.unique().tolist()) == sorted(classes.unique().tolist())
        for value in classes.unique():
            colours = view[:, classes == value]
            assert torch.allclose(colours, colours[:, :1].expand_as(colours), atol=1e-4)
    assert any(not torch.equal(classes, tile.long()) for classes, tile in zip(held[0], maps, strict=True))


def test_a_corpus_without_maps_and_another_tiles_maps_are_refused(corpus):
    values = SegmentationOptions.model_validate({"batch": 8, "size": 32})
    assert {"maps": corpus.maps_hash} == values.content_of(corpus)
    without = Corpus(corpus.path, corpus.manifest.model_copy(update={"maps": None}))
    with pytest.raises(StudyError, match="build it with bench corpus build --keep-map"):
        values.check(without)
    with pytest.raises(ValidationError, match="the maps are the tiles' own: leave land_cover=shuffled out"):
        SegmentationOptions.model_validate({"land_cover": "shuffled"})
