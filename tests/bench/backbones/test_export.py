"""Exported weights load in each target library with nothing missing, and mean the same there."""

import importlib

import pytest
import safetensors.torch
import timm
import torch
import torchvision
from mmcv.cnn import VGG
from mmengine.config import ConfigDict
from torch.nn import functional

from bench import backbones
from bench.backbones.export import export
from bench.backbones.normalisation import UNIT, normalisation_of
from bench.backbones.weights import Weights
from bench.core.errors import WeightsError
from tasks import mmcv_ext

mmcv_ext.provide()

TIMMS = {"swin_t": "swin_tiny_patch4_window7_224", "timm:test_resnet": "test_resnet"}


def networks(form: str) -> list[str]:
    """The harness' networks that a library has."""
    return [name for name, spec in backbones.registry.all().items() if form in spec.formats]


def exported(name: str, form: str, folder):
    """A backbone none of whose weights is what its library starts with, and the file written of it."""
    torch.manual_seed(0)
    backbone = backbones.build(name).eval()
    with torch.no_grad():
        for value in backbone.state_dict().values():
            if value.is_floating_point():
                value.mul_(torch.empty_like(value).uniform_(0.8, 1.2)).add_(torch.rand_like(value), alpha=0.01)
    return backbone, export(Weights(backbone.state_dict(), UNIT), name, form, folder / "weights")


def picture(name: str, side: int) -> torch.Tensor:
    """An image of `side` for Swin, whose networks are made for a size; a small one for the others."""
    return torch.rand(1, 3, side, side) if name == "swin_t" else torch.rand(1, 3, 64, 64)


def assert_same(expected, found) -> None:
    """Equal to a hundred-thousandth of the map's size."""
    assert (expected - found).abs().max() <= 1e-5 * expected.abs().max().clamp_min(1)


@pytest.mark.parametrize("name", networks("torchvision"))
def test_torchvision_misses_only_its_classifier(name, tmp_path):
    backbone, path = exported(name, "torchvision", tmp_path)
    with torch.device("meta"):
        model = torchvision.models.get_model(name)
    missing, unexpected = model.load_state_dict(safetensors.torch.load_file(path), strict=False, assign=True)
    assert not unexpected
    assert all(key.startswith(backbone.spec.left_out) for key in missing)


# timm's VGG keeps its classifier's hidden layers when it has no classes.
@pytest.mark.parametrize("name", sorted({*networks("timm")} - {"vgg16"}))
def test_timm_without_classes_misses_nothing_and_computes_the_same_features(name, tmp_path):
    backbone, path = exported(name, "timm", tmp_path)
    model = timm.create_model(TIMMS.get(name, name), num_classes=0).eval()
    missing, unexpected = model.load_state_dict(safetensors.torch.load_file(path), strict=False)
    assert not missing
    assert not unexpected
    images = picture(name, 224)
    with torch.no_grad():
        features, expected = model.forward_features(images), backbone(images)[-1]
    assert_same(expected, features.permute(0, 3, 1, 2) if name == "swin_t" else features)


@pytest.mark.parametrize("name", networks("timm"))
def test_timms_feature_extractor_takes_the_file_and_computes_the_same_maps(name, tmp_path):
    """Every weight it has is one of the file's; its Swin leaves out the last norm."""
    backbone, path = exported(name, "timm", tmp_path)
    model = timm.create_model(
        TIMMS.get(name, name), features_only=True, pretrained=True, pretrained_cfg_overlay={"file": str(path)}
    ).eval()
    state = safetensors.torch.load_file(path)
    for key, value in model.state_dict().items():
        written = key.replace("features_", "features.").replace("layers_", "layers.")
        assert torch.equal(value, state[written]), key
    images = picture(name, 224)
    with torch.no_grad():
        found = dict(zip(model.feature_info.reduction(), model(images), strict=True))
        expected = dict(zip(backbone.strides, backbone(images), strict=True))
    if name == "swin_t":
        del expected[32]
        found = {stride: each.permute(0, 3, 1, 2) for stride, each in found.items()}
    if name == "vgg16":
        # timm's maps are those before each pooling.
        found = {2 * stride: functional.max_pool2d(each, 2) for stride, each in found.items()}
    for stride, each in expected.items():
        assert_same(each, found[stride])


def openmmlabs(form: str, name: str, path):
    """A backbone built by the library's registry, with the file loaded as its users load it."""
    registry = importlib.import_module(f"{form}.registry").MODELS
    importlib.import_module(f"{form}.models")
    if name == "vgg16":
        # mmcv's VGG is in neither library's registry; it has no `init_cfg`.
        registry.register_module(name="VGG", module=VGG, force=True)
        model = registry.build({"type": f"{form}.VGG", "depth": 16, "out_indices": (1, 2, 3, 4)})
        model.init_weights(str(path))
        model.eval()
        return model
    # With the library's name before the type, since a Runner of another test leaves mmengine's as the default.
    kind = "SwinTransformer" if name == "swin_t" else "ResNet"
    network = {"type": f"{form}.{kind}"} | ({} if name == "swin_t" else {"depth": int(name[6:])})
    model = registry.build(ConfigDict(network, init_cfg={"type": "Pretrained", "checkpoint": str(path)}))
    model.init_weights()
    model.eval()
    return model


@pytest.mark.parametrize("form", ["mmseg", "mmdet"])
@pytest.mark.parametrize("name", networks("mmseg"))
def test_openmmlab_misses_nothing_and_computes_the_same_maps(form, name, tmp_path):
    """On maps larger than Swin's windows of 7: on smaller ones torchvision does not shift them, and OpenMMLab does."""
    backbone, path = exported(name, form, tmp_path)
    model = openmmlabs(form, name, path)
    state = {key.removeprefix("backbone."): v for key, v in torch.load(path, weights_only=True)["state_dict"].items()}
    assert state.keys() == model.state_dict().keys()
    for key, value in model.state_dict().items():
        assert torch.equal(value, state[key]), key
    images = picture(name, 256)
    with torch.no_grad():
        maps, found = list(backbone(images)), model(images)
    if name == "swin_t":
        # OpenMMLab normalises the maps of the first three stages too.
        maps[:3] = [
            functional.layer_norm(each.permute(0, 2, 3, 1), each.shape[1:2]).permute(0, 3, 1, 2) for each in maps[:3]
        ]
    assert len(maps) == len(found)
    for expected, each in zip(maps, found, strict=True):
        assert_same(expected, each)


@pytest.mark.parametrize("form", ["timm", "mmseg", "mmdet"])
def test_a_network_that_the_target_lacks_is_refused_with_the_formats_that_fit(form, tmp_path):
    with pytest.raises(
        WeightsError, match=f"{form} has no network that fits squeezenet1_1: choose --format torchvision"
    ):
        export(Weights({}, UNIT), "squeezenet1_1", form, tmp_path / "weights")


def test_an_exported_file_says_what_its_input_is_normalised_with(tmp_path):
    """Weights that saw [0, 1] say so in either kind of file, and what starts from them feeds the same."""
    _, header = exported("resnet18", "torchvision", tmp_path)
    said = normalisation_of(str(header))
    assert (UNIT.mean, UNIT.std, header.name) == (said.mean, said.std, said.source)
    _, file = exported("resnet18", "mmseg", tmp_path)
    assert UNIT.to_json() == torch.load(file, weights_only=True)["meta"]["input"]
