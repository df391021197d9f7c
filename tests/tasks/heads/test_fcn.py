"""The plain FCN doubles the coarsest map until it has the input's size."""

import pytest
import torch

from bench.core.errors import StudyError
from tasks import mm
from tasks.seg import SegDataSample, _sample

assert mm
from tasks.heads.fcn import PlainFCNHead  # noqa: E402 - after the operators that mmseg asks for


def _head(stride, stages=(32, 16, 16, 8, 8)):
    return PlainFCNHead(in_channels=24, stride=stride, channels_by_stage=list(stages), num_classes=6)


@pytest.mark.parametrize(("stride", "doublings"), [(32, 5), (16, 4), (8, 3)])
def test_logits_have_the_inputs_size_after_one_stage_a_doubling(stride, doublings):
    head = _head(stride)
    assert len(head.stages) == doublings
    logits = head([torch.zeros(2, 8, 64, 64), torch.zeros(2, 24, 128 // stride, 128 // stride)])
    assert logits.shape == (2, 6, 128, 128)


def test_a_smaller_stride_takes_the_finer_stages():
    assert [stage[1].out_channels for stage in _head(8).stages] == [16, 8, 8]


def test_too_few_stages_are_refused():
    with pytest.raises(StudyError, match="stride 32 takes 5 doublings, the protocol has 2"):
        _head(32, stages=(16, 8))


def test_the_loss_is_cross_entropy_over_labelled_pixels_at_the_labels_size():
    head = _head(8)
    torch.manual_seed(0)
    # A backbone without padding gives maps a little too small; logits are brought to the label's size.
    logits = torch.randn(1, 6, 60, 60)
    label = torch.randint(0, 6, (64, 64), dtype=torch.uint8)
    label[:10] = 255
    sample = _sample(label)
    assert isinstance(sample, SegDataSample)
    loss = head.loss_by_feat(logits, [sample])["loss_ce"]
    resized = torch.nn.functional.interpolate(logits, (64, 64), mode="bilinear")
    expected = torch.nn.functional.cross_entropy(resized, label[None].long(), ignore_index=255)
    assert torch.allclose(loss, expected)


def test_the_last_layer_starts_as_torch_draws_it_and_not_so_small_that_rare_classes_are_never_predicted():
    head = PlainFCNHead(in_channels=8, stride=4, channels_by_stage=[16, 16], num_classes=6)
    head.init_weights()
    bound = 16**-0.5
    assert 0.4 * bound < head.conv_seg.weight.std().item() < 0.8 * bound


def test_a_coarser_output_takes_fewer_stages_and_gives_logits_at_its_stride():
    head = PlainFCNHead(in_channels=24, stride=16, channels_by_stage=[16, 8], num_classes=6, output_stride=4)
    assert [stage[1].out_channels for stage in head.stages] == [16, 8]
    logits = head([torch.zeros(2, 8, 64, 64), torch.zeros(2, 24, 8, 8)])
    assert logits.shape == (2, 6, 32, 32)


def test_a_map_as_fine_as_the_output_is_not_doubled():
    head = PlainFCNHead(in_channels=24, stride=4, channels_by_stage=[16], num_classes=6, output_stride=8)
    assert len(head.stages) == 0
    assert head([torch.zeros(2, 24, 16, 16)]).shape == (2, 6, 16, 16)
