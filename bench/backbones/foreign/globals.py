"""What the names in a pickle stand for: tensors, numbers and containers; everything else stands for nothing.

A pickle names classes and functions and asks to call them. Here a name is looked up in a table by module and name. What
is not in it becomes a placeholder that only remembers its name and what it was given: it is never imported.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from bench.backbones.foreign.limits import BrokenPickleError
from bench.backbones.foreign.tensors import (
    STORED,
    NumpyArray,
    NumpyType,
    ReadStorage,
    Storage,
    StoredTensor,
    sizes,
)

# Modules whose functions no weights need: a file that asks for one was made to do harm where it is unpickled.
HOSTILE_MODULES = frozenset(
    [
        "os",
        "io",
        "_io",
        "posix",
        "nt",
        "subprocess",
        "sys",
        "importlib",
        "runpy",
        "shutil",
        "socket",
        "pty",
        "code",
        "codeop",
        "ctypes",
        "webbrowser",
        "multiprocessing",
        "asyncio.subprocess",
        "commands",
        "pip",
        "pdb",
        "timeit",
        "urllib.request",
        "http.client",
        "ftplib",
        "smtplib",
        "signal",
        "tempfile",
    ]
)
HOSTILE_BUILTINS = frozenset(
    ["eval", "exec", "compile", "open", "__import__", "input", "breakpoint", "execfile", "file"]
)


@dataclass
class Inert:
    """A placeholder of an object whose class is not known here.

    Attributes:
        name: of the class or function.
        state: what the pickle would have given its `__setstate__` or put into its attributes.
        items: what it would have put into it by keys, as into a dict.
        listed: what it would have appended.
    """

    name: str
    state: Any = None
    items: dict[Any, Any] = field(default_factory=dict)
    listed: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Global:
    """A name in a pickle.

    Attributes:
        name: `module.name`.
        make: what calling it gives; None of a name that is not known here, which gives an `Inert`.
    """

    name: str
    make: Callable[..., Any] | None = None

    def call(self, arguments: Any) -> Any:
        """What the call of it stands for.

        Raises:
            BrokenPickleError: it is known and takes no such arguments.
        """
        if self.make is None:
            return Inert(self.name)
        try:
            return self.make(*arguments)
        except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError) as error:
            raise BrokenPickleError(f"{self.name} cannot be called as it is there ({error})") from None


@dataclass(frozen=True)
class StorageKind:
    """A name of a type of torch's storages, such as `torch.FloatStorage`."""

    name: str


def is_hostile(module: str, name: str) -> bool:
    """Whether a global runs commands, opens files or reaches a network."""
    if module in ("builtins", "__builtin__"):
        return name in HOSTILE_BUILTINS
    return module in HOSTILE_MODULES or module.partition(".")[0] in ("os", "subprocess", "importlib", "ctypes")


def find(module: str, name: str, read_storage: ReadStorage) -> Any:
    """What a name of a pickle stands for: a `Global`, a `StorageKind`, or a type of torch."""
    if module in ("torch", "torch.storage", "torch.cuda") and name.removesuffix("Storage") in STORED:
        return StorageKind(name.removesuffix("Storage"))
    full = f"{module}.{name}"
    if full in TYPES:
        return TYPES[full]
    if full in TENSORS:
        build = TENSORS[full]
        return Global(full, lambda *arguments: build(read_storage, *arguments))
    return Global(full, KNOWN.get(full))


def storage_of(identity: Any) -> Storage:
    """The storage that a persistent id names: `("storage", kind, key, device, count, view)`.

    Raises:
        BrokenPickleError: it is no storage.
    """
    if not isinstance(identity, tuple) or len(identity) < 5 or identity[0] != "storage":
        raise BrokenPickleError("it refers to something outside of the file that is no tensor")
    kind, key = identity[1:3]
    if not isinstance(kind, StorageKind) or not isinstance(key, str):
        raise BrokenPickleError(f"storage {str(key)[:40]!r} has no known type")
    view = identity[5] if len(identity) > 5 else None
    start = view[1] if isinstance(view, tuple) and len(view) == 3 and type(view[1]) is int else 0
    return Storage(key, STORED[kind.name], start)


# By name, such as `torch.float32`.
TYPES = {str(dtype): dtype for dtype in STORED.values()}


def _tensor(read_storage: ReadStorage, storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> StoredTensor:
    if not isinstance(storage, Storage) or type(offset) is not int or offset < 0:
        raise BrokenPickleError("a tensor has no storage")
    return StoredTensor(storage, offset, sizes(shape), _strides(stride, shape), read_storage)


def _strides(values: Any, shape: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple | list) or len(values) != len(shape):
        raise BrokenPickleError("a tensor's strides do not fit its shape")
    if not all(type(each) is int and each >= 0 for each in values):
        raise BrokenPickleError("a tensor's strides are no counts")
    return tuple(values)


def _tensor_of_kind(  # torch's _rebuild_tensor_v3: an untyped storage, and the type beside it
    read_storage: ReadStorage, storage: Any, offset: Any, shape: Any, stride: Any, *rest: Any
) -> Any:
    dtype = next((each for each in rest if isinstance(each, torch.dtype)), None)
    if dtype is None or not isinstance(storage, Storage):
        return Inert("torch.Tensor")
    return _tensor(read_storage, Storage(storage.key, dtype, storage.start), offset, shape, stride)


def _from_type(_read_storage: ReadStorage, rebuild: Any, _kind: Any, arguments: Any, *_: Any) -> Any:
    """A tensor of a subclass, or with attributes of its own: `torch._tensor._rebuild_from_type_v2`."""
    return rebuild.call(arguments) if isinstance(rebuild, Global) else Inert("torch.Tensor")


def _first(_read_storage: ReadStorage, data: Any, *_: Any) -> Any:
    return data


TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_kind,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch._tensor._rebuild_from_type_v2": _from_type,
}


def _dict(*arguments: Any) -> dict[Any, Any]:
    """Of `OrderedDict`, `defaultdict` and `Counter`: empty, or from pairs as Python 2 pickled them."""
    pairs = next((each for each in arguments if isinstance(each, list | dict)), [])
    if isinstance(pairs, dict):
        return dict(pairs)
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2 and isinstance(pair[0], str | int)}


def _tuple(values: Any = ()) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, tuple | list) else ()


def _list(values: Any = ()) -> list[Any]:
    return list(_tuple(values))


def _bytes(text: Any = "", *_: Any) -> bytes:
    """Bytes as protocol 2 has them: `_codecs.encode(text, "latin1")`."""
    return text.encode("latin1") if isinstance(text, str) else bytes(_counts(text))


def _counts(values: Any) -> Any:
    return values if isinstance(values, bytes | bytearray) else b""


def _array(*_: Any) -> NumpyArray:
    return NumpyArray()


def _array_of_bytes(content: Any, dtype: Any, shape: Any, order: Any) -> NumpyArray:
    array = NumpyArray()
    array.tell((1, shape, dtype, order == "F", content))
    return array


def _scalar(dtype: Any, content: Any = b"") -> Any:
    known = dtype.dtype if isinstance(dtype, NumpyType) else None
    raw = content.encode("latin1") if isinstance(content, str) else content
    if known is None or not isinstance(raw, bytes | bytearray):
        return Inert("numpy.generic")
    return np.frombuffer(raw, known)[0].item()


def _text(*arguments: Any) -> str:
    return "/".join(str(each) for each in arguments if isinstance(each, str | int))


def _path(*parts: Any) -> str:
    return _text(*parts).replace("//", "/")


KNOWN: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _dict,
    "collections.defaultdict": _dict,
    "collections.Counter": _dict,
    "torch.Size": _tuple,
    "torch.device": _text,
    "_codecs.encode": _bytes,
    **{f"pathlib.{kind}": _path for kind in ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath")},
    "pathlib._local.PosixPath": _path,
    "numpy.dtype": NumpyType.named,
    "numpy.ndarray": _array,
}
for _module in ("numpy.core", "numpy._core"):
    KNOWN[f"{_module}.multiarray._reconstruct"] = _array
    KNOWN[f"{_module}.multiarray.scalar"] = _scalar
    KNOWN[f"{_module}.numeric._frombuffer"] = _array_of_bytes
_BUILTINS: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("list", "set", "frozenset"), _list),
    **dict.fromkeys(("bytes", "bytearray"), _bytes),
    "dict": _dict,
    "tuple": _tuple,
}
for _module in ("builtins", "__builtin__"):
    KNOWN |= {f"{_module}.{_name}": _make for _name, _make in _BUILTINS.items()}
