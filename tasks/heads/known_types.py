"""The names that OpenMMLab's packages register, found in their sources: importing them takes ten seconds and torch.

A test holds them against the registries themselves.
"""

import importlib.util
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Whose registered classes a config of each library may name, beside its own.
SHARED = ("mmcv/cnn", "mmcv/ops", "mmengine/model")
OWN = {"mmseg": ("mmseg/models", "mmseg/structures"), "mmdet": ("mmdet/models",)}
# What MMCV and MMDetection look up by name elsewhere: an operator and a function of `mmcv.ops`.
OPERATORS = {"RoIAlign", "nms"}

_REGISTER = r"(?:MODELS|TASK_UTILS|LOSSES|PIXEL_SAMPLERS|WEIGHT_INITIALIZERS)\.register_module\(([^)]*)\)"
# A class or function under the decorator, a call with the class, and a loop over classes.
_DECORATED = re.compile(rf"@{_REGISTER}(?=\s+(?:@.*\s+)*(?:class|def) (\w+))")
_CALLED = re.compile(rf"^\s*{_REGISTER}", re.MULTILINE)
_LOOPED = re.compile(rf"for (\w+) in \[([^\]]*)\]:\s+{_REGISTER}")
_STATED = re.compile(r"""^(?:name=)?['"](\w+)['"]|name=['"](\w+)['"]""")
_CLASS = re.compile(r"module=(?:\w+\.)?([A-Z]\w*)")


def known_types(library: str) -> frozenset[str]:
    """Names that may stand as a `type` in a config of `mmseg` or `mmdet`."""
    return frozenset(OPERATORS).union(*map(_registered_in, (*OWN[library], *SHARED)))


@cache
def _registered_in(folder: str) -> frozenset[str]:
    """Names that the modules of a package's folder register."""
    package, _, inside = folder.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec is not None, package
    assert spec.origin is not None, package
    texts = (file.read_text(encoding="utf-8") for file in (Path(spec.origin).parent / inside).rglob("*.py"))
    return frozenset(name for text in texts if ".register_module(" in text for name in _registered_by(text))


def _registered_by(text: str) -> Iterator[str]:
    """Names that the source of a module registers: the stated ones, else those of the classes."""
    for arguments, name in _DECORATED.findall(text):
        yield _stated(arguments) or name
    for arguments in _CALLED.findall(text):
        name = _stated(arguments) or "".join(_CLASS.findall(arguments))
        if name:
            yield name
    for _, classes, _ in _LOOPED.findall(text):
        yield from (each.strip().rpartition(".")[2] for each in classes.split(",") if each.strip())


def _stated(arguments: str) -> str:
    """The name among a call's arguments, '' where none is stated."""
    found = _STATED.search(arguments.strip())
    return next(filter(None, found.groups())) if found else ""
