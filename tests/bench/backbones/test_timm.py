"""Any network of timm with a pyramid of feature maps is a backbone, and its weights are timm's."""

import copy

import pytest
import safetensors.torch
import timm
import torch

from bench import backbones
from bench.backbones import Stem, weights
from bench.backbones.export import export
from bench.backbones.from_timm import find
from bench.backbones.initial import check_initial, load_initial
from bench.backbones.normalisation import UNIT
from bench.backbones.weights import Weights
from bench.core.errors import StudyError, WeightsError
from methods.options.cmid import CMIDOptions
from methods.teacher import teacher_of

# A plain ResNet, a RegNet, a ConvNeXt whose extractor renames its stages, one without its last convolution, and one with
# channels last, whose positions no state_dict holds.
NETWORKS = ["test_resnet", "regnetx_002", "convnext_atto", "test_efficientnet", "swin_tiny_patch4_window7_224"]


def random_weights(name: str, **arguments) -> torch.nn.Module:
    torch.manual_seed(0)
    return timm.create_model(name, **arguments).eval()


def test_the_network_that_the_registry_lists_is_as_timm_says():
    listed, found = backbones.get("timm:test_resnet"), find("test_resnet")
    facts = ("channels", "strides", "stem", "batch_norm", "left_out", "library", "formats")
    assert [getattr(found, fact) for fact in facts] == [getattr(listed, fact) for fact in facts]


def test_resnet18_of_timm_is_resnet18():
    """With the same weights, under the same names, every map is equal."""
    torch.manual_seed(0)
    ours = backbones.build("resnet18").eval()
    twin = weights.restore("timm:resnet18", ours.state_dict(), "resnet18").eval()
    assert (ours.channels, ours.strides) == (twin.channels, twin.strides)
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        for expected, found in zip(ours(images), twin(images), strict=True):
            assert torch.equal(expected, found)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_whole_checkpoint_of_timm_loads_and_gives_the_features_that_timm_computes(name, tmp_path):
    arguments = {"strict_img_size": False} if name.startswith("swin") else {}
    full = random_weights(name, **arguments)
    path = tmp_path / "checkpoint.safetensors"
    safetensors.torch.save_file(full.state_dict(), path)
    backbone = backbones.build(f"timm:{name}").eval()
    load_initial(backbone, str(path))
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        maps = backbone(images)
        expected = full.forward_intermediates(images, indices=4, intermediates_only=True)
    for feature_map, timms, channels, stride in zip(maps, expected, backbone.channels, backbone.strides, strict=True):
        assert feature_map.shape == (1, channels, 64 // stride, 64 // stride)
        assert torch.allclose(timms, feature_map, atol=1e-5)


@pytest.mark.parametrize("name", NETWORKS)
def test_exported_weights_are_a_checkpoint_of_timm_that_lacks_only_what_the_backbone_leaves_out(name, tmp_path):
    torch.manual_seed(1)
    backbone = backbones.build(f"timm:{name}")
    state = backbone.state_dict()
    path = export(Weights(state, UNIT), backbone.name, "timm", tmp_path / "weights")
    written = safetensors.torch.load_file(path)
    assert state.keys() == written.keys()
    missing, unexpected = timm.create_model(name).load_state_dict(written, strict=False)
    assert not unexpected
    # torch never misses the counter of a batch norm.
    assert {key for key in backbone.spec.left_out if not key.endswith("num_batches_tracked")} == set(missing)
    with pytest.raises(WeightsError, match="choose --format timm"):
        export(Weights(state, UNIT), backbone.name, "mmseg", tmp_path / "weights")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_backbone_of_timm_is_restored_with_its_bands_and_without_a_draw_and_a_copy_is_its_own(name):
    torch.manual_seed(0)
    backbone = backbones.build(f"timm:{name}", 4).eval()
    before = torch.get_rng_state()
    restored = weights.restore(f"timm:{name}", backbone.state_dict(), "a test").eval()
    assert torch.equal(torch.get_rng_state(), before)
    assert (4, f"timm:{name}") == (restored.bands, restored.name)
    teacher = teacher_of(restored)
    images = torch.rand(1, 4, 64, 64)
    with torch.no_grad():
        expected = backbone(images)[-1]
        assert torch.equal(expected, restored(images)[-1])
        restored.load_state_dict({key: torch.zeros_like(value) for key, value in restored.state_dict().items()})
        assert not torch.equal(expected, restored(images)[-1])
        assert torch.equal(expected, teacher(images)[-1])
        copy.deepcopy(restored).load_state_dict(backbone.state_dict())
        assert not restored.state_dict()[restored.first_weight].any()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", Stem("network.maxpool", 64)),
        ("convnext_atto", Stem("network.stem_1", 40)),
        ("swin_tiny_patch4_window7_224", Stem("network.patch_embed", 96, axis=3)),
        ("vgg16", None),
        ("hrnet_w18_small", None),
    ],
)
def test_the_stem_ends_before_the_first_stage_or_is_not_known(name, expected):
    assert expected == backbones.get(f"timm:{name}").stem


def test_cmid_refuses_a_network_without_a_known_stem_before_it_trains():
    with pytest.raises(StudyError, match=r"the stem of timm:vgg16 is not known: choose another backbone for cmid"):
        CMIDOptions().check_backbone(backbones.get("timm:vgg16"))
    CMIDOptions().check_backbone(backbones.get("timm:resnet18"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet81", r"unknown backbone 'timm:resnet81'; did you mean timm:resnet18\?"),
        ("resnet18.a1_in1k", r"unknown backbone 'timm:resnet18\.a1_in1k'; did you mean timm:resnet\w+\?"),
        ("", "unknown backbone 'timm:'"),
        (
            "vit_small_r26_s32_224",
            r"timm:vit_small_r26_s32_224 gives no pyramid of feature maps \(strides 32, 32, 32\)",
        ),
        ("test_maxvit", "timm:test_maxvit does not take images of 64 x 96 pixels"),
    ],
)
def test_a_network_that_is_no_backbone_is_refused_in_one_line(name, message):
    with pytest.raises(StudyError, match=message) as refused:
        backbones.get(f"timm:{name}")
    assert len(str(refused.value).splitlines()) == 1


def test_published_weights_of_timm_are_a_file_that_the_user_names():
    with pytest.raises(WeightsError, match="no published ImageNet weights are known for timm:test_resnet: name a file"):
        check_initial("timm:test_resnet", "imagenet")
