"""Starting points: loaded exactly, or refused in one line; a pickle payload is never run."""

import os
import pickle
import re
from pathlib import Path

import foreign_checkpoints as made
import pytest
import safetensors.torch
import torch
import torchvision

from bench import backbones
from bench.backbones.initial import check_initial, load_initial
from bench.backbones.sources import identify
from bench.core.errors import WeightsError


@pytest.fixture
def squeezenet_state():
    torch.manual_seed(3)
    return torchvision.models.get_model("squeezenet1_1").state_dict()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_full_torchvision_file_is_loaded_without_its_classifier(suffix, squeezenet_state, tmp_path):
    path = tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save(squeezenet_state, path)
    else:
        safetensors.torch.save_file(squeezenet_state, path)
    backbone = backbones.build("squeezenet1_1")
    load_initial(backbone, str(path))
    for name, value in backbone.state_dict().items():
        assert torch.equal(squeezenet_state[name], value), name


class Payload:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("saver", ["torch", "pickle"])
def test_a_file_with_a_pickle_payload_is_refused_and_not_run(saver, tmp_path):
    path, target = tmp_path / "weights.pth", tmp_path / "payload-ran"
    if saver == "torch":
        torch.save({"weight": torch.ones(1), "other": Payload(target)}, path)
    else:
        path.write_bytes(pickle.dumps(Payload(target)))
    with pytest.raises(WeightsError, match=re.escape(str(path))):
        load_initial(backbones.build("squeezenet1_1"), str(path))
    assert not target.exists()


@pytest.mark.parametrize("write", [made.moco, made.lightning, made.dino])
def test_a_checkpoint_of_others_is_a_start_where_it_is_whole(write, tmp_path):
    state = made.state_of()
    backbone = backbones.build(made.NETWORK)
    load_initial(backbone, str(write(state, tmp_path)))
    assert all(torch.equal(value, backbone.state_dict()[name]) for name, value in state.items())
    del state["layer1.0.conv1.weight"]
    with pytest.raises(WeightsError, match=r"lacks 'layer1\.0\.conv1\.weight', and a start must be whole"):
        load_initial(backbones.build(made.NETWORK), str(write(state, tmp_path)))


def test_weights_of_another_backbone_are_refused(squeezenet_state, tmp_path):
    path = tmp_path / "squeezenet.pth"
    torch.save(squeezenet_state, path)
    with pytest.raises(WeightsError, match="belong to another backbone"):
        load_initial(backbones.build("resnet18"), str(path))


def test_a_missing_an_extra_and_a_misshapen_key_are_each_named(squeezenet_state, tmp_path):
    path = tmp_path / "weights.safetensors"
    first = "features.0.weight"

    def load(state) -> None:
        safetensors.torch.save_file(state, path)
        load_initial(backbones.build("squeezenet1_1"), str(path))

    with pytest.raises(WeightsError, match=f"lack '{first}'"):
        load({k: v for k, v in squeezenet_state.items() if k != first})
    with pytest.raises(WeightsError, match="extra key 'more'"):
        load(squeezenet_state | {"more": torch.ones(1)})
    with pytest.raises(WeightsError, match=r"is \(1,\), expected \(64, 3, 3, 3\)"):
        load(squeezenet_state | {first: torch.ones(1)})


def test_a_starting_point_can_be_checked_by_the_backbones_name(squeezenet_state, tmp_path):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file(squeezenet_state, path)
    check_initial("squeezenet1_1", str(path))
    check_initial("resnet18", "random")
    with pytest.raises(WeightsError, match="belong to another backbone"):
        check_initial("resnet18", str(path))


@pytest.mark.parametrize("init", ["imagenet21k", "/nowhere/weights.pth"])
def test_a_starting_point_that_does_not_exist_is_refused(init):
    with pytest.raises(WeightsError, match=re.escape(init)):
        identify(init)


def test_the_key_of_a_file_follows_its_content_and_not_its_name(tmp_path):
    for name, content in (("a.pth", b"one"), ("b.pth", b"one"), ("c.pth", b"two")):
        (tmp_path / name).write_bytes(content)
    a, b, c = (identify(str(tmp_path / name)) for name in ("a.pth", "b.pth", "c.pth"))
    assert a == b != c


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    safetensors.torch.save_file({"a": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(WeightsError, match="cannot be read"):
        load_initial(backbones.build("resnet18"), str(path))


def test_imagenet_weights_come_from_torchs_cache(squeezenet_state, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    cached.parent.mkdir(parents=True)
    torch.save(squeezenet_state, cached)
    backbone = backbones.build("squeezenet1_1")
    load_initial(backbone, "imagenet")
    assert torch.equal(squeezenet_state["features.0.weight"], backbone.features[0].weight)


def test_imagenet_weights_absent_and_unreachable_are_named_with_their_address(tmp_path, monkeypatch):
    """Offline is made by a proxy that does not exist."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"resnet18-f37072fd\.pth.*download\.pytorch\.org.*option init"):
        load_initial(backbones.build("resnet18"), "imagenet")


@pytest.mark.real
def test_the_published_squeezenet_weights_load(real_data):
    backbone = backbones.build("squeezenet1_1")
    load_initial(backbone, str(real_data / "weights" / "squeezenet1_1_imagenet.pth"))
    assert backbone.features[0].weight.std().item() > 0.1


def test_published_weights_are_refused_for_images_of_other_bands():
    with pytest.raises(WeightsError, match=r"ImageNet weights of resnet18 take red, green and blue.* 4 bands"):
        check_initial("resnet18", "imagenet", bands=4)


def test_a_file_of_other_bands_is_refused_and_one_of_these_is_loaded(tmp_path):
    path = tmp_path / "weights.safetensors"
    state = backbones.build("squeezenet1_1", 4).state_dict()
    safetensors.torch.save_file(state, path)
    with pytest.raises(WeightsError, match=r"features\.0\.weight' is \(64, 4, 3, 3\), expected \(64, 3, 3, 3\)"):
        load_initial(backbones.build("squeezenet1_1"), str(path))
    backbone = backbones.build("squeezenet1_1", 4)
    load_initial(backbone, str(path))
    assert torch.equal(state["features.0.weight"], backbone.features[0].weight)
