"""Tensors of a checkpoint that are described but not read yet: most of a checkpoint is of no use to a backbone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.backbones.foreign.limits import MOST_ELEMENTS, BrokenPickleError

# Types of a storage by the name that torch writes before `Storage`.
STORED = {
    "Double": torch.float64,
    "Float": torch.float32,
    "Half": torch.float16,
    "BFloat16": torch.bfloat16,
    "Long": torch.int64,
    "Int": torch.int32,
    "Short": torch.int16,
    "Char": torch.int8,
    "Byte": torch.uint8,
    "Bool": torch.bool,
    "ComplexFloat": torch.complex64,
    "ComplexDouble": torch.complex128,
    "Untyped": torch.uint8,
}
# Kinds of numbers in numpy's arrays that torch knows; objects, texts and dates are none.
NUMBERS = "biufc"


@dataclass(frozen=True)
class Storage:
    """Where the numbers of a torch tensor lie in its file.

    Attributes:
        key: the file's name of it.
        dtype: of its numbers.
        start: numbers of the stored block that come before it; a view of another storage in files of torch before 1.6.
    """

    key: str
    dtype: torch.dtype
    start: int = 0


# From a storage's key and type to its numbers, 1-D.
ReadStorage = Callable[[str, torch.dtype], Tensor]


@dataclass(frozen=True)
class StoredTensor:
    """A torch tensor that lies in a file.

    Attributes:
        storage: its numbers.
        offset: of its first number in the storage.
        shape, stride: as torch has them.
        read_storage: reads the storage.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    read_storage: ReadStorage

    def read(self) -> Tensor:
        """Its values, on their own memory.

        Raises:
            BrokenPickleError: it reaches over its storage.
        """
        numbers = self.read_storage(self.storage.key, self.storage.dtype)
        first = self.storage.start + self.offset
        last = first + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))
        if math.prod(self.shape) and last >= len(numbers):
            raise BrokenPickleError(f"a tensor of {self.shape} reaches over its {len(numbers)} stored numbers")
        return numbers.as_strided(self.shape, self.stride, first).clone(memory_format=torch.contiguous_format)


@dataclass
class NumpyArray:
    """An array of numpy as a pickle builds it: first made, then told its type, shape and bytes.

    Attributes:
        shape: its shape.
        dtype: of its numbers; None until it is told, and where they are none.
        column_first: whether the bytes lie in Fortran's order.
        content: the bytes.
    """

    shape: tuple[int, ...] = ()
    dtype: "np.dtype[Any] | None" = None
    column_first: bool = False
    content: bytes = b""

    def tell(self, state: Any) -> None:
        """Take the state of numpy's own `__setstate__`: version, shape, type, order, bytes."""
        *_, shape, dtype, column_first, content = state
        self.shape, self.column_first = sizes(shape), bool(column_first)
        self.dtype = dtype.dtype if isinstance(dtype, NumpyType) else None
        self.content = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(self.content, bytes | bytearray):  # a list, of objects
            self.dtype, self.content = None, b""

    def read(self) -> Tensor:
        """Its values; raises `BrokenPickleError` where bytes and shape differ, or where they are no numbers."""
        if self.dtype is None or self.dtype.itemsize * math.prod(self.shape) != len(self.content):
            raise BrokenPickleError(f"an array of {self.shape} has other bytes than its type and shape say")
        array = np.frombuffer(self.content, self.dtype).reshape(self.shape, order="F" if self.column_first else "C")
        return torch.from_numpy(array.astype(self.dtype.newbyteorder("="), order="C"))


@dataclass
class NumpyType:
    """A type of numpy as a pickle builds it.

    Attributes:
        dtype: None where it is no type of plain numbers.
    """

    dtype: "np.dtype[Any] | None"

    @classmethod
    def named(cls, name: Any, *_: Any) -> "NumpyType":
        """By numpy's short name, such as `f4`."""
        known = isinstance(name, str) and name[:1] in NUMBERS and name[1:].isdigit()
        return cls(np.dtype(name) if known else None)

    def tell(self, state: Any) -> None:
        """Take the state of numpy's own `__setstate__`, of which the order of bytes matters."""
        order = state[1]
        if self.dtype is not None and order in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(order)


Stored = Tensor | StoredTensor | NumpyArray


def is_tensor(value: Any) -> bool:
    """Whether a value of a checkpoint is a tensor or an array of numbers."""
    return isinstance(value, Tensor | StoredTensor) or (isinstance(value, NumpyArray) and value.dtype is not None)


def is_number(value: Stored) -> bool:
    """Whether a tensor's values are real numbers and no integers."""
    if isinstance(value, NumpyArray):
        return value.dtype is not None and value.dtype.kind == "f"
    return (value.storage.dtype if isinstance(value, StoredTensor) else value.dtype).is_floating_point


def shape_of(value: Stored) -> tuple[int, ...]:
    """Its shape."""
    return tuple(value.shape)


def read(value: Stored) -> Tensor:
    """Its values in memory of their own."""
    return value.clone() if isinstance(value, Tensor) else value.read()


def sizes(values: Any) -> tuple[int, ...]:
    """A shape or strides as a pickle has them.

    Raises:
        BrokenPickleError: they are no counts, or of more elements than any tensor may have.
    """
    counts = isinstance(values, tuple | list) and all(type(each) is int for each in values)
    if not counts or not all(0 <= each <= MOST_ELEMENTS for each in values):
        raise BrokenPickleError("a tensor's shape is no list of counts")  # never shown: it may be made to be endless
    if math.prod(values) > MOST_ELEMENTS:
        raise BrokenPickleError(f"a tensor has {math.prod(values):,} elements, more than {MOST_ELEMENTS:,}")
    return tuple(values)
