"""OpenMMLab's config files, read as data: assignments of literals, of `dict(...)`, and of names assigned before.

MMEngine runs a config. Nothing is run here: a file is parsed, and a value that is more than data is `Unread`. Configs
reckon in what they say of data sets, which nobody here asks for; so only a part that is taken is refused (`taken`).
`_base_` names the files that it goes on from, as in MMEngine; `mmseg::upernet/upernet_r50.py` is a file of the installed
package.
"""

import ast
import importlib.util
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.core.errors import StudyError

Values = dict[str, Any]

BASE, DELETE = "_base_", "_delete_"
# Far above any config, far below what would fill the memory.
LARGEST_FILE, LONGEST, LARGEST, DEEPEST = 2**20, 10_000, 1e18, 20


@dataclass(frozen=True)
class Unread:
    """A value that is more than data, and why."""

    why: str


class _MoreThanDataError(Exception):
    """An expression, or a name in it, is more than data."""


_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def locate(name: str, beside: Path) -> Path:
    """The file of a config.

    Args:
        name: path relative to `beside`, or `<package>::<path>` of one that comes with an installed package.
        beside: folder.

    Raises:
        StudyError: the package is not installed, or has no configs.
    """
    package, separator, inside = name.partition("::")
    if not separator:
        return beside / name
    found = importlib.util.find_spec(package) if package.isidentifier() else None
    folder = Path(found.origin).parent / ".mim" / "configs" if found and found.origin else None
    if folder is None or not folder.is_dir():
        raise StudyError(f"{name}: there is no installed package {package!r} with configs: name the path of a file")
    return folder / inside


def read(file: Path) -> Values:
    """All that a config assigns, over what its bases assign; tuples become lists, and what is no data `Unread`.

    Raises:
        StudyError: a file cannot be read, does more than assign, or goes on from itself.
    """
    return _read(file, ())


def taken(value: Any) -> Any:
    """A part of what was read, all of it data.

    Raises:
        StudyError: some of it is not.
    """
    if isinstance(value, Unread):
        raise StudyError(value.why)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        taken(each)
    return value


def _read(file: Path, going_on: tuple[Path, ...]) -> Values:
    if file.resolve() in going_on or len(going_on) > DEEPEST:
        raise StudyError(f"{file} goes on from itself by {BASE}: take one out")
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise StudyError(f"{file} is larger than {LARGEST_FILE:,} bytes: no config is")
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else " ".join(str(problem).split())
        raise StudyError(f"{file} is no readable config: {why}") from None
    reader = _Reader(file)
    try:
        for statement in tree.body:
            reader.take(statement, lambda name: _read(locate(name, file.parent), (*going_on, file.resolve())))
    except RecursionError:
        raise StudyError(f"{file} is nested too deep for a config") from None
    return _joined(reader.base, {name: value for name, value in reader.own.items() if not name.startswith("_")})


class _Reader:
    """What one file has assigned so far.

    Attributes:
        own: values by name.
        base: what the files that it goes on from assign.
    """

    def __init__(self, file: Path) -> None:
        self.own: Values = {}
        self.base: Values = {}
        self._file = file

    def take(self, statement: ast.stmt, read_base: Callable[[str], Values]) -> None:
        """Note an assignment; texts that stand alone are comments, and of an import there is nothing to be read."""
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) | ast.Import() | ast.ImportFrom():
                return
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.own[name] = self._read(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self.own[name] = self._read(value)
            case ast.Assign(targets=targets):
                self._change(targets, statement)
                return
            case ast.AugAssign(target=target):
                self._change([target], statement)
                return
            case _:
                raise StudyError(self._more_than_data(statement))
        if name == BASE:
            for each in self._names(self.own[BASE], statement):
                self.base = _joined(self.base, read_base(each))

    def _read(self, node: ast.expr) -> Any:
        """The value of an expression, or of each part of a mapping or list, where it is data."""
        try:
            return self.value(node)
        except _MoreThanDataError as problem:
            return Unread(str(problem))

    def _change(self, targets: list[ast.expr], statement: ast.stmt) -> None:
        """A change of a part of a value: the whole is not known from here on."""
        for node in (node for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)):
            self.own[node.id] = Unread(self._more_than_data(statement))

    def value(self, node: ast.expr) -> Any:
        """The value of an expression; of a mapping or a list, parts that are no data are `Unread`."""
        match node:
            case ast.Constant(value=None | bool() | int() | float() | str() as value):
                return value
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return [self._read(each) for each in elements]
            case ast.Dict(keys=keys, values=values):
                return self._mapping(
                    node, [(key and self.value(key), each) for key, each in zip(keys, values, strict=True)]
                )
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                return self._mapping(node, [(each.arg, each.value) for each in keywords])
            case ast.UnaryOp() | ast.BinOp():
                return self._reckoned(node)
        return self._named(node)

    def _named(self, node: ast.expr) -> Any:
        """The value of a name that was assigned, or of a part of it; values of a base have two ways of being written."""
        match node:
            case ast.Name(id=name) if name in self.own and name != BASE:
                return self._known(self.own[name])
            case ast.Name(id="_base_"):
                return self.base
            case ast.Set(elts=[ast.Set(elts=[inner])]):
                return self.value(inner)
            case ast.Attribute(value=of, attr=key):
                return self._part(node, self.value(of), key)
            case ast.Subscript(value=of, slice=index):
                return self._part(node, self.value(of), self.value(index))
        raise _MoreThanDataError(self._more_than_data(node))

    @staticmethod
    def _known(value: Any) -> Any:
        if isinstance(value, Unread):
            raise _MoreThanDataError(value.why)
        return value

    def _mapping(self, node: ast.expr, items: list[tuple[Any, ast.expr]]) -> Values:
        found: Values = {}
        for key, value in items:
            if key is None:  # `**other`
                other = self.value(value)
                if not isinstance(other, dict):
                    raise _MoreThanDataError(self._more_than_data(node))
                found |= other
            elif not isinstance(key, str):
                raise _MoreThanDataError(f"{self._at(node)}: the key {key!r} is no text")
            else:
                found[key] = self._read(value)
        return found

    def _part(self, node: ast.expr, of: Any, key: Any) -> Any:
        try:
            return self._known(of[key])
        except (LookupError, TypeError):
            raise _MoreThanDataError(f"{self._at(node)}: there is no {ast.unparse(node)}") from None

    def _reckoned(self, node: ast.UnaryOp | ast.BinOp) -> Any:
        """Numbers that are reckoned with, lists that are joined, and a list that is repeated."""
        sign: Callable[[Any, Any], Any]
        left: Any
        right: Any
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=one):
                sign, left, right = operator.sub, 0, self.value(one)
            case ast.BinOp(left=one, op=op, right=other) if type(op) in _ARITHMETIC:
                sign, left, right = _ARITHMETIC[type(op)], self.value(one), self.value(other)
            case _:
                raise _MoreThanDataError(self._more_than_data(node))
        numbers = all(type(each) in {int, float} and abs(each) < LARGEST for each in (left, right))
        joined = sign is operator.add and isinstance(left, list) and isinstance(right, list)
        repeated = sign is operator.mul and isinstance(left, list) and type(right) is int
        if not (numbers or joined or (repeated and len(left) * right <= LONGEST)):
            raise _MoreThanDataError(self._more_than_data(node))
        try:
            return sign(left, right)
        except ZeroDivisionError:
            raise _MoreThanDataError(f"{self._at(node)}: {ast.unparse(node)} divides by 0") from None

    def _names(self, value: Any, statement: ast.stmt) -> list[str]:
        names = [value] if isinstance(value, str) else taken(value)
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise StudyError(f"{self._at(statement)}: {BASE} names a file, or a list of files")
        return names

    def _at(self, node: ast.AST) -> str:
        return f"{self._file}, line {getattr(node, 'lineno', 1)}"

    def _more_than_data(self, node: ast.AST) -> str:
        text = " ".join(ast.unparse(node).split())
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        return f"{self._at(node)}: `{shown}` is code, and a config is read as data: write its value"


def _joined(base: Values, over: Values) -> Values:
    """Put values over those of a base, keys within keys; `_delete_` lets a mapping stand alone, as in MMEngine."""
    joined = dict(base)
    for key, value in over.items():
        before = joined.get(key)
        if not isinstance(value, dict):
            joined[key] = value
        elif isinstance(before, dict) and not value.get(DELETE, False):
            joined[key] = _joined(before, value)
        else:
            joined[key] = _joined({}, {name: each for name, each in value.items() if name != DELETE})
    return joined
