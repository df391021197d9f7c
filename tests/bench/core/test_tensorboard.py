"""Curves go to a folder of the job, by mmengine's backend; where the package is absent a line says so."""

import importlib.util

import pytest

from bench.core.errors import StudyError
from bench.core.tensorboard import Board, check_installed, folder_of


def test_what_is_written_is_read_back_by_tensorboard(tmp_path):
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Board(tmp_path / "job") as board:
        board.add({"loss": 0.5}, 10)
        board.add({"loss": 0.25}, 20)
    found = accumulators.EventAccumulator(str(tmp_path / "job"))
    found.Reload()
    assert [(10, 0.5), (20, 0.25)] == [(each.step, each.value) for each in found.Scalars("loss")]


def test_a_board_without_a_folder_writes_nothing(tmp_path):
    with Board(None) as board:
        board.add({"loss": 0.5}, 1)
        assert not board.on
    assert [] == list(tmp_path.iterdir())


def test_a_job_has_a_folder_of_its_own_whatever_its_name(tmp_path):
    assert tmp_path / "a-b-c-01234567" == folder_of(tmp_path, "a/b: c", "0123456789")
    assert folder_of(None, "a", "0") is None


def test_an_absent_package_is_one_line(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StudyError, match="needs tensorboard: uv pip install"):
        check_installed()
