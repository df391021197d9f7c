"""Of a user's config neck and heads are taken, on our backbone and our classes; what cannot be given is refused."""

import importlib

import pytest
import torch

from bench import backbones
from bench.core.errors import StudyError
from tasks import mmcv_ext
from tasks.heads.known_types import known_types
from tasks.heads.user_models import check, fitted, model_of
from tasks.protocols import load_protocol

SEGMENTOR = """
norm_cfg = dict(type='SyncBN', requires_grad=True)
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(type='SegDataPreProcessor', mean=[1.0], bgr_to_rgb=True),
    pretrained='open-mmlab://resnet50_v1c',
    backbone=dict(type='ResNetV1c', depth=50, out_indices=(0, 1, 2, 3), norm_cfg=norm_cfg),
    decode_head=dict(
        type='DepthwiseSeparableASPPHead', in_channels=2048, in_index=3, channels=16, dilations=(1, 2), num_classes=19,
        c1_in_channels=256, c1_channels=8, norm_cfg=norm_cfg,
        loss_decode=dict(type='CrossEntropyLoss', loss_weight=1.0)),
    auxiliary_head=[dict(type='FCNHead', in_channels=1024, in_index=2, channels=8, num_convs=1, num_classes=19)],
    test_cfg=dict(mode='slide', crop_size=(512, 512), stride=(341, 341)))
train_dataloader = dict(batch_size=int('4'))
"""


@pytest.fixture
def written(tmp_path):
    """Write a config, and read what of its model is taken."""

    def read(text, library="mmseg"):
        file = tmp_path / "mine.py"
        file.write_text(text)
        return model_of(file, library)

    return read


def test_what_a_config_may_name_is_what_the_libraries_register():
    mmcv_ext.provide()
    for module in ("mmcv.cnn", "mmcv.ops", "mmseg.models", "mmdet.models"):
        importlib.import_module(module)
    import mmdet.registry
    import mmengine.registry
    import mmseg.registry

    shared = mmengine.registry.MODELS.module_dict | mmengine.registry.WEIGHT_INITIALIZERS.module_dict
    for library, own in (("mmseg", mmseg.registry), ("mmdet", mmdet.registry)):
        registered = {*shared, *own.MODELS.module_dict, *own.TASK_UTILS.module_dict}
        # Of MMDetection, registered with MMSegmentation's shared parts; and what another test registers.
        others = {"DetTTAModel", "CLRNet", "VGG"}
        assert registered - others <= known_types(library)
        # A loss that MMSegmentation ships and does not import.
        assert {"RoIAlign", "nms", "KLDivLoss"} >= known_types(library) - registered


def test_a_segmentor_is_put_on_our_maps_with_our_classes(written):
    model = written(SEGMENTOR)
    assert {"type", "decode_head", "auxiliary_head", "test_cfg", "out_indices"} == model.keys()
    levels, parts = fitted(model, "mmseg", backbones.get("resnet18").maps, 6)
    assert [0, 1, 2, 3] == levels
    head, (auxiliary,) = parts["decode_head"], parts["auxiliary_head"]
    assert (512, 64, 6, 6) == tuple(
        head[key] for key in ("in_channels", "c1_in_channels", "num_classes", "out_channels")
    )
    assert (256, 6) == (auxiliary["in_channels"], auxiliary["num_classes"])
    assert {"type": "BN", "requires_grad": True} == head["norm_cfg"]
    assert "whole" == parts["test_cfg"]["mode"]


def test_maps_of_stride_two_are_no_stage_of_a_config(written):
    """SqueezeNet's maps have strides 2, 4, 8 and 16: a config for four stages of stride 4 and more asks for one too many."""
    with pytest.raises(StudyError, match="reads stage 3 of its backbone, and this one has 3 maps of stride 4 or more"):
        fitted(written(SEGMENTOR), "mmseg", backbones.get("squeezenet1_1").maps, 6)
    without = written(SEGMENTOR.replace("out_indices=(0, 1, 2, 3)", "out_indices=(0, 1)"))
    with pytest.raises(StudyError, match="a head's in_index is 3, and it is given 2 maps"):
        fitted(without, "mmseg", backbones.get("squeezenet1_1").maps, 6)


def test_a_neck_takes_the_maps_and_heads_keep_to_the_neck():
    neck = {"type": "FPN", "in_channels": [256, 512, 1024, 2048], "out_channels": 32, "num_outs": 5}
    head = {"type": "RetinaHead", "in_channels": 32, "num_classes": 80}
    levels, parts = fitted({"neck": neck, "bbox_head": head}, "mmdet", backbones.get("resnet18").maps, 3)
    assert ([0, 1, 2, 3], [64, 128, 256, 512]) == (levels, parts["neck"]["in_channels"])
    assert (32, 3) == (parts["bbox_head"]["in_channels"], parts["bbox_head"]["num_classes"])
    assert 80 == head["num_classes"]  # the config itself stays as it is
    _, parts = fitted({"neck": {"type": "DilatedEncoder", "in_channels": 2048}, "bbox_head": head, "out_indices": [3]},
                      "mmdet", backbones.get("resnet18").maps, 3)  # fmt: skip
    assert 512 == parts["neck"]["in_channels"]


@pytest.mark.parametrize(
    ("model", "library", "said"),
    [
        ({}, "mmseg", "the model has no decode_head"),
        ({}, "mmdet", "the model has no bbox_head and no roi_head"),
        ({"decode_head": {"type": "UPerHed"}}, "mmseg", "decode_head.type: MMSegmentation has no 'UPerHed'; did you mean UPerHead?"),
        ({"bbox_head": {"type": "RetinaHead", "loss": {"type": "FokalLoss"}}}, "mmdet", "model.bbox_head.loss.type: MMDetection has no 'FokalLoss'; did you mean FocalLoss?"),
        ({"bbox_head": {}, "query_head": {}}, "mmdet", "model.query_head is no part of a MMDetection model here"),
        ({"roi_head": {"mask_head": {"type": "FCNMaskHead"}}}, "mmdet", "roi_head.mask_head needs masks of objects"),
        ({"decode_head": {"init_cfg": {"type": "Pretrained", "checkpoint": "a"}}}, "mmseg", "init_cfg.type is Pretrained"),
        ({"decode_head": {"loss_decode": {"class_weight": "weights.pkl"}}}, "mmseg", "'weights.pkl', which is no word"),
        ({"bbox_head": {"nms": {"type": "__import__('os').getcwd()"}}}, "mmdet", 'MMDetection has no "__import__'),
        ({"decode_head": {}, "out_indices": 3}, "mmseg", "out_indices must be a list of maps from 0 on, got 3"),
    ],
)  # fmt: skip
def test_what_a_study_cannot_build_is_refused_in_one_line_with_its_place(model, library, said):
    with pytest.raises(StudyError, match="mine: ") as caught:
        check(model, library, "mine")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_protocol_holds_what_its_config_says_and_not_its_path(tmp_path):
    """So its hash follows what is taken of the config, and neither its comments nor its data sets."""
    protocol, config = tmp_path / "mine.yaml", tmp_path / "heads" / "mine.py"
    config.parent.mkdir()
    protocol.write_text("extends: demo/city\nid: mine\nnetwork: {mmseg: heads/mine.py}\nsources: {network: ours}\n")

    def loaded(text):
        config.write_text(text)
        load_protocol.cache_clear()
        return load_protocol(str(protocol))

    first = loaded(SEGMENTOR)
    assert {"mmseg"} == first.network.keys()
    assert 16 == first.network["mmseg"]["decode_head"]["channels"]
    assert first.hash == loaded(SEGMENTOR.replace("batch_size=int('4')", "batch_size=2") + "# mine\n").hash
    assert first.hash != loaded(SEGMENTOR.replace("channels=16", "channels=24")).hash
    with pytest.raises(StudyError, match=r"heads/mine.py: model.decode_head.type: MMSegmentation has no 'Hed'"):
        loaded(SEGMENTOR.replace("DepthwiseSeparableASPPHead", "Hed"))
    load_protocol.cache_clear()


def test_a_model_with_an_argument_that_a_head_does_not_know_is_told_in_one_line():
    from tasks.heads.openmmlab import segmentor
    from tasks.heads.options import MMSegConfig

    options = MMSegConfig(config={"decode_head": {"type": "FCNHead", "in_index": 3, "chanels": 8}})
    parts = segmentor(backbones.get("resnet18").maps, 6, options)
    with pytest.raises(StudyError, match=r"the config of network.mmseg cannot be built: .*chanels") as caught:
        parts.build({"type": torch.nn.Identity}, None)
    assert "\n" not in str(caught.value)
