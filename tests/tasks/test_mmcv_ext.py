"""The stand-in for mmcv's operators has one, says what it lacks, and gives way to a real build."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import mmcv_ext


def _plain_nms(boxes, scores, threshold, offset):
    """Greedy suppression with sides of x2 - x1 + offset, one box after the other."""
    kept = []
    for at in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        overlaps = []
        for other in kept:
            left, top = np.maximum(boxes[at][:2], boxes[other][:2])
            right, bottom = np.minimum(boxes[at][2:], boxes[other][2:])
            both = max(0.0, right - left + offset) * max(0.0, bottom - top + offset)
            areas = [np.prod(box[2:] - box[:2] + offset) for box in (boxes[at], boxes[other])]
            overlaps.append(both / (sum(areas) - both))
        if all(overlap <= threshold for overlap in overlaps):
            kept.append(at)
    return kept


@given(st.integers(0, 10_000), st.integers(0, 30), st.sampled_from([0.3, 0.5, 0.7]), st.sampled_from([0, 1]))
def test_nms_equals_a_plain_one_with_and_without_offset(seed, count, threshold, offset):
    draw = np.random.default_rng(seed)
    corner = draw.uniform(0, 30, (count, 2))
    boxes = np.concatenate([corner, corner + draw.uniform(2, 20, (count, 2))], axis=1).astype(np.float32)
    scores = (draw.permutation(count) / max(1, count)).astype(np.float32)
    found = mmcv_ext.nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold, offset)
    assert found.tolist() == _plain_nms(boxes, scores, threshold, offset)


def _plain_roi_align(maps, rois, bins, scale, ratio, aligned):
    """The definition of mmcv, one sample after the other: bins of a box, and the mean of a grid of bilinear samples in each."""
    _, _, height, width = maps.shape

    def sample(image, y, x):
        if y < -1 or y > height or x < -1 or x > width:
            return np.zeros(maps.shape[1])
        y, x = max(y, 0.0), max(x, 0.0)
        top, left = min(int(y), height - 1), min(int(x), width - 1)
        down, across = min(top + 1, height - 1), min(left + 1, width - 1)
        v, u = (0.0 if top == height - 1 else y - top), (0.0 if left == width - 1 else x - left)
        rows = [(1 - u) * maps[image, :, row, left] + u * maps[image, :, row, across] for row in (top, down)]
        return (1 - v) * rows[0] + v * rows[1]

    out = np.zeros((len(rois), maps.shape[1], *bins))
    for at, (image, *corners) in enumerate(rois):
        x1, y1, x2, y2 = np.array(corners) * scale - (0.5 if aligned else 0)
        sides = (y2 - y1, x2 - x1) if aligned else (max(y2 - y1, 1.0), max(x2 - x1, 1.0))
        grid = [ratio or math.ceil(side / count) for side, count in zip(sides, bins, strict=True)]
        step = [side / count for side, count in zip(sides, bins, strict=True)]
        for row, column in itertools.product(*map(range, bins)):
            values = [
                sample(
                    int(image),
                    y1 + (row + (j + 0.5) / grid[0]) * step[0],
                    x1 + (column + (i + 0.5) / grid[1]) * step[1],
                )
                for j, i in itertools.product(*map(range, grid))
            ]
            out[at, :, row, column] = np.sum(values, axis=0) / max(len(values), 1)
    return out


@settings(deadline=None, max_examples=15)
@given(
    st.integers(0, 10_000),
    st.sampled_from([0, 1, 2]),
    st.booleans(),
    st.sampled_from([1.0, 0.25]),
    st.sampled_from([(7, 7), (2, 3)]),
)
def test_roi_align_equals_a_plain_one_within_the_map_and_over_its_borders(seed, ratio, aligned, scale, bins):
    mmcv_ext.provide()
    from mmcv.ops import roi_align

    draw = np.random.default_rng(seed)
    maps = draw.normal(size=(2, 3, 9, 8)).astype(np.float32)
    corner = draw.uniform(-4, 8 / scale, (4, 2))
    rois = np.concatenate([draw.integers(0, 2, (4, 1)), corner, corner + draw.uniform(0, 12 / scale, (4, 2))], axis=1)
    rois = rois.astype(np.float32)
    found = roi_align(torch.from_numpy(maps), torch.from_numpy(rois), bins, scale, ratio, "avg", aligned)
    expected = _plain_roi_align(maps.astype(np.float64), rois.astype(np.float64), bins, scale, ratio, aligned)
    assert np.allclose(expected, found.numpy(), atol=1e-5)


def test_the_gradient_of_roi_align_is_the_slope_of_its_sum_along_a_direction():
    """It is linear in the map: a step of any length changes the weighted sum by step times gradient."""
    mmcv_ext.provide()
    from mmcv.ops import roi_align

    torch.manual_seed(0)
    maps, step = torch.randn(2, 3, 9, 8, requires_grad=True), torch.randn(2, 3, 9, 8)
    rois = torch.tensor([[0.0, 2.0, 3.0, 30.0, 17.0], [1.0, -3.0, 8.0, 12.0, 40.0]])
    weights = torch.randn(2, 3, 7, 7)

    def total(values):
        return (roi_align(values, rois, (7, 7), 0.25) * weights).sum()

    total(maps).backward()
    assert torch.allclose(total(maps + step) - total(maps), (maps.grad * step).sum(), atol=1e-4)


def test_roi_align_by_maximum_is_refused():
    mmcv_ext.provide()
    from mmcv.ops import roi_align

    with pytest.raises(NotImplementedError, match="pool_mode='avg'"):
        roi_align(torch.zeros(1, 1, 4, 4), torch.tensor([[0.0, 0.0, 0.0, 2.0, 2.0]]), (2, 2), 1.0, 0, "max")


def test_the_focal_loss_is_the_papers_and_its_gradient_that_of_autograd():
    """A logit of 0 has p = 1/2: 1/4 (1/2)^2 ln 2 where it is true, 3/4 (1/2)^2 ln 2 where it is not (Eq. 5)."""
    mmcv_ext.provide()
    from mmcv.ops import sigmoid_focal_loss

    flat = sigmoid_focal_loss(torch.zeros(2, 2), torch.tensor([1, 2]), 2.0, 0.25, None, "none")
    assert torch.allclose(flat, torch.tensor([[3.0, 1.0], [3.0, 3.0]]) * math.log(2) / 16)
    torch.manual_seed(0)
    logits, target, weight = torch.randn(20, 3) * 4, torch.randint(0, 4, (20,)), torch.tensor([1.0, 2.0, 0.5])
    ours, plain = (logits.clone().requires_grad_() for _ in range(2))
    sigmoid_focal_loss(ours, target, 1.5, 0.3, weight, "sum").backward()
    truth = torch.nn.functional.one_hot(target, 4)[:, :3].float()
    p = plain.sigmoid() * truth + (1 - plain.sigmoid()) * (1 - truth)
    share = 0.3 * truth + 0.7 * (1 - truth)
    loss = -share * (1 - p) ** 1.5 * p.log() * torch.cat([weight, torch.ones(1)])[target][:, None]
    loss.sum().backward()
    assert torch.allclose(ours.grad, plain.grad, atol=1e-5)


def test_the_offset_counts_a_pixel_more_on_each_side():
    # 9 by 9, one row apart: IoU is 72/90 = 0.8; a pixel more on each side makes it 90/110 = 0.818.
    boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [0.0, 1.0, 9.0, 10.0]])
    scores = torch.tensor([0.9, 0.8])
    assert mmcv_ext.nms(boxes, scores, 0.81, 0).tolist() == [0, 1]
    assert mmcv_ext.nms(boxes, scores, 0.81, 1).tolist() == [0]


def test_an_operator_that_is_not_there_says_its_name_when_it_is_called():
    mmcv_ext.provide()
    operators = sys.modules[mmcv_ext.NAME]
    if not isinstance(operators, mmcv_ext._Operators):
        pytest.skip("mmcv was built with its operators here")
    call = operators.deform_conv_forward
    with pytest.raises(NotImplementedError, match="'deform_conv_forward'"):
        call(1, 2, key=3)


def test_asking_twice_gives_the_same_module():
    assert mmcv_ext.provide() == mmcv_ext.provide()


def test_mmcvs_own_nms_runs_on_the_stand_in():
    mmcv_ext.provide()
    from mmcv.ops import nms

    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0], [30.0, 30.0, 40.0, 40.0]])
    kept, positions = nms(boxes, torch.tensor([0.5, 0.9, 0.7]), iou_threshold=0.5)
    assert positions.tolist() == [1, 2]
    assert kept[:, 4].tolist() == pytest.approx([0.9, 0.7])


def test_it_steps_aside_for_a_real_build(tmp_path):
    package = tmp_path / "mmcv"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "_ext.py").write_text("built = True\n")
    code = "from tasks import mmcv_ext; print(mmcv_ext.provide()); import mmcv._ext; print(mmcv._ext.built)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "True"]


def test_segmentation_leaves_mmdetection_out_and_detection_finds_it_afterwards():
    code = """
import sys
import tasks.seg
print(sorted({"mmdet", "sklearn", "pandas", "matplotlib"} & sys.modules.keys()))
import tasks.det, tasks.heads.boxes
print("mmdet.models" in sys.modules, tasks.seg.EncoderDecoder.__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ["[]", "True EncoderDecoder"] == done.stdout.splitlines()
