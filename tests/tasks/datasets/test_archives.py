"""Archives are unpacked only where they may write, and only what they should hold."""

import io
import os
import tarfile
import zipfile

import pytest

from bench.core.errors import DataError
from tasks.datasets.archives import archives, unpack, unpacked


def _zip(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def _tar(path, *members):
    with tarfile.open(path, "w:gz") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "..\\out.txt", "C:/out.txt"])
def test_a_name_that_leaves_the_folder_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(DataError, match="would write outside"):
        unpack(_zip(tmp_path / "bad.zip", [(name, b"x")]), tmp_path / "target")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["bad.zip", "target"]


def test_a_tar_with_a_name_that_leaves_the_folder_is_refused(tmp_path):
    archive = _tar(tmp_path / "bad.tar.gz", (tarfile.TarInfo("../out.txt"), b"x"))
    with pytest.raises(DataError, match="would write outside"):
        unpack(archive, tmp_path / "target")


def test_links_are_refused_in_zip_and_tar(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with pytest.raises(DataError, match="holds the link"):
        unpack(_zip(tmp_path / "bad.zip", [(link, b"/etc/passwd")]), tmp_path / "1")
    member = tarfile.TarInfo("link")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(DataError, match="no plain file"):
        unpack(_tar(tmp_path / "bad.tgz", (member, b"")), tmp_path / "2")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(DataError, match="it is no data set"):
        unpack(_zip(tmp_path / "bomb.zip", [("zeros", bytes(30_000_000))]), tmp_path / "target")
    assert not any((tmp_path / "target").iterdir())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(tmp_path):
    with pytest.raises(DataError, match="1 names twice"):
        unpack(_zip(tmp_path / "twice.zip", [("a", b"1"), ("a", b"2")]), tmp_path / "target")


def test_a_broken_archive_is_named_in_one_line(tmp_path):
    path = _zip(tmp_path / "data.zip", [("a.txt", os.urandom(10_000))])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"data\.zip cannot be unpacked") as caught:
        unpack(path, tmp_path / "1")
    assert "\n" not in str(caught.value)
    path.write_bytes(whole[:200] + b"!!" + whole[202:])
    with pytest.raises(DataError, match=r"data\.zip cannot be unpacked"):
        unpack(path, tmp_path / "2")


def test_a_folder_with_archives_is_seen_as_if_it_were_unpacked_and_nothing_stays_behind(tmp_path):
    source = tmp_path / "download"
    (source / "plain").mkdir(parents=True)
    (source / "plain" / "b.txt").write_text("b")
    inner = _zip(tmp_path / "inner.zip", [("c.txt", b"c")]).read_bytes()
    _zip(source / "outer.zip", [("deep/a.txt", b"a"), ("deep/inner.zip", inner)])
    with unpacked(source, tmp_path / "scratch") as folder:
        found = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        assert found == {"outer/deep/a.txt", "outer/deep/inner/c.txt"}
        assert (folder / "plain" / "b.txt").read_text() == "b"
    assert list((tmp_path / "scratch").iterdir()) == []
    assert (source / "plain" / "b.txt").exists()


def test_archives_that_do_not_matter_or_lie_unpacked_are_left_alone(tmp_path):
    for name in ("2_Ortho_RGB.zip", "1_DSM.zip", "5_Labels_all.zip"):
        _zip(tmp_path / name, [("a", b"a")])
    (tmp_path / "5_Labels_all").mkdir()
    assert [path.name for path in archives(tmp_path, ("2_Ortho_RGB", "5_Labels_all"))] == ["2_Ortho_RGB.zip"]


def test_a_file_that_is_no_archive_and_a_missing_source_are_refused(tmp_path):
    (tmp_path / "data.rar").write_bytes(b"Rar!")
    with pytest.raises(DataError, match="unpack it first"):
        archives(tmp_path / "data.rar")
    with pytest.raises(DataError, match="is not there"):
        archives(tmp_path / "nowhere")


def test_files_and_folders_beside_archives_are_seen_too(tmp_path):
    source = tmp_path / "source"
    (source / "there").mkdir(parents=True)
    _zip(source / "images.zip", [("1.txt", b"one")])
    (source / "table.txt").write_text("two")
    with unpacked(source, tmp_path / "scratch") as folder:
        assert ["images", "table.txt", "there"] == sorted(entry.name for entry in folder.iterdir())
        assert "two" == (folder / "table.txt").read_text()
