"""Where in a checkpoint state dicts stand: under `state_dict`, `model`, `teacher`, wherever."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.backbones.foreign.globals import Inert
from bench.backbones.foreign.limits import DEEPEST, MOST_CONTAINERS
from bench.backbones.foreign.tensors import Stored, is_tensor

# Attributes in which a pickled `torch.nn.Module` keeps its tensors and its parts.
OWN = ("_parameters", "_buffers")
PARTS = "_modules"


@dataclass(frozen=True)
class Place:
    """A state dict of a checkpoint.

    Attributes:
        path: the keys that lead to it, joined by dots; empty at the top.
        tensors: by name.
    """

    path: str
    tensors: dict[str, Stored]


def find_places(content: Any) -> list[Place]:
    """All state dicts of a checkpoint's content, in the order in which they stand there; the same one is named once."""
    return list(_walk(content))


def _walk(content: Any) -> Iterator[Place]:
    # The same container may stand in itself, or a thousand times in another: each is looked at once.
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Any]] = [((), content)]
    while waiting and len(seen) < MOST_CONTAINERS:
        path, value = waiting.pop(0)
        if id(value) in seen or len(path) > DEEPEST:
            continue
        seen.add(id(value))
        module = _module(value)
        if module:
            yield Place(".".join(path), module)
            continue
        items = dict(_items(value))
        tensors = {str(name): each for name, each in items.items() if isinstance(name, str) and is_tensor(each)}
        if tensors:
            yield Place(".".join(path), tensors)
        waiting += [
            ((*path, str(name)), each)
            for name, each in items.items()
            if isinstance(each, Mapping | list | tuple | Inert)
        ]


def _items(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list | tuple):
        yield from enumerate(value)
    elif isinstance(value, Inert):
        yield from value.items.items()
        if isinstance(value.state, Mapping):
            yield from value.state.items()


def _module(value: Any) -> dict[str, Stored]:
    """The state dict of a module that was pickled whole; empty where a value is none."""
    found: dict[str, Stored] = {}
    waiting = [("", value)]
    for prefix, each in waiting:  # grows as parts are found
        state = each.state if isinstance(each, Inert) else None
        if not isinstance(state, Mapping) or PARTS not in state or prefix.count(".") > DEEPEST:
            continue
        for kind in OWN:
            own = state.get(kind)
            pairs = own.items() if isinstance(own, Mapping) else ()
            found |= {f"{prefix}{name}": tensor for name, tensor in pairs if is_tensor(tensor)}
        parts = state[PARTS]
        if isinstance(parts, Mapping) and len(waiting) < MOST_CONTAINERS:
            waiting += [(f"{prefix}{name}.", part) for name, part in parts.items()]
    return found
