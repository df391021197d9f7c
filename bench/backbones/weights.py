"""Weights on disk: safetensors with a card beside them; nothing is ever unpickled."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from bench import backbones
from bench.backbones.normalisation import CARD, INPUT, Normalisation
from bench.backbones.pyramid import Backbone
from bench.core import files
from bench.core.documents import read_json
from bench.core.errors import WeightsError
from bench.core.keys import sealed

FILE = "backbone.safetensors"
SUM = "sha256"
"""The key of a card under which the hash of its weights stands; cards of before have none."""


@dataclass(frozen=True)
class Weights:
    """A backbone's weights, and the statistics of the input they were trained with."""

    state: dict[str, Tensor]
    input: Normalisation


def save(folder: Path, weights: dict[str, Tensor], card: dict[str, Any]) -> None:
    """Write weights and card into a new folder, whole or not at all."""
    plain = {name: value.detach().cpu().contiguous() for name, value in weights.items()}
    with files.new_folder(folder) as work:
        files.write_bytes(work / FILE, safetensors.torch.save(plain))
        files.write_json(work / CARD, sealed({**card, SUM: files.sha256(work / FILE)}))


def load(folder: Path) -> Weights:
    """Read weights, and from their card what their input is normalised with.

    Raises:
        WeightsError: the file or its card is absent or broken.
    """
    advice = f"delete {folder} and run again"
    card = read_json(folder / CARD, WeightsError, advice)
    try:
        found = (folder / FILE).stat()
        if card.get(SUM) not in {None, _sum(folder / FILE, found.st_mtime_ns, found.st_size)}:
            raise WeightsError(f"weights {folder} are not what was trained (their hash is another): {advice}")
        said = Normalisation.from_json(card[INPUT], str(folder / CARD))
        return Weights(safetensors.torch.load_file(folder / FILE), said)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise WeightsError(f"weights {folder} cannot be read{files.because(error, advice)}") from None


@lru_cache(maxsize=64)
def _sum(file: Path, mtime: int, size: int) -> str:
    """The hash of a file, taken once in a process while time of change and size are the same: many cells read one."""
    del mtime, size
    return files.sha256(file)


def load_into(backbone: Backbone, weights: dict[str, Tensor], source: str) -> None:
    """Load weights into a backbone; every key must be there and none besides.

    Raises:
        WeightsError: names the first missing, extra or misshapen key and where the weights come from.
    """
    _check(backbone, weights, source)
    backbone.load_state_dict(weights)


def restore(name: str, weights: dict[str, Tensor], source: str) -> Backbone:
    """Build a backbone around a copy of its weights, without drawing any at random first.

    The weights say how many bands it has.

    Raises:
        WeightsError: as `load_into`.
        StudyError: there is no backbone of this name.
    """
    backbone = backbones.outline(name)
    first = weights.get(backbone.first_weight)
    if first is not None and first.dim() == 4 and first.shape[1] != backbone.bands:
        backbone = backbones.outline(name, first.shape[1])
    _check(backbone, weights, source)
    if any(key not in weights for key, _ in backbone.named_buffers()):
        # What the constructor computes and no state_dict holds, such as timm's Swin's positions.
        with torch.random.fork_rng(devices=[]):
            backbone = backbones.build(name, backbone.bands)
    backbone.load_state_dict({key: value.clone() for key, value in weights.items()}, assign=True)
    return backbone


def _check(backbone: Backbone, weights: dict[str, Tensor], source: str) -> None:
    own = backbone.state_dict()
    missing = sorted(own.keys() - weights.keys())
    extra = sorted(weights.keys() - own.keys())
    if missing or extra:
        lacks = f"lack {missing[0]!r}" if missing else f"have the extra key {extra[0]!r}"
        raise WeightsError(f"weights of {source} {lacks}: they belong to another backbone")
    for name, value in weights.items():
        if value.shape != own[name].shape:
            raise WeightsError(
                f"weights of {source}: {name!r} is {tuple(value.shape)}, expected {tuple(own[name].shape)}"
            )
