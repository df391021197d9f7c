"""Weights as other benchmarks take them: the file, a model in their interface, and its configuration.

Torchgeo-bench (github.com/torchgeo/torchgeo-bench, 0.4) instantiates the `_target_` of a model's YAML file with the bands
of a data set, and asks for one vector an image. Pangaea (github.com/yurujaja/pangaea-bench) instantiates an encoder that
gives maps. Neither takes a file of weights for a network of timm, so each export has a module of its own beside it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import timm
import torch
import yaml
from torch import Tensor

from bench import backbones
from bench.backbones.weights import Weights
from bench.core import files
from bench.core.errors import WeightsError
from bench.core.registry import load

# Names in timm of networks of torchvision.
IN_TIMM = {"swin_t": "swin_tiny_patch4_window7_224"}
# Sentinel-2's names of the colours, by which Pangaea's data sets know their bands.
SENTINEL = {"red": "B4", "green": "B3", "blue": "B2"}
# Side of the images that Pangaea's decoders are configured for where the network takes any.
SIDE = 224

TORCHGEO_BENCH = '''"""A network of timm with the weights beside this file, for torchgeo-bench; put this folder on PYTHONPATH."""

from pathlib import Path

import timm
import torch
from safetensors.torch import load_file
from torchgeo_bench.models.interface import BenchModel


class Exported(BenchModel):
    """One vector an image. Under normalization=model_native images are fed as in pretraining."""

    expected_input_unit = "reflectance_0_1"

    def __init__(self, bands, *, model_name, mean, std, **options):
        if len(bands) != len(mean):
            raise ValueError(f"{model_name} was pretrained on {len(mean)} bands, the data set has {len(bands)}")
        self.pretrain_mean, self.pretrain_std = list(mean), list(std)
        super().__init__(bands=bands, **options)
        self.backbone = timm.create_model(model_name, in_chans=len(mean), num_classes=0)
        self.backbone.load_state_dict(load_file(Path(__file__).with_name("model.safetensors")))

    @torch.no_grad()
    def _forward_patch_features(self, images):
        return self.backbone(images)
'''

PANGAEA = '''"""The maps of a network of timm with the weights beside this file, for Pangaea; put this folder on PYTHONPATH."""

from pathlib import Path

import timm
import torch
from pangaea.encoders.base import Encoder


class Exported(Encoder):
    """Four maps, the finest first. Pangaea normalises images by its data set's own statistics."""

    def __init__(self, encoder_weights, input_bands, input_size, output_layers, output_dim, download_url, model_name):
        super().__init__(
            model_name=model_name,
            encoder_weights=encoder_weights,
            input_bands=input_bands,
            input_size=input_size,
            embed_dim=output_dim[-1],
            output_layers=output_layers,
            output_dim=output_dim,
            multi_temporal=False,
            multi_temporal_output=False,
            pyramid_output=True,
            download_url=download_url,
        )
        self.network = timm.create_model(
            model_name, features_only=True, in_chans=len(input_bands["optical"]), out_indices=output_layers
        )

    def load_encoder_weights(self, logger):
        path = Path(__file__).with_name(Path(self.encoder_weights).name)
        self.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))

    def forward(self, images):
        return list(self.network(images["optical"].squeeze(2)))
'''


@dataclass(frozen=True)
class Named:
    """Weights under timm's names.

    Attributes:
        network: name of the network in timm.
        state: its weights without those of a classifier.
        weights: as they were pretrained.
    """

    network: str
    state: dict[str, Tensor]
    weights: Weights


def to_torchgeo_bench(weights: Weights, backbone: str, name: str, out: Path) -> list[str]:
    """Write weights, model and configuration into a new folder; returns what to do with it, a line each.

    Args:
        weights: a backbone's.
        backbone: registered name.
        name: of the model in torchgeo-bench's results, and of the configuration's file.
        out: folder that must not be there.

    Raises:
        WeightsError: timm has no such network, or the folder is there.
    """
    named = in_timm(weights, backbone)
    check(named, lambda: timm.create_model(named.network, in_chans=bands_of(named), num_classes=0))
    said = weights.input
    config = {
        "_target_": "geokr_bench_model.Exported",
        "model_name": named.network,
        "mean": list(said.mean),
        "std": list(said.std),
        "name": name,
    }
    with _new(out) as work:
        files.write_bytes(work / "model.safetensors", safetensors.torch.save(named.state))
        files.write_text(work / "geokr_bench_model.py", TORCHGEO_BENCH)
        _write_config(work / f"{name}.yaml", config)
    return [
        f"copy {out / f'{name}.yaml'} into torchgeo_bench/conf/model/, then",
        f"PYTHONPATH={out.resolve()} torchgeo-bench run model={name} dataset.normalization=model_native",
    ]


def to_pangaea(weights: Weights, backbone: str, name: str, out: Path) -> list[str]:
    """As `to_torchgeo_bench`, for Pangaea: its own encoder of a ViT, else one of maps at four strides.

    Raises:
        WeightsError: as there; or the network is neither, or images have bands that Pangaea has no names for.
    """
    named = in_timm(weights, backbone)
    transformer = "pos_embed" in named.state and "blocks.0.attn.qkv.weight" in named.state
    optical = [SENTINEL.get(band, band) for band in weights.input.bands]
    config = _vit(named, backbone) if transformer else _pyramid(named, backbone)
    config |= {"encoder_weights": str(out.resolve() / "backbone.pth"), "download_url": None}
    config |= {"input_bands": {"optical": optical}}
    buffer = io.BytesIO()
    torch.save(named.state, buffer)
    with _new(out) as work:
        files.write_bytes(work / "backbone.pth", buffer.getvalue())
        if not transformer:
            files.write_text(work / "geokr_bench_encoder.py", PANGAEA)
        _write_config(work / f"{name}.yaml", config)
    return [
        f"copy {out / f'{name}.yaml'} into pangaea's configs/encoder/, then",
        f"PYTHONPATH={out.resolve()} torchrun pangaea/run.py --config-name=train encoder={name} ...",
    ]


def _vit(named: Named, backbone: str) -> dict[str, Any]:
    """Configuration of Pangaea's own `VIT_Encoder`, which takes the names of timm and three bands."""
    if bands_of(named) != 3:
        raise WeightsError(
            f"pangaea's ViT takes 3 bands, {backbone} has {bands_of(named)}: export a network of maps to it"
        )
    with torch.device("meta"):
        network: Any = timm.create_model(named.network)
    depth, side = len(network.blocks), network.patch_embed.img_size[0]
    return {
        "_target_": "pangaea.encoders.vit_encoder.VIT_Encoder",
        "embed_dim": network.embed_dim,
        "input_size": side,
        "patch_size": network.patch_embed.patch_size[0],
        "depth": depth,
        "num_heads": network.blocks[0].attn.num_heads,
        "mlp_ratio": 4,
        "output_layers": [depth // 4 - 1, depth // 2 - 1, 3 * depth // 4 - 1, depth - 1],
        "output_dim": network.embed_dim,
    }


def _pyramid(named: Named, backbone: str) -> dict[str, Any]:
    """Configuration of the encoder that is written beside the weights."""
    with torch.device("meta"):
        info: Any = timm.create_model(named.network, features_only=True).feature_info
    layers = list(info.out_indices)[-len(backbones.get(backbone).channels) :]
    check(
        named,
        lambda: timm.create_model(named.network, features_only=True, in_chans=bands_of(named), out_indices=layers),
    )
    return {
        "_target_": "geokr_bench_encoder.Exported",
        "model_name": named.network,
        "input_size": SIDE,
        "output_layers": layers,
        "output_dim": list(backbones.get(backbone).channels),
    }


def in_timm(weights: Weights, backbone: str) -> Named:
    """Weights under the names of timm.

    Raises:
        WeightsError: timm has no such network.
    """
    formats = backbones.get(backbone).formats
    if "timm" not in formats:
        raise WeightsError(
            f"timm has no network that fits {backbone}, and other benchmarks take timm's: export it otherwise"
        )
    rename = formats["timm"]
    state = load(rename)(weights.state) if rename else weights.state
    network = IN_TIMM.get(backbone, backbone.removeprefix("timm:"))
    return Named(network, {name: value.contiguous() for name, value in state.items()}, weights)


def check(named: Named, make: Callable[[], torch.nn.Module]) -> None:
    """Refuse weights that the network would not take whole."""
    with torch.device("meta"):
        theirs = make().state_dict()
    unlike = sorted(theirs.keys() ^ named.state.keys())
    if unlike:
        raise WeightsError(
            f"timm's {named.network} has other weights than the backbone ({unlike[0]!r} and {len(unlike) - 1} more): it "
            "cannot be handed on so"
        )


def bands_of(named: Named) -> int:
    """Bands of the images that they take."""
    return len(named.weights.input.mean)


def _write_config(path: Path, config: dict[str, Any]) -> None:
    files.write_text(path, yaml.safe_dump(config, sort_keys=False))


def _new(out: Path) -> Any:
    if out.exists():
        raise WeightsError(f"{out} is there already: choose another --out")
    return files.new_folder(out)
