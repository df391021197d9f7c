"""A pickle is read as data: nothing is imported, nothing runs, and what cannot be is refused in one line."""

import argparse
import collections
import io
import pickle
import sys
import zipfile
from pathlib import Path
from pickle import UnpicklingError

import foreign_checkpoints as made
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bench.backbones.foreign.checkpoint import open_checkpoint
from bench.backbones.foreign.globals import Inert
from bench.backbones.foreign.limits import BrokenPickleError
from bench.backbones.foreign.pickles import read_pickle
from bench.backbones.foreign.places import find_places
from bench.backbones.foreign.tensors import is_tensor, read
from bench.core.errors import WeightsError


def no_storage(key, dtype):
    raise AssertionError(key, dtype)


def read_bytes(data):
    return read_pickle(io.BytesIO(data), no_storage)


def reread(value, protocol=2):
    return read_bytes(pickle.dumps(value, protocol)).value


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(PLAIN, st.integers(0, 5))
def test_numbers_texts_and_containers_are_read_as_python_reads_them(value, protocol):
    assert value == reread(value, protocol)


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "array",
    [np.arange(6, dtype=">f4").reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(3, np.int16)],
)
def test_arrays_of_numpy_are_read_in_any_order_of_bytes(protocol, array):
    found = reread({"w": array}, protocol)["w"]
    assert is_tensor(found)
    assert array.tolist() == read(found).tolist()


@pytest.mark.parametrize("number", [np.float64(0.25), np.int32(-7), np.bool_(1)])
def test_numbers_of_numpy_become_pythons(number):
    assert number.item() == reread(number)


def test_containers_of_the_library_become_plain_ones():
    ordered = collections.OrderedDict(a=1, b=[2])
    default = collections.defaultdict(list, {"a": [1]})
    assert [{"a": 1, "b": [2]}, {"a": [1]}, [1], [2]] == reread([ordered, default, {1}, frozenset([2])])
    assert "/runs/7" == reread(Path("/runs/7"))


def test_an_array_of_objects_is_no_tensor():
    assert not is_tensor(reread(np.array([None, 1], dtype=object)))


def test_an_object_of_a_strange_class_stays_a_placeholder_with_what_it_was_given():
    found = read_bytes(pickle.dumps(argparse.Namespace(lr=0.1)))
    assert Inert("argparse.Namespace", {"lr": 0.1}) == found.value
    assert ["argparse.Namespace"] == list(found.inert)


def test_a_class_is_never_imported():
    name = "a_module_that_would_be_noticed"
    data = b"c" + name.encode() + b"\nThing\n)\x81."
    assert f"{name}.Thing" == read_bytes(data).value.name
    assert name not in sys.modules


def test_a_class_named_like_a_known_one_in_another_module_is_inert():
    for module in ("evil", "collections.abc", "torch._utilsx", "numpy"):
        for name in ("OrderedDict", "_rebuild_tensor_v2"):
            found = read_bytes(f"c{module}\n{name}\n".encode() + b"(tR.")
            assert isinstance(found.value, Inert)
            assert [f"{module}.{name}"] == list(found.inert)


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_are_read_as_they_lie(legacy, tmp_path):
    """Views of one storage, transposed, offset, empty, of every type; a Namespace keeps torch's own reader away."""
    base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    tensors = {
        "view": base[1:3, ::2],
        "transposed": base.t(),
        "empty": torch.empty(0, 3),
        "scalar": torch.tensor(4),
        "expanded": torch.ones(1).expand(5),
        "parameter": nn.Parameter(torch.ones(2)),
        **{str(kind): torch.ones(3).to(kind) for kind in (torch.bfloat16, torch.float16, torch.int8, torch.bool)},
    }
    path = tmp_path / "tensors.pth"
    torch.save({"t": tensors, "args": argparse.Namespace()}, path, _use_new_zipfile_serialization=not legacy)
    (place,) = find_places(open_checkpoint(path).content)
    assert tensors.keys() == place.tensors.keys()
    for name, value in tensors.items():
        found = read(place.tensors[name])
        assert (value.dtype, value.shape) == (found.dtype, found.shape)
        assert torch.equal(value, found), name


@pytest.mark.parametrize("load", [made.mmengine, made.lightning, made.with_optimiser, made.dino])
def test_only_what_is_not_known_is_inert(load, tmp_path):
    state = {"conv1.weight": torch.ones(2, 3, 1, 1)}
    found = open_checkpoint(load(state, tmp_path))
    assert not set(found.inert) - {
        "argparse.Namespace",
        "mmengine.logging.history_buffer.HistoryBuffer",
        "__builtin__.getattr",
    }


def test_a_pickle_bomb_is_refused_and_not_run(tmp_path):
    target = tmp_path / "ran"
    path = made.bomb({"w": torch.ones(1)}, tmp_path, target)
    with pytest.raises(WeightsError, match=r"asks for (posix|os)\.mkdir, which runs commands.*nothing was run"):
        open_checkpoint(path)
    plain = tmp_path / "plain.pth"
    plain.write_bytes(pickle.dumps(made.Payload(target)))
    with pytest.raises(WeightsError, match="nothing was run"):
        open_checkpoint(plain)
    assert not target.exists()


@pytest.mark.parametrize("name", ["io.open", "_io.open", "builtins.open"])
def test_a_pickle_that_would_open_a_file_is_hostile(tmp_path, name):
    module, function = name.split(".")
    path, ran = tmp_path / "plain.pth", tmp_path / "ran"
    path.write_bytes(f"c{module}\n{function}\n(V{ran}\nVw\ntR.".encode())
    with pytest.raises(WeightsError, match="nothing was run"):
        open_checkpoint(path)
    assert not ran.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not enough data|exhausted"),
        (b"\xff.", "opcode"),
        (b"\x80\x02\x82\x01.", "EXT1"),
        (b"\x80\x05\x97.", "NEXT_BUFFER"),
        (b"(lp0\n", "exhausted|before"),
        (b"\x85.", "more values than"),
        (b"R.", "pop"),
        (b"h\x07.", "7"),
        (b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f.", "expected"),
    ],
)
def test_what_no_library_writes_is_refused_in_words(data, message):
    with pytest.raises(BrokenPickleError, match=message):
        read_bytes(data)


def test_tuples_within_tuples_are_not_hashed_and_lists_within_lists_are_walked_once():
    """Either would take 2 ** 60 steps."""
    twice = b"\x86".join([b"q\x00h\x00"] * 61)
    data = b"}N" + twice + b"\x86Ns."
    names = [name for name in read_bytes(data).value if isinstance(name, str)]  # no repr of what is not
    assert ["<tuple 0>"] == names
    lists = b"]" + b"".join(f"p{n}\n0]g{n}\na".encode() + f"g{n}\na".encode() for n in range(60)) + b"."
    assert [] == find_places(read_bytes(lists).value)


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """The pickle inside a checkpoint of OpenMMLab."""
    path = made.mmengine({"conv1.weight": torch.ones(2, 3, 1, 1)}, tmp_path_factory.mktemp("released"))
    with zipfile.ZipFile(path) as archive:
        return archive.read("epoch_2/data.pkl")


@given(st.data())
def test_a_damaged_pickle_is_read_or_refused_in_words(released, data):
    damaged = bytearray(released)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    try:
        found = read_pickle(io.BytesIO(bytes(damaged)), lambda _key, dtype: torch.zeros(6, dtype=dtype))
        [read(tensor) for place in find_places(found.value) for tensor in place.tensors.values()]
    except BrokenPickleError as error:
        assert str(error)  # noqa: PT017 - either is right, and nothing else is


def tensor_call(shape, stride, offset=0, count=4):
    """A pickle that asks for a tensor of a storage of so many floats."""
    storage = pickle.dumps(("storage", "X", "0", "cpu", count), 2)
    kind = pickle.dumps("X", 2)[2:-1].replace(b"q\x00", b"")
    stored = storage.replace(kind, b"ctorch\nFloatStorage\n")[:-1] + b"Q"
    rest = pickle.dumps((offset, shape, stride, False), 2)
    assert b"q" in rest
    parts = [pickle.dumps(each, 2)[2:-1] for each in (offset, shape, stride)]
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + stored[2:] + b"".join(parts) + b"\x89}tR."


@pytest.mark.parametrize(
    ("shape", "stride", "message"),
    [
        ((-1,), (1,), "shape"),
        ((2**20, 2**20), (0, 0), "elements"),
        ((2,), (-1,), "strides"),
        ((2,), (1, 1), "strides"),
    ],
)
def test_a_tensor_of_an_impossible_shape_is_refused(shape, stride, message):
    with pytest.raises(BrokenPickleError, match=message):
        read_bytes(tensor_call(shape, stride))


def test_a_tensor_that_reaches_over_its_storage_is_refused():
    found = read_pickle(io.BytesIO(tensor_call((5,), (1,))), lambda _key, dtype: torch.zeros(4, dtype=dtype)).value
    with pytest.raises(BrokenPickleError, match="reaches over its 4"):
        found.read()


def test_a_file_that_calls_the_numbers_of_a_tensor_is_refused_before_torch_spells_each_out(tmp_path, monkeypatch):
    """Of ten million numbers that would take a quarter of an hour."""
    called = b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x03tQ)R."
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (("data.pkl", called), ("data/0", bytes(12)), ("version", b"3\n")):
            archive.writestr(f"w/{name}", content)
    with pytest.raises(UnpicklingError, match=r" 0\.0\n 0\.0\n 0\.0"):
        torch.load(path, weights_only=True)
    monkeypatch.setattr(torch, "load", no_storage)
    with pytest.raises(WeightsError, match="it calls the numbers of a tensor"):
        open_checkpoint(path)


def test_archives_that_torch_does_not_write_are_refused(tmp_path):
    path = tmp_path / "weights.pth"

    def write(kind, **entries):
        with zipfile.ZipFile(path, "w", kind) as archive:
            for name, data in entries.items():
                archive.writestr(name.replace("__", "/").replace("_pkl", ".pkl"), data)
        return path

    for kind, entries, message in (
        (zipfile.ZIP_DEFLATED, {"a__data_pkl": b"N."}, "packed zip archive"),
        (zipfile.ZIP_STORED, {"other": b""}, "without torch's data.pkl"),
        (zipfile.ZIP_STORED, {"a__data_pkl": b"N.", "a__constants_pkl": b"N."}, "TorchScript"),
        (zipfile.ZIP_STORED, {"a__data_pkl": b"N.", "a__byteorder": b"big"}, "big-endian"),
    ):
        write(kind, **entries)
        with pytest.raises(WeightsError, match=message):
            open_checkpoint(path)


def test_a_file_that_is_not_there_or_cut_short_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read"):
        open_checkpoint(tmp_path / "none.pth")
    path = made.with_optimiser({"w": torch.ones(1000)}, tmp_path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(WeightsError, match="cannot be read"):
        open_checkpoint(path)
