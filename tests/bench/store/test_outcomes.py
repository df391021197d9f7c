"""A file of outcomes is read whole and checked, or refused in one line; nothing in it is run."""

import contextlib
import io
import json
import zipfile

import numpy as np
import pytest

from bench.core.errors import StoreError
from bench.metrics.classified import ImageOutcomes, PixelOutcomes
from bench.store import outcomes
from bench.store.outcomes import Evidence, read_outcomes
from bench.store.store import Store


def evidence():
    count = 4
    found = ImageOutcomes(["a", "b"], np.arange(count) % 2, np.zeros(count, int), np.linspace(0, 1, count))
    return Evidence(found, [3 * at + 1 for at in range(count)], [f"mosaic-{at % 3}" for at in range(count)])


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "key.npz"
    path.write_bytes(evidence().encode())
    return path


def test_what_was_tested_comes_back_with_its_samples_and_their_sources(file):
    found = read_outcomes(file)
    assert [1, 4, 7, 10] == found.samples
    assert ["mosaic-0", "mosaic-1", "mosaic-2", "mosaic-0"] == found.sources
    assert evidence().outcomes.scores() == found.outcomes.scores()
    assert ["a", "b"] == found.outcomes.classes


def test_numpy_reads_the_file_without_unpickling(file):
    with np.load(file, allow_pickle=False) as arrays:
        assert [0, 1, 0, 1] == arrays["truth"].tolist()
        assert "image" == json.loads(bytes(arrays["about"]))["kind"]


def test_equal_outcomes_give_equal_bytes():
    assert evidence().encode() == evidence().encode()


def test_the_store_gives_the_hash_that_a_record_bears(tmp_path):
    import hashlib

    digest = Store(tmp_path).write_outcomes("key", evidence())
    assert hashlib.sha256((tmp_path / "outcomes" / "key.npz").read_bytes()).hexdigest() == digest


def test_outcomes_samples_and_sources_are_one_for_each_sample():
    with pytest.raises(ValueError, match="4 outcomes, 3 samples and 4 sources"):
        Evidence(evidence().outcomes, [1, 2, 3], list("abcd"))


def refused(path):
    with pytest.raises(StoreError) as caught:
        read_outcomes(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", b"\x93NUMPY"])
def test_something_else_is_refused(file, content):
    file.write_bytes(content)
    assert "cannot be read" in refused(file)


def test_every_cut_and_many_a_changed_byte_of_a_file_is_refused_or_harmless(file):
    """Never another error, and never outcomes of another length."""
    whole = file.read_bytes()
    draw = np.random.default_rng(0)
    for end in range(0, len(whole), 7):
        file.write_bytes(whole[:end])
        refused(file)
    for _ in range(300):
        broken = bytearray(whole)
        broken[draw.integers(len(whole))] ^= 1 << draw.integers(8)
        file.write_bytes(broken)
        with contextlib.suppress(StoreError):
            assert 4 == len(read_outcomes(file).outcomes)


def write(path, **arrays):
    """The file with some arrays replaced; None leaves one out."""
    with np.load(path) as held:
        values = {**held, **arrays}
    np.savez(path, **{name: each for name, each in values.items() if each is not None})


def about(**changes):
    said = {"schema": 1, "kind": "image", "classes": ["a", "b"], "sources": ["x", "y", "z"]} | changes
    return np.frombuffer(json.dumps(said).encode(), np.uint8)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"truth": np.array([0, 9, 0, 1], np.uint8)}, "its truth must lie in [0, 2)"),
        ({"truth": None}, "it has no truth"),
        ({"truth": np.array([None] * 4)}, "an array is of type object"),
        ({"truth": np.array(list("abab"))}, "an array is of type <U1"),
        ({"places": np.array([9, 0, 0, 0], np.int8)}, "its places must lie in [0, 3)"),
        ({"samples": np.array([1], np.uint8)}, "its samples is uint8 of shape (1,)"),
        ({"about": None}, "it has no about"),
        ({"about": about(kind="music")}, "its kind is 'music'"),
        ({"about": about(schema=9)}, "has schema 9, this version reads up to 1: upgrade"),
        ({"about": np.frombuffer(b"{", np.uint8)}, "holds no outcomes"),
        ({"about": np.frombuffer(b"[1]", np.uint8)}, "holds no outcomes"),
        ({"about": np.frombuffer(b'{"schema": 1}', np.uint8)}, "it has no 'kind'"),
    ],
)
def test_arrays_that_are_no_outcomes_are_named(file, arrays, said):
    write(file, **arrays)
    assert said in refused(file)


def test_a_pickle_in_the_file_is_not_run(file, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    write(file, truth=np.array([Trap()] * 4, dtype=object))
    refused(file)
    assert not (tmp_path / "sprung").exists()


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(file, monkeypatch):
    monkeypatch.setattr(outcomes, "LARGEST_CONTENT", 1 << 20)
    write(file, truth=np.zeros(4, np.uint8))
    stream = io.BytesIO()
    np.save(stream, np.zeros(8 << 20, np.uint8))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("more.npy", stream.getvalue())
    assert file.stat().st_size < 1 << 16
    assert "unpacks to more than 1 MiB" in refused(file)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(file, monkeypatch):
    monkeypatch.setattr(outcomes, "LARGEST_FILE", 100)
    assert "larger than 0 MiB" in refused(file)


def test_a_shape_beyond_the_content_takes_no_memory(file):
    """A header that promises a terabyte in front of four numbers."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|u1", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.npy", stream.getvalue() + b"\0\0\0\0")
    assert "holds no outcomes" in refused(file)


@pytest.mark.parametrize(
    "header", [b"{'descr': '|u1', (", b"{'descr': '|u1'", b"(" * 60, b"{'descr': 'zz', 'fortran_order': 0, 'shape': 4}"]
)
def test_a_broken_header_is_refused_as_all_else(file, header):
    whole = b"\x93NUMPY\x01\x00" + len(header + b"\n").to_bytes(2, "little") + header + b"\n"
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("more.npy", whole)
    assert "holds no outcomes" in refused(file)


def test_a_missing_file_is_named(tmp_path):
    assert "cannot be read" in refused(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("samples", "classes", "side", "sources"),
    [
        (4378, 6, 256, 38),  # Potsdam: 38 mosaics of 24 x 24 slices, a fifth of them
        (25_008, 2, 256, 4168),  # Levir-CS: 4,168 scenes of 6 x 5 slices, a fifth of them
    ],
)
def test_the_papers_sets_of_masks_take_less_than_400_kb(samples, classes, side, sources):
    """Slices with several classes, a fifth of whose pixels is wrong, as hard to compress as they come."""
    draw = np.random.default_rng(0)
    share = draw.dirichlet([1.0] * classes, samples)
    wrong = 0.8 * np.eye(classes) + 0.2 * draw.dirichlet([0.5] * classes, (samples, classes))
    pairs = (share[:, :, None] * wrong).reshape(samples, -1)
    counts = draw.multinomial(side**2, pairs / pairs.sum(axis=1, keepdims=True)).reshape(samples, classes, classes)
    names = [f"top_potsdam_{at * sources // samples}" for at in range(samples)]
    found = Evidence(PixelOutcomes([f"c{k}" for k in range(classes)], counts), range(0, 5 * samples, 5), names)
    assert len(found.encode()) < 400_000
