"""A stand-in for mmcv's compiled operators, so that nothing needs a compiler.

MMCV's wheels for today's torch carry no compiled `mmcv._ext`, and importing MMSegmentation or MMDetection asks for it.
Of all its operators the heads of this harness call `nms`, RoIAlign and, on a GPU, the sigmoid focal loss: torchvision has
the first two, and the third is a formula. Any other operator raises NotImplementedError with its name when it is called.
With a real built mmcv the stand-in steps aside.

Operators write their result into a tensor that they are handed, as mmcv's do, and take no part in autograd: mmcv's own
functions around them do.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid
from torchvision.ops import nms as torchvision_nms

NAME = "mmcv._ext"


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Non-maximum suppression with mmcv's signature.

    Args:
        boxes: N x 4 corners (x1, y1, x2, y2), pixels.
        scores: N.
        iou_threshold: boxes that overlap a better one by more are dropped, in [0, 1].
        offset: 1 if a box from pixel 0 to pixel 0 is one pixel wide, else 0.

    Returns:
        Positions of the kept boxes, best first.
    """
    # torchvision counts sides as x2 - x1; moving the far corner by the offset gives mmcv's x2 - x1 + offset.
    shift = boxes.new_tensor([0, 0, offset, offset])
    kept: Tensor = torchvision_nms((boxes + shift).to(torch.float32), scores.to(torch.float32), iou_threshold)
    return kept


def roi_align_forward(
    input: Tensor,  # noqa: A002 - mmcv's name
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """RoIAlign (He et al., ICCV 2017) with mmcv's signature: the mean of bilinear samples in each bin of each box.

    Args:
        input: feature maps B x C x H x W.
        rois: N x 5, each the number of an image and the corners (x1, y1, x2, y2) in pixels of the image.
        output: N x C x aligned_height x aligned_width, written.
        argmax_y: unused, of the pooling by maximum.
        argmax_x: likewise.
        aligned_height: bins of a box along y.
        aligned_width: bins of a box along x.
        spatial_scale: map pixels per image pixel.
        sampling_ratio: samples of a bin along each axis; 0 takes one a map pixel, rounded up.
        pool_mode: 1, the mean.
        aligned: whether coordinates speak of the middles of pixels, half a pixel off.

    Raises:
        NotImplementedError: the maximum is asked for.
    """
    del argmax_y, argmax_x
    _check_mean(pool_mode)
    # The operator and not `torchvision.ops.roi_align`, which compiles another one where algorithms are deterministic.
    bins = (spatial_scale, aligned_height, aligned_width, sampling_ratio, aligned)
    output.copy_(torch.ops.torchvision.roi_align(input.float(), rois.float(), *bins))


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """The gradient of `roi_align_forward`, of the shape of its output, as that of its input, which is written."""
    del argmax_y, argmax_x
    _check_mean(pool_mode)
    bins = (spatial_scale, aligned_height, aligned_width, *grad_input.shape, sampling_ratio, aligned)
    grad_input.copy_(torch.ops.torchvision._roi_align_backward(grad_output.float(), rois.float(), *bins))  # noqa: SLF001


def _check_mean(pool_mode: int) -> None:
    if pool_mode != 1:
        raise NotImplementedError("RoIAlign takes the maximum only with a built mmcv: write pool_mode='avg'")


def sigmoid_focal_loss_forward(
    input: Tensor,  # noqa: A002 - mmcv's name
    target: Tensor,
    weight: Tensor,
    output: Tensor,
    *,
    gamma: float,
    alpha: float,
) -> None:
    """The focal loss with mmcv's signature (Lin et al., ICCV 2017, Eq. 5): -alpha_t (1 - p_t)^gamma log p_t.

    Args:
        input: logits N x K.
        target: class numbers N; K is the background.
        weight: of each class, K, or empty.
        output: N x K, written.
        gamma: how much what is well classified counts less.
        alpha: share of the positives, in [0, 1]; that of the negatives is 1 - alpha.
    """
    positive, share, p, log_p = _focal(input, target, alpha)
    del positive
    output.copy_(-share * (1 - p) ** gamma * log_p * _class_weight(weight, target, input))


def sigmoid_focal_loss_backward(
    input: Tensor,  # noqa: A002 - mmcv's name
    target: Tensor,
    weight: Tensor,
    grad_input: Tensor,
    *,
    gamma: float,
    alpha: float,
) -> None:
    """The derivative of `sigmoid_focal_loss_forward` by its logits, N x K, which is written."""
    positive, share, p, log_p = _focal(input, target, alpha)
    # By the logit of the truth; that of a negative has the opposite sign.
    slope = share * (1 - p) ** gamma * (gamma * p * log_p - (1 - p))
    grad_input.copy_(torch.where(positive, slope, -slope) * _class_weight(weight, target, input))


def _focal(logits: Tensor, target: Tensor, alpha: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Which entries are positive, alpha_t, p_t and log p_t, each N x K."""
    logits = logits.float()
    positive = target[:, None] == torch.arange(logits.shape[1], device=logits.device)
    log_p = logsigmoid(torch.where(positive, logits, -logits))
    return positive, torch.where(positive, alpha, 1 - alpha), log_p.exp(), log_p


def _class_weight(weight: Tensor, target: Tensor, logits: Tensor) -> Tensor:
    """The weight of each sample's class, N x 1; 1 of the background, and where there are no weights."""
    if not weight.numel():
        return logits.new_ones(1)
    return torch.cat([weight, weight.new_ones(1)])[target][:, None]


class _Operators(ModuleType):
    """A module that has every operator by name; those that it lacks say what they are when called."""

    nms = staticmethod(nms)
    roi_align_forward = staticmethod(roi_align_forward)
    roi_align_backward = staticmethod(roi_align_backward)
    sigmoid_focal_loss_forward = staticmethod(sigmoid_focal_loss_forward)
    sigmoid_focal_loss_backward = staticmethod(sigmoid_focal_loss_backward)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: object, **__: object) -> None:
            raise NotImplementedError(f"mmcv operator {name!r} is not in this build: install mmcv with its operators")

        return missing


def provide() -> bool:
    """Make `mmcv._ext` importable; returns whether the stand-in was needed. Call before importing mmseg or mmdet."""
    if isinstance(sys.modules.get(NAME), _Operators):
        return True
    if importlib.util.find_spec(NAME) is not None:
        return False
    module = _Operators(NAME)
    module.__spec__ = importlib.util.spec_from_loader(NAME, loader=None)
    sys.modules[NAME] = module
    return True


@contextmanager
def without_mmdet() -> Iterator[None]:
    """Import MMSegmentation as if MMDetection were absent, which it allows for.

    Its heads of the MaskFormer family, which this harness does not build, import all models of MMDetection, and with them
    scikit-learn, pandas and matplotlib: 113 MiB of a worker (docs/decisions/080). Nothing is hidden where MMDetection was
    imported before; whoever wants those heads imports it first.
    """
    if "mmdet" in sys.modules:
        yield
        return
    sys.modules["mmdet"] = None  # type: ignore[assignment] # how Python marks a module that must not be found
    try:
        yield
    finally:
        del sys.modules["mmdet"]
