"""Detectors of MMDetection on a feature pyramid: Faster R-CNN and RetinaNet.

What is not an option is MMDetection's `faster-rcnn_r50_fpn` and `retinanet_r50_fpn`, whose values are the papers'.
"""

from typing import Any

from mmdet.models.detectors import FasterRCNN, RetinaNet
from mmengine.config import ConfigDict

from bench.backbones import Maps
from tasks.heads import options
from tasks.heads.full_precision import in_full_precision
from tasks.heads.options import levels_from
from tasks.heads.parts import Parts

# Standard deviations by which the offsets of boxes are divided: of proposals, and of their refinement, which is finer.
COARSE, FINE = (1.0, 1.0, 1.0, 1.0), (0.1, 0.1, 0.2, 0.2)
# Both detectors' test: boxes below the score are dropped, and those that overlap a better one by more; so many remain.
KEPT = {"score_thr": 0.05, "nms": {"type": "nms", "iou_threshold": 0.5}, "max_per_img": 100}
# RetinaNet's pyramid goes on for two maps beyond the backbone's (section 4 of the paper).
FURTHER = 2


def faster_rcnn(pyramid: Maps, classes: int, options: options.FasterRCNN) -> Parts:
    """Faster R-CNN (Ren et al., NeurIPS 2015) on a feature pyramid (Lin et al., CVPR 2017)."""
    levels = levels_from(pyramid)
    strides = [pyramid.strides[level] for level in levels]
    width = options.channels
    model = {
        "neck": {
            "type": "FPN",
            "in_channels": [pyramid.channels[level] for level in levels],
            "out_channels": width,
            "num_outs": len(levels) + 1,
        },
        "rpn_head": {
            "type": "RPNHead",
            "in_channels": width,
            "feat_channels": width,
            "anchor_generator": {
                "type": "AnchorGenerator",
                "scales": [options.scale],
                "ratios": options.ratios,
                "strides": [*strides, 2 * strides[-1]],
            },
            "bbox_coder": _coder(COARSE),
            "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": True, "loss_weight": 1.0},
            "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
        },
        "roi_head": {
            "type": "StandardRoIHead",
            "bbox_roi_extractor": {
                "type": "SingleRoIExtractor",
                "roi_layer": {"type": "RoIAlign", "output_size": 7, "sampling_ratio": 0},
                "out_channels": width,
                "featmap_strides": strides,
                # A region is read from the map whose anchors have its size (Eq. 1 of Lin et al., CVPR 2017).
                "finest_scale": round(strides[0] * options.scale * 56 / 32),
            },
            "bbox_head": {
                "type": "Shared2FCBBoxHead",
                "in_channels": width,
                "fc_out_channels": options.fc,
                "roi_feat_size": 7,
                "num_classes": classes,
                "bbox_coder": _coder(FINE),
                "reg_class_agnostic": False,
                "loss_cls": {"type": "CrossEntropyLoss", "use_sigmoid": False, "loss_weight": 1.0},
                "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
            },
        },
        "train_cfg": ConfigDict(
            rpn={
                "assigner": _assigner(above=0.7, below=0.3, least=0.3),
                "sampler": _sampler(256, positive=0.5, truth=False),
                "allowed_border": -1,
                "pos_weight": -1,
            },
            rpn_proposal=_proposals(2000),
            rcnn={
                "assigner": {**_assigner(above=0.5, below=0.5, least=0.5), "match_low_quality": False},
                "sampler": _sampler(options.regions, positive=0.25, truth=True),
                "pos_weight": -1,
            },
        ),
        "test_cfg": ConfigDict(rpn=_proposals(1000), rcnn=KEPT),
    }
    return Parts(in_full_precision(FasterRCNN), levels, ConfigDict(model), "mmdet")


def retinanet(pyramid: Maps, classes: int, options: options.RetinaNet) -> Parts:
    """RetinaNet (Lin et al., ICCV 2017)."""
    levels = levels_from(pyramid, options.finest)
    strides = [pyramid.strides[level] for level in levels]
    further = [strides[-1] * 2**at for at in range(1, FURTHER + 1)]
    model = {
        "neck": {
            "type": "FPN",
            "in_channels": [pyramid.channels[level] for level in levels],
            "out_channels": options.channels,
            "add_extra_convs": "on_input",
            "num_outs": len(levels) + FURTHER,
        },
        "bbox_head": {
            "type": "RetinaHead",
            "num_classes": classes,
            "in_channels": options.channels,
            "stacked_convs": options.convolutions,
            "feat_channels": options.channels,
            "anchor_generator": {
                "type": "AnchorGenerator",
                "octave_base_scale": options.scale,
                "scales_per_octave": 3,
                "ratios": options.ratios,
                "strides": strides + further,
            },
            "bbox_coder": _coder(COARSE),
            "loss_cls": {"type": "FocalLoss", "use_sigmoid": True, "gamma": 2.0, "alpha": 0.25, "loss_weight": 1.0},
            "loss_bbox": {"type": "L1Loss", "loss_weight": 1.0},
        },
        "train_cfg": ConfigDict(
            assigner=_assigner(above=0.5, below=0.4, least=0.0),
            # The focal loss takes all anchors.
            sampler={"type": "PseudoSampler"},
            allowed_border=-1,
            pos_weight=-1,
        ),
        "test_cfg": ConfigDict(nms_pre=1000, min_bbox_size=0, **KEPT),
    }
    return Parts(in_full_precision(RetinaNet), levels, ConfigDict(model), "mmdet")


def _coder(deviations: tuple[float, ...]) -> dict[str, Any]:
    return {"type": "DeltaXYWHBBoxCoder", "target_means": (0.0,) * 4, "target_stds": deviations}


def _assigner(above: float, below: float, least: float) -> dict[str, Any]:
    """Which anchors are objects and which background, by IoU; an object's best anchor is one from `least` on."""
    return {
        "type": "MaxIoUAssigner",
        "pos_iou_thr": above,
        "neg_iou_thr": below,
        "min_pos_iou": least,
        "ignore_iof_thr": -1,
    }


def _sampler(count: int, *, positive: float, truth: bool) -> dict[str, Any]:
    """So many of the assigned boxes of an image, at most a share of them positive; whether true boxes are among them."""
    return {
        "type": "RandomSampler",
        "num": count,
        "pos_fraction": positive,
        "neg_pos_ub": -1,
        "add_gt_as_proposals": truth,
    }


def _proposals(considered: int) -> dict[str, Any]:
    """Regions that the first stage hands on: a thousand at most."""
    nms = {"type": "nms", "iou_threshold": 0.7}
    return {"nms_pre": considered, "max_per_img": 1000, "nms": nms, "min_bbox_size": 0}
