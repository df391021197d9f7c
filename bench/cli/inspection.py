"""What `bench weights inspect` says of a checkpoint."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def inspected(file: Path, backbone: str | None, under: str | None) -> dict[str, Any]:
    """What a checkpoint's form is, its tensors, and how it fits, as plain values.

    Args:
        file: of any form that `open_checkpoint` reads.
        backbone: registered name; None for all that are built in.
        under: as in `fitting.fit`.

    Raises:
        WeightsError: the file cannot be read, or the backbone cannot take it.
    """
    checkpoint = open_checkpoint(file)
    places = [
        {
            "place": place.path,
            "tensors": len(place.tensors),
            "values": sum(math.prod(shape_of(each)) for each in place.tensors.values()),
            "names": grouped(list(place.tensors), ""),
        }
        for place in find_places(checkpoint.content)
    ]
    found = {
        "file": str(file),
        "form": checkpoint.form,
        "bytes": file.stat().st_size,
        "hash": sha256_of(file),
        "inert": list(checkpoint.inert),
        "places": sorted(places, key=lambda each: -int(str(each["values"]))),
    }
    if backbone is not None:
        return found | {"fit": _fitted(checkpoint, backbone, under)}
    return found | {"fits": [name for name in backbones.registry.all() if _takes(checkpoint, name, under)]}


def _fitted(checkpoint: Checkpoint, name: str, under: str | None) -> dict[str, Any]:
    network = backbones.outline(name)
    found: Fit = fit(checkpoint, network, under)
    own, said = network.state_dict(), normalisation_of(str(checkpoint.path))
    grids = {
        weight: _tokens(weight, tuple(own[weight].shape), shape_of(found.tensors[theirs]))
        for weight, theirs in found.taken.items()
    }
    return {
        "backbone": name,
        "share": found.share,
        "from": str(found.where),
        "taken": len(found.taken),
        "left_over": grouped(found.left, found.prefix),
        "missing": list(found.missing),
        "fits_as_well": list(map(str, found.also)),
        "channels": shape_of(found.tensors[found.taken[network.first_weight]])[1],
        "bands": network.bands,
        "interpolated": {weight: tokens for weight, tokens in grids.items() if tokens},
        "input": {"mean": list(said.mean), "std": list(said.std), "source": said.source},
    }


def _tokens(name: str, own: tuple[int, ...], theirs: tuple[int, ...]) -> list[int]:
    """Tokens of the file and of the network, where they are interpolated; empty elsewhere."""
    return [theirs[1], own[1]] if own != theirs and prefix_tokens(name, own, theirs) is not None else []


def lines(found: dict[str, Any]) -> Iterator[str]:
    """What `inspected` found, in lines for a reader."""
    yield f"{found['file']}: {found['form']}, {found['bytes'] / 2**20:.1f} MiB, {found['hash']}"
    if found["inert"]:
        yield f"made inert, never imported: {', '.join(found['inert'])}"
    for place in found["places"][:SHOWN]:
        where, names = place["place"] or "the top", place["names"]
        yield f"  {where}: {place['tensors']} tensors, {place['values']:,} values: {names}"
    if len(found["places"]) > SHOWN:
        yield f"  and {len(found['places']) - SHOWN} smaller places"
    if "fits" in found:
        yield f"fits: {', '.join(found['fits']) or 'none of the built-in backbones; name another by --backbone'}"
        return
    fit = found["fit"]
    yield f"fits {fit['backbone']}: {fit['share']:.1%} of its parameters from {fit['from']}"
    yield f"  taken: {fit['taken']} tensors"
    yield f"  left over: {fit['left_over']}"
    yield f"  missing: {', '.join(fit['missing']) or 'nothing'}"
    if fit["fits_as_well"]:
        yield f"  fits as well: {', '.join(fit['fits_as_well'])} (write `under` to take another)"
    others = "" if fit["channels"] == fit["bands"] else "; state `bands` and `channels` for images of others"
    yield f"  first layer: {fit['channels']} channels{others}"
    for weight, (theirs, own) in fit["interpolated"].items():
        yield f"  {weight}: {theirs} tokens, interpolated to {own}"
    yield f"  input: mean {fit['input']['mean']}, std {fit['input']['std']} ({fit['input']['source']})"


def _takes(checkpoint: Checkpoint, name: str, under: str | None) -> bool:
    try:
        fit(checkpoint, backbones.outline(name), under)
    except WeightsError as error:
        return "networks that fit" in str(error)
    return True
