"""Heads of segmentation: logits at the finest map's stride, by hand where that is possible."""

import pytest
import torch

from bench import backbones
from bench.metrics.confusion import IGNORE
from tasks import mm
from tasks.heads import options
from tasks.seg import _sample

assert mm
from tasks.heads import pixels  # noqa: E402 - after the operators that mmseg asks for
from tasks.heads.parts import within  # noqa: E402

PYRAMID = backbones.get("resnet18").maps
MAPS = [(64, 16), (128, 8), (256, 4), (512, 2)]  # channels and side of the maps of 64 pixels


def _model(parts):
    """The model with a stand-in for the backbone that hands on what it is given."""
    model = parts.build({"type": _Maps}, None)
    model.init_weights()
    return model


class _Maps(torch.nn.Module):
    def __init__(self, out_indices):
        super().__init__()
        self.out_indices = out_indices

    def forward(self, maps):
        return tuple(maps[at] for at in self.out_indices)


def _maps(batch=2):
    torch.manual_seed(0)
    return [torch.randn(batch, channels, side, side) for channels, side in MAPS]


@pytest.mark.parametrize(
    ("make", "chosen"),
    [
        (pixels.fpn, options.PixelFPN(channels=8, pyramid=16)),
        (pixels.upernet, options.UPerNet(channels=8)),
        (pixels.linear, options.Linear()),
    ],
)
def test_logits_have_the_stride_of_the_finest_map_and_the_loss_falls(make, chosen):
    parts = make(PYRAMID, 6, chosen)
    assert [0, 1, 2, 3] == parts.levels
    model, maps = _model(parts), _maps()
    assert model(maps, mode="tensor").shape == (2, 6, 16, 16)
    label = torch.zeros(64, 64, dtype=torch.long)
    label[:, 32:] = 3
    samples = [_sample(label)] * 2
    rate, losses = torch.optim.Adam(model.parameters(), lr=0.003), []
    for _ in range(8):
        loss, _ = model.parse_losses(model(maps, samples, mode="loss"))
        rate.zero_grad()
        loss.backward()
        rate.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_the_linear_head_is_a_linear_layer_on_resized_maps():
    model, maps = _model(pixels.linear(PYRAMID, 6, options.Linear(levels=[1, -1]))), _maps()
    layer = model.decode_head.conv_seg
    wide = torch.nn.functional.interpolate(maps[3], (8, 8), mode="bilinear")
    expected = torch.einsum("kc,bchw->bkhw", layer.weight[:, :, 0, 0], torch.cat([maps[1], wide], 1))
    assert torch.allclose(expected + layer.bias[:, None, None], model(maps, mode="tensor"), atol=1e-5)
    assert 6 * (128 + 512) + 6 == sum(weight.numel() for weight in model.parameters())


def test_upernet_learns_by_its_auxiliary_head_too_with_its_weight():
    model, maps = _model(pixels.upernet(PYRAMID, 6, options.UPerNet(channels=8, dropout=0.0))), _maps()
    label = torch.randint(0, 6, (64, 64))
    label[:20] = IGNORE
    losses = model(maps, [_sample(label)] * 2, mode="loss")
    assert {"decode.loss_ce", "aux.loss_ce"} == losses.keys()
    logits = torch.nn.functional.interpolate(model.auxiliary_head(maps), (64, 64), mode="bilinear")
    expected = torch.nn.functional.cross_entropy(logits, torch.stack([label] * 2), ignore_index=IGNORE)
    assert losses["aux.loss_ce"].item() == pytest.approx(0.4 * expected.item(), rel=1e-5)
    assert not _model(pixels.upernet(PYRAMID, 6, options.UPerNet(channels=8, auxiliary=0))).with_auxiliary_head


def test_the_last_layer_starts_as_torch_draws_it():
    for head in (
        _model(pixels.upernet(PYRAMID, 6, options.UPerNet(channels=64))).decode_head,
        _model(pixels.fpn(PYRAMID, 6, options.PixelFPN(channels=64, pyramid=8))).decode_head,
    ):
        bound = 64**-0.5
        assert 0.4 * bound < head.conv_seg.weight.std().item() < 0.8 * bound


def test_pyramid_pooling_bears_a_batch_of_one_image():
    model = _model(pixels.upernet(PYRAMID, 6, options.UPerNet(channels=8)))
    model.train()
    assert torch.isfinite(model(_maps(1), mode="tensor")).all()


def test_batch_norm_of_several_values_is_torchs_own():
    ours, plain = pixels.LoneBatchNorm(3), torch.nn.BatchNorm2d(3)
    images = torch.randn(1, 3, 2, 2)
    assert torch.equal(plain(images), ours(images))
    assert torch.equal(plain.running_mean, ours.running_mean)
    # One value a channel leaves the statistics alone.
    before = ours.running_var.clone()
    ours(images[:, :, :1, :1])
    assert torch.equal(before, ours.running_var)


def test_types_that_are_names_are_found_whatever_a_runner_left_behind():
    with within("mmdet"):
        assert _model(pixels.fpn(PYRAMID, 6, options.PixelFPN(channels=8, pyramid=8)))
