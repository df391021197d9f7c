"""A checkpoint of others put into a backbone, with a report of what was taken."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bench import backbones
from bench.backbones.foreign.checkpoint import open_checkpoint
from bench.backbones.foreign.first_layer import Rule, adapt
from bench.backbones.foreign.fitting import Fit, fit
from bench.backbones.foreign.limits import BrokenPickleError
from bench.backbones.foreign.positions import resample
from bench.backbones.foreign.tensors import read
from bench.backbones.pyramid import Backbone
from bench.core.bands import Bands
from bench.core.errors import WeightsError

SHOWN = 3


@dataclass(frozen=True)
class Source:
    """Which weights of which file, and how its first layer meets the images' bands.

    Attributes:
        path: of the file.
        under: keys that must stand before the weights' names; None to find them.
        channels: names of the channels that its first layer takes, in order; None where they are not said.
        bands: the channel for each band of the images, or `mean`; None where they are the same.
    """

    path: Path
    under: str | None = None
    channels: Sequence[str] | None = None
    bands: Rule | None = None


def load_foreign(backbone: Backbone, source: Source, images: Bands) -> Fit:
    """Load a checkpoint into a backbone; what the file lacks stays as initialised.

    Args:
        backbone: as built; for images of these bands.
        source: the file and its rules.
        images: bands that the backbone sees.

    Raises:
        WeightsError: the file cannot be read, does not fit, needs a rule for its bands, or holds values that are not
            finite.
    """
    checkpoint = open_checkpoint(source.path)
    found = fit(checkpoint, backbone, source.under)
    own: dict[str, Tensor] = backbone.state_dict()
    taken = {name: _read(found, theirs, source.path) for name, theirs in found.taken.items()}
    first = backbone.first_weight
    taken[first] = adapt(taken[first], images, source.channels, source.bands, f"weights file {source.path}")
    for name, value in taken.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsError(f"weights file {source.path}: {found.taken[name]} holds values that are not finite")
    fitted = {name: resample(name, value, tuple(own[name].shape)).to(own[name].dtype) for name, value in taken.items()}
    backbone.load_state_dict(own | fitted)
    return found


def fit_foreign(name: str, source: Source, images: Bands) -> Fit:
    """Whether a backbone of this name can take a checkpoint, and what it would take: names and shapes alone are read.

    Raises:
        WeightsError: as `load_foreign`, but for values.
    """
    checkpoint = open_checkpoint(source.path)
    backbone = backbones.outline(name, len(images))
    found = fit(checkpoint, backbone, source.under)
    shape = tuple(found.tensors[found.taken[backbone.first_weight]].shape)
    adapt(torch.empty(shape, device="meta"), images, source.channels, source.bands, f"weights file {source.path}")
    return found


def warnings_of(found: Fit, backbone: str) -> dict[str, str]:
    """`partly-loaded` where the file lacks something of the backbone."""
    if found.whole:
        return {}
    names = ", ".join(found.missing[:SHOWN]) + (
        f" and {len(found.missing) - SHOWN} more" if len(found.missing) > SHOWN else ""
    )
    return {
        "partly-loaded": f"the file has {found.share:.1%} of {backbone}'s parameters; {names} stay as initialised: check "
        "that it is the same network"
    }


def grouped(names: Sequence[str], prefix: str) -> str:
    """Names by their first part below a prefix, each with a count: `fc (2), queue (1)`."""
    parts = Counter(name.removeprefix(prefix).partition(".")[0] for name in names)
    return ", ".join(f"{part} ({count})" for part, count in parts.items()) or "nothing"


def _read(found: Fit, theirs: str, path: Path) -> Tensor:
    try:
        return read(found.tensors[theirs])
    except (BrokenPickleError, RuntimeError) as error:
        raise WeightsError(f"weights file {path}: {theirs} cannot be read ({error}): fetch or save it again") from None
