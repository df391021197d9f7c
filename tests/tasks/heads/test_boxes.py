"""Detectors on a feature pyramid: anchors of the sizes asked for, and full precision behind the backbone."""

import pytest
import torch

from bench import backbones
from bench.core import precision
from tasks import det, mm
from tasks.heads import options

assert mm
from tasks.heads import boxes  # noqa: E402 - after the operators that mmdet asks for

PYRAMID = backbones.get("resnet18").maps
SMALL = {"channels": 8, "scale": 2.0}
FASTER = options.FasterRCNN(**SMALL, fc=16, regions=16)
RETINA = options.RetinaNet(**SMALL, finest=4, convolutions=1)


class _Maps(torch.nn.Module):
    """A backbone of one layer a map."""

    def __init__(self, out_indices):
        super().__init__()
        shapes = [(PYRAMID.channels[at], PYRAMID.strides[at]) for at in out_indices]
        self.layers = torch.nn.ModuleList(torch.nn.Conv2d(3, width, stride, stride) for width, stride in shapes)

    def forward(self, images):
        return tuple(layer(images) for layer in self.layers)


def _model(parts):
    torch.manual_seed(0)
    model = parts.build({"type": _Maps}, None)
    model.init_weights()
    return model


def _batch():
    torch.manual_seed(1)
    boxes = torch.tensor([[4.0, 8.0, 20.0, 24.0], [40.0, 30.0, 52.0, 50.0]])
    # The second image shows no object.
    samples = [
        det._sample(boxes, torch.tensor([0, 2]), 64),
        det._sample(boxes[:0], torch.zeros(0, dtype=torch.long), 64),
    ]
    return torch.randn(2, 3, 64, 64), samples


def test_anchors_of_faster_rcnn_are_scale_times_stride_on_every_map():
    model = _model(boxes.faster_rcnn(PYRAMID, 3, FASTER))
    found = model.rpn_head.prior_generator
    assert [(4, 4), (8, 8), (16, 16), (32, 32), (64, 64)] == found.strides
    squares = [anchors[1] for anchors in found.base_anchors]  # the ratio of 1 is the second
    assert [8.0, 16.0, 32.0, 64.0, 128.0] == [float(box[2] - box[0]) for box in squares]
    assert 3 == model.roi_head.bbox_head.num_classes


def test_regions_are_read_from_the_map_whose_anchors_have_their_size():
    """With 32 pixels at stride 4 the first map ends at 112 pixels (Lin et al., CVPR 2017, Eq. 1); with 8 at a quarter."""
    for scale, end in ((8.0, 112), (2.0, 28)):
        extractor = _model(boxes.faster_rcnn(PYRAMID, 3, FASTER.model_copy(update={"scale": scale}))).roi_head
        sides = torch.tensor([end - 1.0, end + 1.0])
        regions = torch.stack([torch.zeros(2), torch.zeros(2), torch.zeros(2), sides, sides], 1)
        assert [0, 1] == extractor.bbox_roi_extractor.map_roi_levels(regions, 4).tolist()


def test_anchors_of_retinanet_begin_at_the_stride_asked_for_in_three_sizes_an_octave():
    found = _model(boxes.retinanet(PYRAMID, 3, RETINA)).bbox_head.prior_generator
    assert [4, 8, 16, 32, 64, 128] == [stride[0] for stride in found.strides]
    sides = [float(box[2] - box[0]) for box in found.base_anchors[0][3:6]]  # of ratio 1
    assert sides == pytest.approx([8.0, 8 * 2 ** (1 / 3), 8 * 2 ** (2 / 3)])
    default = boxes.retinanet(PYRAMID, 3, options.RetinaNet())
    assert ([1, 2, 3], [8, 16, 32, 64, 128]) == (default.levels, default.model.bbox_head.anchor_generator.strides)


@pytest.mark.parametrize("parts", [boxes.faster_rcnn(PYRAMID, 3, FASTER), boxes.retinanet(PYRAMID, 3, RETINA)])
def test_a_detector_finds_what_it_was_shown_in_bf16(parts):
    """Heads compute in fp32, and weights beyond the backbone get gradients of a sensible size.

    Of a 3 x 3 convolution with stride 2 over a map of one pixel, oneDNN's bf16 gradient leaves unset what no pixel saw.
    """
    model, (images, samples) = _model(parts), _batch()
    rate, fallen = torch.optim.Adam(model.parameters(), lr=3e-3), []
    for _ in range(20):
        dirt = [torch.full((8 * 8 * 9,), 1e30, dtype=torch.bfloat16) for _ in range(8)]
        del dirt
        with precision.autocast("bf16", torch.device("cpu")):
            losses = model(images, samples, mode="loss")
        loss, parsed = model.parse_losses(losses)
        rate.zero_grad()
        loss.backward()
        assert all(weight.grad.abs().max() < 1e4 for weight in model.neck.parameters() if weight.grad is not None)
        rate.step()
        fallen.append(parsed["loss"].item())
    assert all(each.dtype == torch.float32 for each in model.extract_feat(images))
    assert fallen[-1] < 0.8 * fallen[0]
    model.eval()
    found = model(images, samples, mode="predict")[0].pred_instances
    assert {"bboxes", "labels", "scores"} <= set(found.keys())
    assert len(found.bboxes) <= 100
