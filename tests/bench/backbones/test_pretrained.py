"""A network that normalises its images itself."""

import pytest
import torch

from bench import backbones
from bench.backbones.normalisation import Normalisation
from bench.backbones.pretrained import Pretrained


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = Pretrained(backbones.build("timm:test_resnet"), Normalisation((0.5, 0.25, 0.0), (0.5, 0.25, 1.0)))
    made.eval()
    return made


def test_images_of_8_and_16_bits_are_those_in_0_to_1(network):
    bright = torch.ones(1, 3, 64, 64)
    expected = torch.tensor([1.0, 3.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    for images in (bright, (255 * bright).to(torch.uint8), (65535 * bright).to(torch.uint16), bright.double()):
        assert torch.equal(expected, network.normalise(images))


def test_maps_and_vectors_are_those_of_the_backbone_on_normalised_images(network):
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    maps, inside = network(images), network.backbone(network.normalise(images))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(maps, inside, strict=True))
    assert [(2, c, 64 // s, 64 // s) for c, s in zip(network.channels, network.strides, strict=True)] == [
        tuple(each.shape) for each in maps
    ]
    assert torch.equal(network.pooled(images), network.backbone.pooled(network.normalise(images)))


def test_other_bands_and_other_types_are_refused(network):
    with pytest.raises(ValueError, match=r"B x 3 x H x W \(red, green, blue\), not \(1, 4, 8, 8\)"):
        network(torch.zeros(1, 4, 8, 8))
    with pytest.raises(ValueError, match=r"uint8 or uint16, not torch\.int64"):
        network(torch.zeros(1, 3, 8, 8, dtype=torch.int64))


def test_its_state_is_the_backbones_alone(network):
    assert all(name.startswith("backbone.") for name in network.state_dict())
