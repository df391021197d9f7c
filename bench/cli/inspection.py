"""What `bench weights inspect` says of a checkpoint."""

import math
from collections.abc import Iterator
from pathlib import Path

from bench import backbones
from bench.backbones.foreign.checkpoint import Checkpoint, open_checkpoint
from bench.backbones.foreign.fitting import Fit, fit
from bench.backbones.foreign.loading import grouped
from bench.backbones.foreign.places import find_places
from bench.backbones.foreign.positions import prefix_tokens
from bench.backbones.foreign.tensors import shape_of
from bench.backbones.normalisation import normalisation_of
from bench.backbones.sources import sha256_of
from bench.core.errors import WeightsError

# State dicts that are listed, the largest first; an optimiser's state has one for each weight.
SHOWN = 8


def describe(file: Path, backbone: str | None, under: str | None) -> Iterator[str]:
    """Lines on a checkpoint's form, its tensors, and how it fits.

    Args:
        file: of any form that `open_checkpoint` reads.
        backbone: registered name; None for all that are built in.
        under: as in `fitting.fit`.

    Raises:
        WeightsError: the file cannot be read, or the backbone cannot take it.
    """
    checkpoint = open_checkpoint(file)
    yield f"{file}: {checkpoint.form}, {file.stat().st_size / 2**20:.1f} MiB, {sha256_of(file)}"
    if checkpoint.inert:
        yield f"made inert, never imported: {', '.join(checkpoint.inert)}"
    places = find_places(checkpoint.content)
    sized = sorted(
        ((sum(math.prod(shape_of(each)) for each in place.tensors.values()), place) for place in places),
        key=lambda each: -each[0],
    )
    for values, place in sized[:SHOWN]:
        yield f"  {place.path or 'the top'}: {len(place.tensors)} tensors, {values:,} values: {grouped(list(place.tensors), '')}"
    if len(sized) > SHOWN:
        yield f"  and {len(sized) - SHOWN} smaller places"
    if backbone is not None:
        yield from _fitted(checkpoint, backbone, under)
        return
    fitting = [name for name in backbones.registry.all() if _takes(checkpoint, name, under)]
    yield f"fits: {', '.join(fitting) or 'none of the built-in backbones; name another by --backbone'}"


def _fitted(checkpoint: Checkpoint, name: str, under: str | None) -> Iterator[str]:
    network = backbones.outline(name)
    found: Fit = fit(checkpoint, network, under)
    channels = shape_of(found.tensors[found.taken[network.first_weight]])[1]
    yield f"fits {name}: {found.share:.1%} of its parameters from {found.where}"
    yield f"  taken: {len(found.taken)} tensors"
    yield f"  left over: {grouped(found.left, found.prefix)}"
    yield f"  missing: {', '.join(found.missing) or 'nothing'}"
    if found.also:
        yield f"  fits as well: {', '.join(found.also)} (write `under` to take another)"
    yield f"  first layer: {channels} channels" + (
        "" if channels == network.bands else "; state `bands` and `channels` for images of others"
    )
    own = network.state_dict()
    for weight, theirs in found.taken.items():
        yield from _grid(weight, tuple(own[weight].shape), shape_of(found.tensors[theirs]))
    said = normalisation_of(str(checkpoint.path))
    yield f"  input: mean {list(said.mean)}, std {list(said.std)} ({said.source})"


def _grid(name: str, own: tuple[int, ...], theirs: tuple[int, ...]) -> Iterator[str]:
    if own != theirs and prefix_tokens(name, own, theirs) is not None:
        yield f"  {name}: {theirs[1]} tokens, interpolated to {own[1]}"


def _takes(checkpoint: Checkpoint, name: str, under: str | None) -> bool:
    try:
        fit(checkpoint, backbones.outline(name), under)
    except WeightsError as error:
        return "networks that fit" in str(error)
    return True
