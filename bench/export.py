"""Weights in the names and files that other libraries load."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from bench import files
from bench.errors import WeightsError

State = dict[str, Tensor]

RESNETS = ("resnet18", "resnet50")
# Names inside a block of torchvision's Swin and inside timm's.
SWIN_BLOCK = {"mlp.0": "mlp.fc1", "mlp.3": "mlp.fc2"}


def _same(state: State) -> State:
    return state


def _swin_to_timm(state: State) -> State:
    """Swin-T: torchvision counts stages and mergings in one list, timm keeps a merging in the stage that follows it."""
    renamed = {}
    for name, value in state.items():
        if name.endswith("relative_position_index"):
            continue  # timm computes it
        new = re.sub(r"^features\.0\.0\.", "patch_embed.proj.", name)
        new = re.sub(r"^features\.0\.2\.", "patch_embed.norm.", new)
        new = re.sub(r"^features\.([246])\.", lambda m: f"layers.{int(m[1]) // 2}.downsample.", new)
        new = re.sub(r"^features\.([1357])\.(\d+)\.", lambda m: f"layers.{int(m[1]) // 2}.blocks.{m[2]}.", new)
        for theirs, timms in SWIN_BLOCK.items():
            new = new.replace(f".{theirs}.", f".{timms}.")
        renamed[new] = value
    return renamed


# format -> backbone -> how the names change. timm's ResNet and OpenMMLab's plain `ResNet` and mmcv's `VGG` keep
# torchvision's names; SqueezeNet exists in neither, and OpenMMLab's Swin orders its mergings otherwise.
FORMATS: dict[str, dict[str, Callable[[State], State]]] = {
    "torchvision": dict.fromkeys((*RESNETS, "vgg16", "squeezenet1_1", "swin_t"), _same),
    "timm": {**dict.fromkeys(RESNETS, _same), "swin_t": _swin_to_timm},
    "mmseg": dict.fromkeys(RESNETS, _same),
    "mmdet": dict.fromkeys(RESNETS, _same),
}


def export(state: State, backbone: str, form: str, out: Path) -> Path:
    """Write weights for another library.

    Args:
        state: a backbone's weights in torchvision's names.
        backbone: registered name.
        form: a key of `FORMATS`.
        out: file without ending: `.safetensors` is added for torchvision and timm, `.pth` with a `state_dict` inside
            for OpenMMLab, whose `init_cfg=dict(type="Pretrained", checkpoint=...)` reads no other.

    Returns:
        The file.

    Raises:
        WeightsError: the library has no such network.
    """
    if backbone not in FORMATS[form]:
        able = ", ".join(name for name, known in FORMATS.items() if backbone in known)
        raise WeightsError(f"{form} has no network that fits {backbone}: choose --format {able}")
    renamed = {name: value.contiguous() for name, value in FORMATS[form][backbone](state).items()}
    if form in ("torchvision", "timm"):
        path = out.with_name(out.name + ".safetensors")
        files.write_bytes(path, safetensors.torch.save(renamed))
        return path
    path = out.with_name(out.name + ".pth")
    buffer = io.BytesIO()
    torch.save({"state_dict": renamed}, buffer)
    files.write_bytes(path, buffer.getvalue())
    return path
