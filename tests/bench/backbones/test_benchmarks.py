"""Weights that are handed on to other benchmarks load there whole, and give what the backbone gives."""

import importlib.util
import sys
from types import ModuleType

import pytest
import timm
import torch
import yaml
from safetensors.torch import load_file
from torch import nn

from bench import backbones
from bench.backbones.benchmarks import to_pangaea, to_torchgeo_bench
from bench.backbones.normalisation import IMAGENET, Normalisation
from bench.backbones.weights import Weights
from bench.core.errors import WeightsError

IMAGES = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))


def drawn(name, bands=3):
    torch.manual_seed(4)
    backbone = backbones.build(name, bands).eval()
    used = IMAGENET if bands == 3 else Normalisation((0.1,) * bands, (0.2,) * bands)
    return backbone, Weights(dict(backbone.state_dict()), used)


@pytest.mark.parametrize("name", ["timm:test_resnet", "resnet18"])
def test_torchgeo_bench_gets_a_network_that_gives_the_same_features(name, tmp_path):
    backbone, kept = drawn(name)
    said = to_torchgeo_bench(kept, name, "mine", tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "mine.yaml").read_text())
    assert ("geokr_bench_model.Exported", list(IMAGENET.mean)) == (config["_target_"], config["mean"])
    network = timm.create_model(config["model_name"], in_chans=3, num_classes=0).eval()
    network.load_state_dict(load_file(tmp_path / "out" / "model.safetensors"))
    with torch.no_grad():
        assert torch.allclose(backbone(IMAGES)[-1].mean(dim=(2, 3)), network(IMAGES), atol=1e-5)
    compile((tmp_path / "out" / "geokr_bench_model.py").read_text(), "model", "exec")
    assert "torchgeo-bench run model=mine" in said[1]


@pytest.fixture
def encoder_base():
    """What Pangaea's base class keeps, without its downloads; the package itself is not on the index."""

    class Encoder(nn.Module):
        def __init__(self, **facts):
            super().__init__()
            self.facts, self.encoder_weights = facts, facts["encoder_weights"]

    names = ("pangaea", "pangaea.encoders", "pangaea.encoders.base")
    for name in names:
        sys.modules[name] = ModuleType(name)
    sys.modules[names[-1]].Encoder = Encoder
    yield
    for name in names:
        del sys.modules[name]


@pytest.mark.usefixtures("encoder_base")
def test_pangaea_gets_an_encoder_that_gives_the_same_maps(tmp_path):
    backbone, kept = drawn("timm:test_resnet")
    to_pangaea(kept, "timm:test_resnet", "mine", tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "mine.yaml").read_text())
    assert {"optical": ["B4", "B3", "B2"]} == config["input_bands"]
    spec = importlib.util.spec_from_file_location("geokr_bench_encoder", tmp_path / "out" / "geokr_bench_encoder.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "geokr_bench_encoder.Exported" == config.pop("_target_")
    encoder = module.Exported(**config).eval()
    encoder.load_encoder_weights(None)
    with torch.no_grad():
        maps = encoder({"optical": IMAGES[:, :, None]})
        expected = backbone(IMAGES)
    assert all(torch.allclose(one, other, atol=1e-5) for one, other in zip(expected, maps, strict=True))
    assert encoder.facts["pyramid_output"]


def test_pangaeas_own_vit_finds_all_of_its_weights(tmp_path):
    _, kept = drawn("timm:test_vit")
    to_pangaea(kept, "timm:test_vit", "mine", tmp_path / "out")
    config = yaml.safe_load((tmp_path / "out" / "mine.yaml").read_text())
    assert "pangaea.encoders.vit_encoder.VIT_Encoder" == config["_target_"]
    state = torch.load(tmp_path / "out" / "backbone.pth", weights_only=True)
    grid = config["input_size"] // config["patch_size"]
    assert (1, grid**2 + 1, config["embed_dim"]) == state["pos_embed"].shape
    blocks = {name.split(".")[1] for name in state if name.startswith("blocks.")}
    assert config["depth"] == len(blocks)
    assert {"cls_token", "patch_embed.proj.weight", "norm.weight"} <= state.keys()


@pytest.mark.parametrize(
    ("name", "bands", "hand_on", "message"),
    [
        ("squeezenet1_1", 3, to_torchgeo_bench, "timm has no network that fits squeezenet1_1"),
        ("timm:test_vit", 4, to_pangaea, "takes 3 bands, timm:test_vit has 4"),
    ],
)
def test_what_a_benchmark_cannot_take_is_refused(name, bands, hand_on, message, tmp_path):
    with pytest.raises(WeightsError, match=message):
        hand_on(drawn(name, bands)[1], name, "mine", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    with pytest.raises(WeightsError, match="is there already"):
        to_torchgeo_bench(drawn("timm:test_resnet")[1], "timm:test_resnet", "mine", tmp_path)
