"""Exported weights load in each target library with nothing missing, and mean the same there."""

import importlib

import pytest
import safetensors.torch
import timm
import torch
import torchvision

from bench import backbones, mmcv_ext
from bench.errors import WeightsError
from bench.export import FORMATS, export

mmcv_ext.provide()


def exported(name: str, form: str, folder):
    torch.manual_seed(0)
    backbone = backbones.build(name).eval()
    path = export(backbone.state_dict(), name, form, folder / "weights")
    if path.suffix == ".safetensors":
        return backbone, safetensors.torch.load_file(path)
    return backbone, torch.load(path, weights_only=True)["state_dict"]


@pytest.mark.parametrize("name", FORMATS["torchvision"])
def test_torchvision_misses_only_its_classifier(name, tmp_path):
    backbone, state = exported(name, "torchvision", tmp_path)
    with torch.device("meta"):
        model = torchvision.models.get_model(name)
    missing, unexpected = model.load_state_dict(state, strict=False, assign=True)
    assert not unexpected
    assert all(key.startswith(backbone.classifier_prefix) for key in missing)


@pytest.mark.parametrize("name", ["resnet18", "swin_t"])
def test_timm_misses_nothing_and_computes_the_same_features(name, tmp_path):
    backbone, state = exported(name, "timm", tmp_path)
    theirs = {"swin_t": "swin_tiny_patch4_window7_224"}.get(name, name)
    model = timm.create_model(theirs, num_classes=0).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not missing
    assert not unexpected
    images = torch.rand(1, 3, 224, 224)
    with torch.no_grad():
        features = model.forward_features(images)
        expected = backbone(images)[-1]
    features = features.permute(0, 3, 1, 2) if name == "swin_t" else features
    assert torch.allclose(expected, features, atol=1e-4)


@pytest.mark.parametrize("form", ["mmseg", "mmdet"])
def test_openmmlab_misses_nothing_and_computes_the_same_features(form, tmp_path):
    registry = importlib.import_module(f"{form}.registry").MODELS
    importlib.import_module(f"{form}.models")
    backbone, state = exported("resnet18", form, tmp_path)
    model = registry.get("ResNet")(depth=18)
    model.eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not missing
    assert not unexpected
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for expected, found in zip(backbone(images), model(images), strict=True):
            assert torch.allclose(expected, found, atol=1e-5)


def test_a_network_that_the_target_lacks_is_refused_with_the_formats_that_fit(tmp_path):
    with pytest.raises(WeightsError, match="choose --format torchvision"):
        export({}, "squeezenet1_1", "mmseg", tmp_path / "weights")
