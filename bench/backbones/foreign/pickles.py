"""A pickle read as data: its steps are followed one by one, and none of them can import or call anything.

Python's own reader acts on what it reads. Here `pickletools` decodes the steps, and a stack of plain values follows them
(https://docs.python.org/3/library/pickletools.html). Calls go to `globals.find`, which knows tensors, numbers and
containers and nothing that acts.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import torch

from bench.backbones.foreign.globals import Global, Inert, find, is_hostile, storage_of
from bench.backbones.foreign.limits import MOST_STEPS, BrokenPickleError
from bench.backbones.foreign.tensors import NumpyArray, NumpyType, ReadStorage, Storage

SCALARS = (str, int, float, bool, bytes, type(None))
# Steps that put a constant.
CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,  # a set is kept as a list: nothing of a stranger is hashed
}
# Steps that put what stands beside them.
LITERALS = frozenset(
    [
        "INT",
        "LONG",
        "LONG1",
        "LONG4",
        "BININT",
        "BININT1",
        "BININT2",
        "FLOAT",
        "BINFLOAT",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE8",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
    ]
)
NOTHING = frozenset(("PROTO", "FRAME", "STOP"))


@dataclass
class Reading:
    """What a pickle holds.

    Attributes:
        value: the object.
        inert: names of all that is not known here, in order of appearance.
        hostile: of these, those that run commands, open files or reach a network.
        storages: what its tensors lie in, each with the type of its numbers.
    """

    value: Any = None
    inert: dict[str, None] = field(default_factory=dict)
    hostile: dict[str, None] = field(default_factory=dict)
    storages: dict[str, torch.dtype] = field(default_factory=dict)


def read_pickle(stream: BinaryIO, read_storage: ReadStorage) -> Reading:
    """Read the next pickle of a stream, which then stands behind it.

    Args:
        stream: of the file.
        read_storage: reads what tensors refer to, when they are read.

    Raises:
        BrokenPickleError: it is none, asks for something that weights never need, or takes more steps than any checkpoint.
    """
    machine = _Machine(read_storage)
    try:
        for count, (step, argument, _) in enumerate(pickletools.genops(stream)):
            if count > MOST_STEPS:
                raise BrokenPickleError(f"it takes more than {MOST_STEPS:,} steps")
            machine.follow(step.name, argument)
        machine.reading.value = machine.stack.pop()
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise BrokenPickleError(str(error) or type(error).__name__) from None
    return machine.reading


class _Machine:
    """The stack, the memo and the marks of a pickle."""

    def __init__(self, read_storage: ReadStorage) -> None:
        self.read_storage = read_storage
        self.reading = Reading()
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            "MARK": lambda _: self._mark(),
            "POP": lambda _: self._pop(),
            "POP_MARK": lambda _: self._drop(),
            "DUP": lambda _: self.stack.append(self.stack[-1]),
            "MEMOIZE": lambda _: self.memo.__setitem__(len(self.memo), self.stack[-1]),
            **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), self._put),
            **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda at: self.stack.append(self.memo[int(at)])),
            "APPEND": lambda _: self._append([self.stack.pop()]),
            **dict.fromkeys(("APPENDS", "ADDITEMS"), lambda _: self._append(self._since_mark())),
            **dict.fromkeys(("LIST", "FROZENSET"), lambda _: self._push(self._since_mark())),
            "TUPLE": lambda _: self._push(tuple(self._since_mark())),
            **{f"TUPLE{count}": lambda _, count=count: self._tuple(count) for count in (1, 2, 3)},  # type: ignore[misc]  # mypy loses the default's type
            "SETITEM": lambda _: self._set([self.stack.pop(-2), self.stack.pop()]),
            "SETITEMS": lambda _: self._set(self._since_mark()),
            "DICT": lambda _: self._dict(),
            "GLOBAL": lambda name: self._global(*name.split(" ", 1)),
            "STACK_GLOBAL": lambda _: self._global(self.stack.pop(-2), self.stack.pop()),
            **dict.fromkeys(("REDUCE", "NEWOBJ"), lambda _: self._call(self.stack.pop(-2), self.stack.pop())),
            "NEWOBJ_EX": lambda _: self._call_with_names(),
            "INST": self._inst,
            "OBJ": lambda _: self._obj(),
            "BUILD": lambda _: self._build(self.stack.pop()),
            "BINPERSID": lambda _: self._storage(self.stack.pop()),
        }

    def follow(self, step: str, argument: Any) -> None:
        """Do one step."""
        if step in LITERALS:
            self.stack.append(argument)
        elif step in CONSTANTS:
            self.stack.append(CONSTANTS[step]())
        elif step in self._steps:
            self._steps[step](argument)
        elif step not in NOTHING:
            raise BrokenPickleError(f"it uses {step}, which no weights file does")

    def _push(self, value: Any) -> None:
        self.stack.append(value)

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[Any]:
        values, self.stack = self.stack, self.marks.pop()
        return values

    def _pop(self) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self._since_mark()

    def _drop(self) -> None:
        self._since_mark()

    def _put(self, at: Any) -> None:
        self.memo[int(at)] = self.stack[-1]

    def _append(self, values: list[Any]) -> None:
        kept = self.stack[-1]
        if isinstance(kept, Inert):
            kept.listed.extend(values)
        elif isinstance(kept, list):
            kept.extend(values)

    def _tuple(self, count: int) -> None:
        if len(self.stack) < count:
            raise BrokenPickleError("it takes more values than it has put")
        values = self.stack[-count:]
        del self.stack[-count:]
        self.stack.append(tuple(values))

    def _set(self, values: list[Any]) -> None:
        kept = self.stack[-1]
        items = kept.items if isinstance(kept, Inert) else kept
        if isinstance(items, dict):
            for key, value in zip(values[::2], values[1::2], strict=True):
                items[_key(key, len(items))] = value

    def _dict(self) -> None:
        values = self._since_mark()
        self.stack.append({})
        self._set(values)

    def _global(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise BrokenPickleError("it names something by no text")
        found = find(module, name, self.read_storage)
        if isinstance(found, Global) and found.make is None:
            self.reading.inert[found.name] = None
            if is_hostile(module, name):
                self.reading.hostile[found.name] = None
        self.stack.append(found)

    def _call(self, called: Any, arguments: Any) -> None:
        if isinstance(called, Global):
            self.stack.append(called.call(arguments))
        elif isinstance(called, Storage):  # torch's reader would spell out every number of it in its refusal
            raise BrokenPickleError("it calls the numbers of a tensor")
        else:
            self.stack.append(Inert(f"{called.name}()" if isinstance(called, Inert) else "something"))

    def _call_with_names(self) -> None:
        named, arguments = self.stack.pop(), self.stack.pop()
        del named
        self._call(self.stack.pop(), arguments)

    def _inst(self, name: str) -> None:
        arguments = tuple(self._since_mark())
        self._global(*name.split(" ", 1))
        self._call(self.stack.pop(), arguments)

    def _obj(self) -> None:
        called, *arguments = self._since_mark()
        self._call(called, tuple(arguments))

    def _storage(self, identity: Any) -> None:
        found = storage_of(identity)
        self.reading.storages[found.key] = found.dtype
        self.stack.append(found)

    def _build(self, state: Any) -> None:
        kept = self.stack[-1]
        if isinstance(kept, Inert):
            kept.state = state
        elif isinstance(kept, NumpyArray | NumpyType):
            kept.tell(state)


def _key(key: Any, count: int) -> Any:
    """A key of a dict: plain values and tuples of such; hashing tuples within tuples can take for ever."""
    if isinstance(key, SCALARS) or (isinstance(key, tuple) and all(isinstance(each, SCALARS) for each in key)):
        return key
    return f"<{type(key).__name__} {count}>"
