import os

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
