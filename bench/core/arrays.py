"""Reading `.npy` files that may be torn: nothing in them is run, and what is wrong is one line."""

from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import BenchError
from bench.core.files import because

# What numpy raises of a broken file; it parses a header as Python, and takes shapes at their word.
BROKEN = (OSError, ValueError, EOFError, SyntaxError, TokenError, TypeError, OverflowError, MemoryError, RecursionError)


def read_array(path: Path, error: type[BenchError], advice: str, *, mapped: bool = True) -> NDArray[Any]:
    """Read an array of plain values.

    Args:
        path: the file.
        error: raised with one line where it cannot be read.
        advice: what to do about it.
        mapped: leave its values on the disk until they are looked at.

    Raises:
        BenchError: of the class `error`.
    """
    try:
        found: NDArray[Any] = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except BROKEN as problem:
        raise error(f"{path} cannot be read{because(problem, advice)}") from None
    return found
