"""Weights as a folder that others load: timm from the folder or the hub, torchvision and OpenMMLab from a file."""

from pathlib import Path
from typing import Any

import safetensors.torch
import timm
import torch

from bench import backbones
from bench.backbones import benchmarks
from bench.backbones.export import export
from bench.backbones.weights import Weights
from bench.core import files

# Digits of a file's SHA-256 in its name, as many as torch reads there.
DIGITS = 8
# Libraries beside timm, which get a file of their own.
OTHERS = ("torchvision", "mmseg", "mmdet")


def write_files(weights: Weights, backbone: str, size: int, name: str, folder: Path) -> dict[str, str]:
    """Write the files of some weights.

    Args:
        weights: a backbone's.
        backbone: registered name.
        size: side of the images that it was pretrained on, pixels.
        name: of the files.
        folder: takes `model.safetensors` and `config.json`, which timm reads, and a file for each other library that has
            such a network, with the beginning of its SHA-256 in its name.

    Returns:
        Name of the file by library.

    Raises:
        WeightsError: timm has no such network.
    """
    named = benchmarks.in_timm(weights, backbone)
    bands = benchmarks.bands_of(named)
    benchmarks.check(named, lambda: timm.create_model(named.network, in_chans=bands, num_classes=0))
    files.write_bytes(folder / "model.safetensors", safetensors.torch.save(named.state))
    files.write_json(folder / "config.json", _config(named.network, bands, size, weights))
    found = {"timm": "model.safetensors"}
    for library in OTHERS:
        if library not in backbones.get(backbone).formats:
            continue
        path = export(weights, backbone, library, folder / f"{name}-{library}")
        digits = files.sha256(path)[:DIGITS]
        final = path.with_name(f"{path.stem}-{digits}{path.suffix}")
        path.rename(final)
        found[library] = final.name
    return found


def _config(network: str, bands: int, size: int, weights: Weights) -> dict[str, Any]:
    """`config.json` as timm's hub loading takes it."""
    with torch.device("meta"):
        model: Any = timm.create_model(network, in_chans=bands, num_classes=0)
    said = model.pretrained_cfg
    fixed = bool(said.get("fixed_input_size"))
    side = said["input_size"][-1] if fixed else size
    return {
        "architecture": network,
        "num_classes": 0,
        "num_features": model.num_features,
        **({} if bands == said["input_size"][0] else {"model_args": {"in_chans": bands}}),
        "pretrained_cfg": {
            "custom_load": False,
            "input_size": [bands, side, side],
            "fixed_input_size": fixed,
            "interpolation": "bilinear",
            "crop_pct": 1.0,
            "mean": list(weights.input.mean),
            "std": list(weights.input.std),
            "num_classes": 0,
            "first_conv": said.get("first_conv"),
            "classifier": said.get("classifier"),
        },
    }
