"""Names that a backbone's weights have elsewhere: in timm, in OpenMMLab, and in a plain `nn.Sequential`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from torch import Tensor

from bench.backbones import BackboneSpec
from bench.core.registry import load

Shape = tuple[int, ...]
# From another library's name to ours.
Naming = dict[str, str]
Signature = frozenset[tuple[str, Shape]]
# Counts how often batch norm was trained; files of torch before 0.4.1 lack it.
COUNTER = "num_batches_tracked"


def namings(spec: BackboneSpec, own: Mapping[str, Tensor]) -> Iterator[Naming]:
    """Namings of a backbone's weights, its own first.

    Args:
        spec: whose `formats` say how other libraries call its weights. A format that also changes values is left out.
        own: its state dict; on the meta device will do.
    """
    yield {name: name for name in own}
    for rename in sorted({each for each in spec.formats.values() if each}):
        ours = {id(value): name for name, value in own.items()}
        theirs = load(rename)(dict(own))
        yield {name: ours[id(value)] for name, value in theirs.items() if id(value) in ours}
    first = {name.partition(".")[0] for name in own}
    if len(first) == 1:  # all lies in one part, such as VGG's `features`, which others call otherwise or not at all
        yield {name.partition(".")[2]: name for name in own}


def by_parts(own: Mapping[str, Shape], theirs: Mapping[str, Shape]) -> Naming:
    """Pair parts of two networks that hold the same names and shapes, such as `layer1` and the `4` of a sequence.

    Parts that cannot be told apart are paired in their order, where there are as many on both sides.

    Args:
        own: shapes of the backbone's weights; the bands of the first are left out on both sides.
        theirs: shapes by name, below one prefix.

    Returns:
        A naming of the parts that were found.
    """
    ours, others = _parts(own), _parts(theirs)
    waiting: dict[Signature, list[str]] = defaultdict(list)
    for part, inside in others.items():
        waiting[_signature(inside)].append(part)
    found: Naming = {}
    alike: dict[Signature, list[str]] = defaultdict(list)
    for part, inside in ours.items():
        alike[_signature(inside)].append(part)
    for signature, parts in alike.items():
        if len(waiting[signature]) != len(parts):
            continue
        for part, other in zip(parts, waiting[signature], strict=True):
            found |= {f"{other}.{rest}": f"{part}.{rest}" for rest in ours[part]}
    return found


def _parts(shapes: Mapping[str, Shape]) -> dict[str, dict[str, Shape]]:
    parts: dict[str, dict[str, Shape]] = defaultdict(dict)
    for name, shape in shapes.items():
        part, _, rest = name.partition(".")
        parts[part][rest] = shape
    return parts


def _signature(inside: Mapping[str, Shape]) -> Signature:
    return frozenset((rest, shape) for rest, shape in inside.items() if not rest.endswith(COUNTER))
