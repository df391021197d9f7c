"""A checkpoint file of any library, opened by its content and read without running code.

torch's own weights-only reader comes first. Where that meets a class that it does not know (mmengine's `HistoryBuffer`,
the `argparse.Namespace` of MoCo, DINO and MAE, paths of Lightning's callbacks), `pickles` reads the file as data.
"""

import io
import pickle
import struct
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from bench.backbones.foreign.limits import MOST_BYTES, MOST_ENTRIES, BrokenPickleError
from bench.backbones.foreign.pickles import Reading, read_pickle
from bench.backbones.foreign.tensors import STORED
from bench.core.errors import WeightsError
from bench.core.files import because

# What torch before 1.6 writes first (torch/serialization.py), and the version of its layout.
MAGIC, LAYOUT = 0x1950A86A20F9469CFC6C, 1001
ITEM_SIZES = {dtype: torch.empty((), dtype=dtype).element_size() for dtype in STORED.values()}
ADVICE = "fetch or save it again"
# What torch's reader raises of a file that is not quite its own; ours then says what is wrong with it.
_NOT_TORCHS = (
    pickle.UnpicklingError, RuntimeError, ValueError, LookupError, TypeError, EOFError, AttributeError, ArithmeticError,
    AssertionError, struct.error,
)  # fmt: skip


@dataclass(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        path: of the file.
        form: of the file, in words.
        content: dicts, lists, numbers, texts, tensors (`tensors.Stored`) and `globals.Inert` placeholders.
        inert: names of classes and functions that the file asks for and that stayed placeholders.
    """

    path: Path
    form: str
    content: Any
    inert: tuple[str, ...] = ()


def open_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; no code of it runs.

    Raises:
        WeightsError: absent, broken, too large, of another kind, or made to do harm where it is unpickled.
    """
    try:
        size, first = path.stat().st_size, _beginning(path)
        if size > MOST_BYTES:
            raise WeightsError(f"weights file {path} has {size / 2**30:.0f} GiB, more than {MOST_BYTES // 2**30}")
        if zipfile.is_zipfile(path) and first.startswith(b"PK"):
            return _from_zip(path, size)
        if _is_safetensors(first):
            return Checkpoint(path, "safetensors", safetensors.torch.load_file(path))
        return _from_pickle(path, size)
    except (BrokenPickleError, zipfile.BadZipFile) as error:
        raise WeightsError(f"weights file {path} cannot be read ({error}): {ADVICE}") from None
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"weights file {path} cannot be read{because(error, ADVICE)}") from None


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(16)


def _is_safetensors(first: bytes) -> bool:
    """Eight bytes of length, then JSON (https://huggingface.co/docs/safetensors)."""
    return first[8:9] == b"{" and int.from_bytes(first[:8], "little") < 100 * 2**20


def _by_torch(path: Path, *, mapped: bool) -> Any:
    """The content as torch's weights-only reader gives it; None where it refuses the file."""
    try:
        with warnings.catch_warnings():  # it warns of pickle protocols that it may not know; ours knows them all
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except _NOT_TORCHS:
        return None


def _from_zip(path: Path, size: int) -> Checkpoint:
    form = "torch, zip (1.6 and later)"
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        _check_entries(path, entries, size)
        roots = [
            name.removesuffix("data.pkl") for name in entries if name.endswith("/data.pkl") and name.count("/") == 1
        ]
        if not roots:
            raise WeightsError(f"weights file {path} is a zip archive without torch's data.pkl: unpack it first")
        root = roots[0]
        if root + "constants.pkl" in entries:
            raise WeightsError(f"weights file {path} is a TorchScript program: save the state_dict of its model")
        if root + "byteorder" in entries and archive.read(root + "byteorder") != b"little":
            raise WeightsError(f"weights file {path} was written on a big-endian machine: save it as safetensors there")
        data = archive.read(root + "data.pkl")

    def read_storage(key: str, dtype: torch.dtype) -> Tensor:
        with zipfile.ZipFile(path) as archive:
            try:
                block = archive.read(f"{root}data/{key}")
            except KeyError:
                raise BrokenPickleError(f"the numbers {key!r} of a tensor are not there") from None
        return _numbers(block, dtype)

    found = _checked(path, form, read_pickle(io.BytesIO(data), read_storage))
    content = _by_torch(path, mapped=True)
    return found if content is None else Checkpoint(path, form, content)


def _check_entries(path: Path, entries: dict[str, zipfile.ZipInfo], size: int) -> None:
    """Refuse what torch never writes: packed entries, and more bytes than the file has."""
    if len(entries) > MOST_ENTRIES:
        raise WeightsError(f"weights file {path} has {len(entries):,} entries, more than {MOST_ENTRIES:,}")
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
        raise WeightsError(f"weights file {path} is a packed zip archive, which torch does not write: unpack it first")
    if sum(entry.file_size for entry in entries.values()) > size:
        raise WeightsError(f"weights file {path} says that it holds more bytes than it has: {ADVICE}")


def _from_pickle(path: Path, size: int) -> Checkpoint:
    """A file of torch before 1.6, or a plain pickle of arrays."""
    with path.open("rb") as stream:
        blocks: dict[str, tuple[int, int]] = {}

        def read_storage(key: str, dtype: torch.dtype) -> Tensor:
            if key not in blocks:
                raise BrokenPickleError(f"the numbers {key!r} of a tensor are not there")
            start, count = blocks[key]
            with path.open("rb") as again:
                again.seek(start)
                return _numbers(again.read(count * ITEM_SIZES[dtype]), dtype)

        content = read_pickle(stream, read_storage)
        if content.value != MAGIC:
            return _checked(path, "pickle", content)
        form = "torch, before 1.6"
        if read_pickle(stream, read_storage).value != LAYOUT:
            raise BrokenPickleError("it is of an unknown version of torch's layout")
        read_pickle(stream, read_storage)  # facts of the machine that wrote it
        content = read_pickle(stream, read_storage)
        keys = read_pickle(stream, read_storage).value
        blocks |= _find_blocks(stream, keys, content.storages, size)
        if stream.tell() > size:
            raise BrokenPickleError("it ends before its last tensor")
    found = _checked(path, form, content)
    loaded = _by_torch(path, mapped=False)
    return found if loaded is None else Checkpoint(path, form, loaded)


def _find_blocks(stream: BinaryIO, keys: Any, dtypes: dict[str, torch.dtype], size: int) -> dict[str, tuple[int, int]]:
    """Where the numbers of each storage lie and how many: behind the last pickle, each after a count in eight bytes."""
    if not isinstance(keys, list) or len(keys) > MOST_ENTRIES:
        raise BrokenPickleError("it has no list of its tensors")
    blocks: dict[str, tuple[int, int]] = {}
    for key in keys:
        count = int.from_bytes(stream.read(8), "little", signed=True)
        if not isinstance(key, str) or key not in dtypes or count < 0:
            raise BrokenPickleError("its list of tensors does not fit them")
        if count * ITEM_SIZES[dtypes[key]] > size:
            raise BrokenPickleError("it ends before its last tensor")
        blocks[key] = (stream.tell(), count)
        stream.seek(count * ITEM_SIZES[dtypes[key]], io.SEEK_CUR)
    return blocks


def _numbers(block: bytes, dtype: torch.dtype) -> Tensor:
    whole = len(block) - len(block) % ITEM_SIZES[dtype]
    return torch.frombuffer(bytearray(block[:whole]), dtype=dtype) if whole else torch.empty(0, dtype=dtype)


def _checked(path: Path, form: str, reading: Reading) -> Checkpoint:
    if reading.hostile:
        raise WeightsError(
            f"weights file {path} asks for {', '.join(reading.hostile)}, which runs commands or opens files where it is "
            "unpickled: nothing was run; do not use it"
        )
    return Checkpoint(path, form, reading.value, tuple(reading.inert))
