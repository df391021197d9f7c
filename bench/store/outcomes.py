"""The outcomes of a cell's test samples as a file: `outcomes/<key>.npz`, plain arrays that nothing has to be run to read."""

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files
from bench.core.errors import StoreError
from bench.metrics.average_precision import BoxOutcomes
from bench.metrics.classified import ChangeOutcomes, ImageOutcomes, PixelOutcomes
from bench.metrics.multilabel import LabelOutcomes
from bench.metrics.outcomes import Outcomes, array, below, smallest

SCHEMA = 1
# A file of the largest data set of a paper has less than 0.4 MB; what is far beyond is none of ours.
LARGEST_FILE, LARGEST_CONTENT = 64 << 20, 1 << 30

_KINDS: dict[str, type[Outcomes]] = {
    each.kind: each for each in (ImageOutcomes, LabelOutcomes, PixelOutcomes, ChangeOutcomes, BoxOutcomes)
}
_OF_FILE = {"about", "samples", "places"}


@dataclass(frozen=True)
class Evidence:
    """What a cell's metrics rest on: what was tested, and what came out.

    Attributes:
        outcomes: of N samples.
        samples: their positions in the prepared data set, ascending.
        sources: of each, the image that it was cut from: a mosaic, a scene, or the image itself. Samples of one source
            are not independent of each other.
    """

    outcomes: Outcomes
    samples: Sequence[int]
    sources: Sequence[str]

    def __post_init__(self) -> None:
        if not len(self.outcomes) == len(self.samples) == len(self.sources):
            raise ValueError(
                f"{len(self.outcomes)} outcomes, {len(self.samples)} samples and {len(self.sources)} sources do not match"
            )

    def encode(self) -> bytes:
        """The file's content; equal outcomes give equal bytes with one version of zlib."""
        names = list(dict.fromkeys(self.sources))
        number = {name: at for at, name in enumerate(names)}
        about = {"schema": SCHEMA, "kind": self.outcomes.kind, "classes": list(self.outcomes.classes), "sources": names}
        # Steps from one sample to the next are small numbers that repeat.
        own = {
            "about": np.frombuffer(json.dumps(about).encode(), dtype=np.uint8),
            "samples": smallest(np.diff(np.array(self.samples, dtype=np.int64), prepend=0)),
            "places": _smallest_signed(np.diff([number[name] for name in self.sources], prepend=0)),
        }
        stream = io.BytesIO()
        np.savez_compressed(stream, **own, **self.outcomes.arrays())  # type: ignore[arg-type]  # its stubs know no names
        return stream.getvalue()


def read_outcomes(path: Path) -> Evidence:
    """Read a file of outcomes; nothing in it is run, and nothing larger than a limit is unpacked.

    Raises:
        StoreError: it is unreadable, too large, of a newer schema, or holds something else.
    """
    advice = "delete it and its record, and run the study again"
    try:
        arrays = _read_arrays(path)
        about = json.loads(bytes(array(arrays, "about", "u", (None,))))
        if about["schema"] > SCHEMA:
            raise StoreError(
                f"{path} has schema {about['schema']}, this version reads up to {SCHEMA}: upgrade geokr-bench"
            )
        return _evidence(about, arrays)
    except KeyError as error:
        raise StoreError(f"{path} holds no outcomes (it has no {error}): {advice}") from None
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path} holds no outcomes ({str(error).splitlines()[0]}): {advice}") from None
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise StoreError(f"{path} cannot be read{files.because(error, advice)}") from None


def _evidence(about: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Evidence:
    if about["kind"] not in _KINDS:
        raise ValueError(f"its kind is {about['kind']!r}")
    measured = {name: values for name, values in arrays.items() if name not in _OF_FILE}
    outcomes = _KINDS[about["kind"]].of_arrays([str(name) for name in about["classes"]], measured)
    places = np.cumsum(array(arrays, "places", "i", (len(outcomes),)).astype(np.int64))
    below(places, len(about["sources"]), "places")
    samples = np.cumsum(array(arrays, "samples", "u", (len(outcomes),)).astype(np.int64))
    return Evidence(outcomes, samples.tolist(), [str(about["sources"][at]) for at in places])


def _smallest_signed(values: NDArray[np.int64]) -> NDArray[Any]:
    return values.astype(np.min_scalar_type(-int(np.abs(values).max(initial=0)) - 1))


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it is larger than {LARGEST_FILE >> 20} MiB")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > LARGEST_CONTENT:
            raise ValueError(f"it unpacks to more than {LARGEST_CONTENT >> 20} MiB")
        return {member.filename.removesuffix(".npy"): _plain(archive.read(member)) for member in members}


def _plain(content: bytes) -> NDArray[Any]:
    """An array of numbers from the bytes of an `.npy` file; it takes no more memory than these."""
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array is of another version than 1.0")
    try:
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    except (SyntaxError, TokenError, RecursionError):  # numpy parses a header as Python
        raise ValueError("an array has a broken header") from None
    if dtype.kind not in "uif":
        raise ValueError(f"an array is of type {dtype}")
    values = np.frombuffer(content, dtype=dtype, offset=stream.tell())
    return values.reshape(shape, order="F" if by_column else "C")
