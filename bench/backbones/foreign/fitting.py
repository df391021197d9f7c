"""Which tensors of a checkpoint are a backbone's: by names and shapes, whatever stands before the names."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from bench.backbones.foreign.checkpoint import Checkpoint
from bench.backbones.foreign.namings import COUNTER, Naming, Shape, by_parts, namings
from bench.backbones.foreign.places import Place, find_places
from bench.backbones.foreign.positions import prefix_tokens
from bench.backbones.foreign.tensors import Stored, shape_of
from bench.backbones.pyramid import Backbone
from bench.core.errors import WeightsError
from bench.core.suggest import among, nearest

# Share of the backbone's parameters below which a checkpoint is of another network.
LEAST = 0.95
# Of two networks of one training that fit alike, the one that its authors hand on, and its twin: MoCo's main_lincls.py
# takes encoder_q, DINO's eval_linear.py the teacher, BYOL its online network, timm's load_checkpoint the average.
HANDED_ON = (
    ("teacher", "student"),
    ("encoder_q", "encoder_k"),
    ("query_encoder", "key_encoder"),
    ("online_encoder", "target_encoder"),
    ("online_network", "target_network"),
    ("online_net", "target_net"),
    ("backbone", "backbone_momentum"),
    ("model_ema", "model"),
    ("state_dict_ema", "state_dict"),
)
STATISTICS = ("running_mean", "running_var", COUNTER)
SHOWN = 3


@dataclass(frozen=True)
class Fit:
    """How a checkpoint fits a backbone.

    Attributes:
        place: the keys that lead to the state dict, joined by dots; empty at the top of the file.
        prefix: of its names, with the dot at its end; empty where there is none.
        taken: by the backbone's name of a tensor, the file's.
        left: names in the same state dict that the backbone has no use for: heads, projectors, other networks.
        missing: names of the backbone that the file lacks, counters of batch norm apart.
        share: of the backbone's parameters, by number of values, that the file has.
        also: other places that fit as well.
        tensors: of the place.
    """

    place: str
    prefix: str
    taken: Mapping[str, str]
    left: tuple[str, ...]
    missing: tuple[str, ...]
    share: float
    also: tuple[str, ...]
    tensors: Mapping[str, Stored]

    @property
    def where(self) -> str:
        """Place and prefix in words, as `under` takes them."""
        return location(self.place, self.prefix) or "the top"

    @property
    def whole(self) -> bool:
        """Whether nothing that learns or is measured in training is missing."""
        return not self.missing


def location(place: str, prefix: str) -> str:
    """Place and prefix of a state dict's names as one text."""
    return ".".join(part for part in (place, prefix.removesuffix(".")) if part)


def fit(checkpoint: Checkpoint, backbone: Backbone, under: str | None = None) -> Fit:
    """Find a backbone's weights in a checkpoint.

    Args:
        checkpoint: any.
        backbone: on any device; its values are not looked at. The bands of its first layer may differ.
        under: keys, joined by dots, that must stand before the weights' names, such as `student`.

    Raises:
        WeightsError: less than `LEAST` of its parameters are there, or two networks fit alike and none is the one that is
            handed on.
    """
    own = _Own.of(backbone)
    found = [each for place in find_places(checkpoint.content) for each in _fits(place, own)]
    if under is not None:
        asked = [each for each in found if _stands(under, location(each.place, each.prefix))]
        if not asked:
            raise WeightsError(
                f"weights file {checkpoint.path}: nothing stands under {under!r}{among(under, _locations(found))}"
            )
        found = asked
    best = max(found, key=lambda each: each.share, default=None)
    if best is None or best.share < LEAST or own.first not in best.taken:
        raise WeightsError(_refusal(checkpoint, backbone, own, best))
    return _choose([each for each in found if each.share == best.share], checkpoint.path)


@dataclass(frozen=True)
class _Own:
    """Names, shapes and namings of a backbone's weights.

    Attributes:
        shapes: of all.
        learnt: values of each parameter, by name.
        first: name of the first layer's weight.
        namings: of `namings.namings`.
    """

    shapes: dict[str, Shape]
    learnt: dict[str, int]
    first: str
    namings: tuple[Naming, ...]

    @classmethod
    def of(cls, backbone: Backbone) -> "_Own":
        state: dict[str, Tensor] = backbone.state_dict()
        learnt = {
            name: value.numel()
            for name, value in state.items()
            if value.is_floating_point() and not name.endswith(STATISTICS)
        }
        shapes = {name: tuple(value.shape) for name, value in state.items()}
        return cls(shapes, learnt, backbone.first_weight, tuple(namings(backbone.spec, state)))

    def fits(self, name: str, shape: Shape) -> bool:
        """Whether a tensor of this shape can be the backbone's `name`; bands of the first layer and grids may differ."""
        if prefix_tokens(name, self.shapes[name], shape) is not None:
            return True
        return self.without_bands(name, shape) == self.without_bands(name, self.shapes[name])

    def without_bands(self, name: str, shape: Shape) -> Shape:
        """The shape, of the first layer without its bands."""
        return (shape[0], *shape[2:]) if name == self.first and len(shape) == 4 else shape


def _fits(place: Place, own: _Own) -> Iterator[Fit]:
    """How the tensors of a place fit, for each prefix that comes before any of the backbone's names."""
    shapes = {name: shape_of(value) for name, value in place.tensors.items()}
    found: dict[str, Naming] = {}
    for naming in own.namings:
        taken: dict[str, Naming] = defaultdict(dict)
        for name, shape in shapes.items():
            for prefix, rest in _cuts(name):
                if rest in naming and own.fits(naming[rest], shape):
                    taken[prefix][naming[rest]] = name
        for prefix, each in taken.items():
            if _values(each, own) > _values(found.get(prefix, {}), own):
                found[prefix] = each
    if not any(_values(each, own) >= LEAST * sum(own.learnt.values()) for each in found.values()):
        found |= _paired(shapes, own)
    for prefix, each in found.items():
        share = _values(each, own) / sum(own.learnt.values())
        used = set(each.values())
        missing = (name for name in own.shapes if name not in each and not name.endswith(COUNTER))
        yield Fit(
            place.path,
            prefix,
            each,
            tuple(name for name in shapes if name not in used and name.startswith(prefix)),
            tuple(name for name in missing if name in own.learnt or name.endswith(STATISTICS)),
            share,
            (),
            place.tensors,
        )


def _paired(shapes: Mapping[str, Shape], own: _Own) -> dict[str, Naming]:
    """Fits by parts (`namings.by_parts`) below each prefix of many names, where they say more than half."""
    prefixes = {prefix for name in shapes for prefix, _ in _cuts(name)}
    ours = {name: own.without_bands(name, shape) for name, shape in own.shapes.items()}
    found: dict[str, Naming] = {}
    for prefix in sorted(prefixes, key=len):
        below = {name.removeprefix(prefix): shape for name, shape in shapes.items() if name.startswith(prefix)}
        if 2 * len(below) < len(ours):
            continue
        first = next((name for name, shape in below.items() if len(shape) == 4), "")
        theirs = {n: (s[0], *s[2:]) if n == first else s for n, s in below.items()}
        pairs = by_parts(ours, theirs)
        taken = {name: prefix + rest for rest, name in pairs.items() if rest in below}
        if 2 * _values(taken, own) > sum(own.learnt.values()):
            found[prefix] = taken
    return found


def _cuts(name: str) -> Iterator[tuple[str, str]]:
    """A name cut into prefix and rest at each of its dots, the whole name first."""
    yield "", name
    for at, letter in enumerate(name):
        if letter == ".":
            yield name[: at + 1], name[at + 1 :]


def _values(taken: Mapping[str, str], own: _Own) -> int:
    return sum(own.learnt.get(name, 0) for name in taken)


def _choose(alike: list[Fit], path: Path) -> Fit:
    """Of places that fit as well, the one that is handed on, or the only one that is not another's copy."""
    rest = list(alike)
    for kept, twin in HANDED_ON:
        if any(_stands(kept, _where(each)) for each in rest):
            without = [each for each in rest if not _stands(twin, _where(each)) or _stands(kept, _where(each))]
            rest = without or rest
    first = rest[0]
    rest = [first, *(each for each in rest[1:] if not _same(first, each))]
    if len(rest) > 1:
        raise WeightsError(
            f"weights file {path} has {len(rest)} networks that fit: say which by `under: "
            f"{_where(first)}`, or {', '.join(map(_where, rest[1 : SHOWN + 1]))}"
        )
    also = tuple(_where(each) for each in alike if each is not first and not _same(first, each))
    return Fit(first.place, first.prefix, first.taken, first.left, first.missing, first.share, also, first.tensors)


def _where(each: Fit) -> str:
    return location(each.place, each.prefix)


def _same(one: Fit, other: Fit) -> bool:
    """Whether two fits are of the same tensors under two names."""
    return all(
        name in other.taken and one.tensors[theirs] is other.tensors[other.taken[name]]
        for name, theirs in one.taken.items()
    )


def _stands(under: str, where: str) -> bool:
    """Whether all parts of `under` stand together in a location."""
    return f".{under.strip('.')}." in f".{where}."


def _locations(found: list[Fit]) -> list[str]:
    best = sorted(found, key=lambda each: -each.share)
    return [_where(each) or "the top" for each in best if each.share > LEAST / 2][:SHOWN]


def _refusal(checkpoint: Checkpoint, backbone: Backbone, own: _Own, best: Fit | None) -> str:
    start = f"weights file {checkpoint.path} does not fit {backbone.name}"
    places = find_places(checkpoint.content)
    if not places:
        made = f" (not read: {', '.join(checkpoint.inert[:SHOWN])})" if checkpoint.inert else ""
        return f"{start}: it holds no tensors{made}: name a checkpoint of its weights"
    largest = max(places, key=lambda place: sum(math.prod(shape_of(each)) for each in place.tensors.values()))
    tensors = best.tensors if best else largest.tensors
    share = best.share if best else 0.0
    taken = best.taken if best else {}
    lacking = sorted((name for name in own.learnt if name not in taken), key=lambda name: name != own.first)
    lines = []
    free = [name for name in tensors if name not in set(taken.values())]
    for name in lacking[:SHOWN]:
        near = nearest(name, free, most=0)[:1]
        seen = f"{near[0]} {_text(shape_of(tensors[near[0]]))}" if near else "nothing left"
        lines.append(f"{name} {_text(own.shapes[name])}, nearest {seen}")
    said = f"it has {share:.1%} of the parameters" + ("" if share < LEAST else ", but not the first layer")
    return f"{start}: {said}; it lacks {'; '.join(lines)}: choose the backbone that it was trained with"


def _text(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"
