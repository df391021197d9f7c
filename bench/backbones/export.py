"""Weights in the names and files that other libraries load."""

import io
import json
import re
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from bench import backbones
from bench.backbones.normalisation import INPUT
from bench.backbones.weights import Weights
from bench.core import files
from bench.core.errors import WeightsError
from bench.core.registry import load

State = dict[str, Tensor]

# Names inside a block of torchvision's Swin, and inside timm's and OpenMMLab's.
TIMM_BLOCK = {"mlp.0": "mlp.fc1", "mlp.3": "mlp.fc2"}
OPENMMLAB_BLOCK = {"attn": "attn.w_msa", "mlp.0": "ffn.layers.0.0", "mlp.3": "ffn.layers.1"}
# The four pixels that a patch merging joins, (row, column): torchvision (0, 0), (1, 0), (0, 1), (1, 1), OpenMMLab row by
# row. This is where each of OpenMMLab's four stands in torchvision's order.
ROW_BY_ROW = (0, 2, 1, 3)


def swin_to_timm(state: State) -> State:
    """Swin-T: torchvision counts stages and mergings in one list, timm keeps a merging in the stage that follows it."""
    renamed = {}
    for name, value in state.items():
        if name.endswith("relative_position_index"):
            continue  # timm computes it
        new = re.sub(r"^features\.0\.0\.", "patch_embed.proj.", name)
        new = re.sub(r"^features\.0\.2\.", "patch_embed.norm.", new)
        new = re.sub(r"^features\.([246])\.", lambda m: f"layers.{int(m[1]) // 2}.downsample.", new)
        renamed[_block(new, "layers", TIMM_BLOCK)] = value
    return renamed


def swin_to_openmmlab(state: State) -> State:
    """Swin-T: a merging belongs to the stage before it and orders its input otherwise; every stage ends in a norm.

    Torchvision has only the last stage's norm. The other three are written as OpenMMLab starts them, weight 1 and bias 0.
    MMDetection's Swin takes only names that begin with `backbone.`, MMSegmentation's strips that.
    """
    renamed = {}
    for name, value in state.items():
        new = re.sub(r"^features\.0\.0\.", "patch_embed.projection.", name)
        new = re.sub(r"^features\.0\.2\.", "patch_embed.norm.", new)
        new = re.sub(r"^norm\.", "norm3.", new)
        merging = re.match(r"features\.([246])\.", name)
        if merging:
            new = name.replace(merging[0], f"stages.{int(merging[1]) // 2 - 1}.downsample.")
            value = _row_by_row(value)  # noqa: PLW2901 - the same weights in another order
        elif name.endswith("relative_position_index"):
            value = value.view(round(len(value) ** 0.5), -1)  # noqa: PLW2901
        renamed[_block(new, "stages", OPENMMLAB_BLOCK)] = value
    for stage in range(3):
        width = renamed[f"stages.{stage}.blocks.0.norm1.weight"]
        renamed |= {f"norm{stage}.weight": torch.ones_like(width), f"norm{stage}.bias": torch.zeros_like(width)}
    return {f"backbone.{name}": value for name, value in renamed.items()}


def _block(name: str, stages: str, parts: dict[str, str]) -> str:
    """The name of a Swin block's weight in a library that counts stages and blocks apart; other names stay."""
    found = re.match(r"features\.([1357])\.(\d+)\.", name)
    if not found:
        return name
    name = name.replace(found[0], f"{stages}.{int(found[1]) // 2}.blocks.{found[2]}.")
    for torchvisions, theirs in parts.items():
        name = name.replace(f".{torchvisions}.", f".{theirs}.")
    return name


def _row_by_row(value: Tensor) -> Tensor:
    """Reorder the input of a patch merging, the last axis: from pixel by pixel to channel by channel, row by row."""
    pixels = value.reshape(*value.shape[:-1], 4, -1)[..., ROW_BY_ROW, :]
    return pixels.transpose(-1, -2).reshape(value.shape)


def export(weights: Weights, backbone: str, form: str, out: Path) -> Path:
    """Write weights for another library.

    Args:
        weights: a backbone's weights; their input statistics go into the file, in the header of a
            `.safetensors` and in the `meta` of a `.pth`, as `input`.
        backbone: registered name.
        form: a library, one of the formats of the backbone's spec.
        out: file without ending: `.safetensors` is added for torchvision and timm, `.pth` with a `state_dict` inside
            for OpenMMLab, whose `init_cfg=dict(type="Pretrained", checkpoint=...)` reads no other.

    Returns:
        The file.

    Raises:
        WeightsError: the library has no such network.
    """
    formats = backbones.get(backbone).formats
    if form not in formats:
        raise WeightsError(f"{form} has no network that fits {backbone}: choose --format {', '.join(formats)}")
    state = load(formats[form])(weights.state) if formats[form] else weights.state
    renamed = {name: value.contiguous() for name, value in state.items()}
    said = weights.input.to_json()
    if form in ("torchvision", "timm"):
        path = out.with_name(out.name + ".safetensors")
        files.write_bytes(path, safetensors.torch.save(renamed, {INPUT: json.dumps(said)}))
        return path
    path = out.with_name(out.name + ".pth")
    buffer = io.BytesIO()
    torch.save({"state_dict": renamed, "meta": {INPUT: said}}, buffer)
    files.write_bytes(path, buffer.getvalue())
    return path
