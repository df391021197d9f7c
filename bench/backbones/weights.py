"""Weights on disk: safetensors with a card beside them; nothing is ever unpickled."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from bench import backbones
from bench.backbones.normalisation import CARD, INPUT, Normalisation
from bench.backbones.pyramid import Backbone
from bench.core import files
from bench.core.errors import WeightsError

FILE = "backbone.safetensors"


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
        files.write_json(work / CARD, card)


def load(folder: Path) -> Weights:
    """Read weights, and from their card what their input is normalised with.

    Raises:
        WeightsError: the file or its card is absent or broken.
    """
    try:
        said = json.loads((folder / CARD).read_text())[INPUT]
        (folder / FILE).open("rb").close()  # safetensors calls whatever keeps a file from opening "no such file"
        return Weights(safetensors.torch.load_file(folder / FILE), Normalisation.from_json(said, str(folder / CARD)))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        why = files.because(error, f"delete {folder} and run again")
        raise WeightsError(f"weights {folder} cannot be read{why}") from None


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
