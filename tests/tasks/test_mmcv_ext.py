"""The stand-in for mmcv's operators has one, says what it lacks, and gives way to a real build."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given
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
import tasks.det
print("mmdet.models" in sys.modules, tasks.seg.EncoderDecoder.__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ["[]", "True EncoderDecoder"] == done.stdout.splitlines()
