"""Maps of four strides from a transformer's one map, trained with the head."""

import pytest
import torch
from torch import nn

from bench import backbones
from bench.backbones.normalisation import IMAGENET
from tasks import mm
from tasks.simple_pyramid import SimpleFeaturePyramid
from tasks.task import Start

STRIDES = (4, 8, 16, 32)


@pytest.mark.parametrize(("stride", "size"), [(16, (64, 96)), (8, (64, 96)), (32, (64, 96)), (14, (64, 96))])
def test_every_map_has_its_stride_whatever_the_patch(stride, size):
    pyramid = SimpleFeaturePyramid(24, stride, STRIDES, 16)
    maps = pyramid(torch.rand(2, 24, *(-(-side // stride) for side in size)), torch.Size(size))
    assert [(2, 16, -(-size[0] // at), -(-size[1] // at)) for at in STRIDES] == [each.shape for each in maps]


def test_levels_are_those_of_the_paper():
    """Two deconvolutions with a norm and a GELU between them, one, none, and max pooling; widths are halved."""
    four, eight, sixteen, coarse = SimpleFeaturePyramid(64, 16, STRIDES, 32).levels
    assert [(64, 32), (32, 16)] == [(m.in_channels, m.out_channels) for m in four if isinstance(m, nn.ConvTranspose2d)]
    assert [nn.ConvTranspose2d, "LayerNorm2d", nn.GELU, nn.ConvTranspose2d] == [
        type(m).__name__ if type(m).__name__ == "LayerNorm2d" else type(m) for m in four[:4]
    ]
    assert (32, nn.ConvTranspose2d) == (eight[0].out_channels, type(eight[0]))
    assert [(1, 1), (3, 3)] == [m.kernel_size for m in sixteen if isinstance(m, nn.Conv2d)]
    last = torch.arange(16.0).view(1, 1, 4, 4)
    assert [[5.0, 7.0], [13.0, 15.0]] == coarse[0](last)[0, 0].tolist()


def test_the_pyramid_is_drawn_with_the_head_and_is_no_part_of_the_weights():
    torch.manual_seed(0)
    state = dict(backbones.build("timm:test_vit").state_dict())
    start = Start("timm:test_vit", state, IMAGENET)
    torch.manual_seed(1)
    one = mm.PyramidBackbone(start, [0, 3])
    torch.manual_seed(2)
    other = mm.PyramidBackbone(start, [0, 3])
    images = torch.rand(1, 3, 64, 64)
    assert [(1, 64, 16, 16), (1, 64, 2, 2)] == [each.shape for each in one(images)]
    assert not torch.equal(one(images)[0], other(images)[0])
    assert state.keys() == one.net.state_dict().keys()
    assert torch.equal(one.net(images)[0], other.net(images)[0])
