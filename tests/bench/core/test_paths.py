from pathlib import Path

from bench.core.paths import data_home


def test_a_named_folder_comes_first_and_may_be_relative_or_under_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCH_DATA", "data")
    assert tmp_path / "data" == data_home()
    monkeypatch.setenv("BENCH_DATA", "~/mine")
    assert tmp_path / "mine" == data_home()


def test_without_one_it_is_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.delenv("BENCH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tmp_path / "cache" / "geokr-bench" == data_home()
    monkeypatch.setenv("HOME", str(tmp_path))
    for absent in ("unset", ""):
        monkeypatch.setenv("XDG_CACHE_HOME", "") if absent == "" else monkeypatch.delenv("XDG_CACHE_HOME")
        assert Path(tmp_path / ".cache" / "geokr-bench") == data_home()


def test_an_empty_name_counts_as_none(tmp_path, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tmp_path / "geokr-bench" == data_home()
