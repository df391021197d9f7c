import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from bench.core import files


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "deep" / "value.json"
    files.write_json(path, {"b": 1})
    files.write_json(path, {"a": [2]})
    assert path.read_text() == '{\n "a": [\n  2\n ]\n}\n'
    assert [path] == list(path.parent.iterdir())


def test_a_refused_value_leaves_the_old_file(tmp_path):
    path = tmp_path / "value.json"
    files.write_json(path, 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        files.write_json(path, float("nan"))
    assert path.read_text() == "1\n"
    assert [path] == list(tmp_path.iterdir())


def test_a_failed_write_leaves_no_temporary_file(tmp_path, monkeypatch):
    def fail(_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write_bytes(tmp_path / "value", b"x")
    assert not list(tmp_path.iterdir())


def test_a_folder_appears_only_when_it_is_complete(tmp_path):
    def build():
        with files.new_folder(tmp_path / "set") as work:
            (work / "part").write_text("x")
            assert not (tmp_path / "set").exists()
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        build()
    assert not list(tmp_path.iterdir())


def test_the_first_of_two_builders_of_a_folder_wins(tmp_path):
    with files.new_folder(tmp_path / "set") as slow:
        (slow / "part").write_text("slow")
        with files.new_folder(tmp_path / "set") as fast:
            (fast / "part").write_text("fast")
    assert (tmp_path / "set" / "part").read_text() == "fast"
    assert [tmp_path / "set"] == list(tmp_path.iterdir())


def test_finished_files_are_as_readable_as_the_mask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        files.write_text(tmp_path / "file", "x")
        with files.new_folder(tmp_path / "folder"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("digest", "empty", "content"),
    [
        (
            files.sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (files.md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
    ],
)
def test_a_files_sum_is_that_of_the_published_examples(tmp_path, digest, empty, content):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "abc").write_bytes(b"abc")  # the examples of FIPS 180-4 and RFC 1321
    assert (empty, content) == (digest(tmp_path / "empty"), digest(tmp_path / "abc"))


LIMITED = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from bench.core import files

path = Path(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if sys.argv[2] == "whole":
        files.write_bytes(path, bytes(2000))
    else:
        with files.new_folder(path.parent / "folder") as work:
            np.lib.format.open_memmap(work / path.name, mode="w+", dtype=np.uint8, shape=(500,))
            files.reserve(work / path.name)
            (work / "large").touch()
            files.write_bytes(work / path.name, bytes(2000))
except OSError as error:
    print(files.trouble(error))
"""


@pytest.mark.parametrize("way", ["whole", "folder"])
def test_a_file_that_there_is_no_room_for_is_named_and_nothing_of_it_stays(tmp_path, way):
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "values"), way], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert "values: larger than files may be here: raise the limit (ulimit -f) and run the same" in done.stdout
    assert ".part: " not in done.stdout
    assert [] == list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system reserves no room")
def test_room_for_an_array_is_taken_before_it_is_written(tmp_path):
    """A map of a file with holes kills its process, by SIGBUS, where the disk is full."""
    path = tmp_path / "values.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(1_000_000,))
    before = path.stat()
    files.reserve(path)
    assert before.st_size == path.stat().st_size
    assert before.st_blocks * 512 < 1_000_000 <= path.stat().st_blocks * 512


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "a: no space left on the disk: free some and run the same command again"),
        (errno.EDQUOT, "a: no space left on the disk: free some and run the same command again"),
        (errno.EROFS, "a: the file system is read-only: mount it for writing, or choose another folder, and run"),
        (errno.EACCES, "a: this user may not write or read there: choose another folder, or get the right, and run"),
        (errno.EMFILE, "a cannot be opened: too many open files: raise the limit (ulimit -n, now "),
        (errno.ENOENT, None),
    ],
)
def test_what_the_system_refuses_is_said_with_what_to_do(number, said):
    found = files.trouble(OSError(number, os.strerror(number), "a"))
    assert found is said if said is None else found.startswith(said)
