"""The names that OpenMMLab's packages register, found in their sources: importing them takes ten seconds and torch."""

import ast
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# Whose registered classes a config of each library may name, beside its own.
SHARED = ("mmcv/cnn", "mmcv/ops", "mmengine/model")
OWN = {"mmseg": ("mmseg/models", "mmseg/structures"), "mmdet": ("mmdet/models",)}
REGISTRIES = {"MODELS", "TASK_UTILS", "LOSSES", "PIXEL_SAMPLERS", "WEIGHT_INITIALIZERS"}
# What MMCV and MMDetection look up by name elsewhere: an operator and a function of `mmcv.ops`.
OPERATORS = {"RoIAlign", "nms"}


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
    trees = (ast.parse(text) for text in texts if ".register_module(" in text)
    return frozenset(name for tree in trees for node in ast.walk(tree) for name in _registered_by(node))


def _registered_by(node: ast.AST) -> Iterator[str]:
    """Names that a class, a loop over classes, or a call registers."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            for call in filter(_registers, node.decorator_list):
                yield _stated(call) or name
        case ast.For(target=ast.Name(id=each), iter=ast.List(elts=elements)):
            if any(_registers(call) and _of(call) == each for call in ast.walk(node)):
                yield from (_last(element) for element in elements)
        case ast.Call() if _registers(node) and _of(node)[:1].isupper():  # a small name is that of a loop
            yield _stated(node) or _of(node)


def _registers(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=registry), attr="register_module")):
            return registry in REGISTRIES
    return False


def _stated(call: ast.AST) -> str:
    """The name that a call states, '' where it states none."""
    assert isinstance(call, ast.Call)
    stated = [*call.args[:1], *(each.value for each in call.keywords if each.arg == "name")]
    return next((each.value for each in stated if isinstance(each, ast.Constant) and isinstance(each.value, str)), "")


def _of(call: ast.AST) -> str:
    """What a call registers, '' where it decorates."""
    assert isinstance(call, ast.Call)
    return next((_last(each.value) for each in call.keywords if each.arg == "module"), "")


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)
