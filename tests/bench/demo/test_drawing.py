"""Drawing side by side, with real processes."""

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from bench.core import files
from bench.core.errors import DataError
from bench.demo.drawing import draw_all


def draw(folder: Path, name: str) -> None:
    if name == "broken":
        raise OSError("no space left on device")
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    (folder / name).write_text(str(os.getpid()))


def test_every_part_is_drawn_once_outside_this_process(tmp_path):
    names = [f"{index:02d}" for index in range(12)]
    draw_all([partial(draw, tmp_path, name) for name in names])
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    if len(os.sched_getaffinity(0)) > 1:
        assert str(os.getpid()) not in {path.read_text() for path in tmp_path.iterdir()}


def test_nothing_to_draw_is_no_error():
    draw_all([])


def test_a_part_that_fails_leaves_no_folder_behind(tmp_path):
    with pytest.raises(OSError, match="no space left"), files.new_folder(tmp_path / "set") as work:
        draw_all([partial(draw, work, name) for name in ("whole", "broken", "other")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="on one core this process draws itself")
def test_a_process_that_dies_is_told_in_one_line(tmp_path):
    with pytest.raises(DataError, match="died, perhaps for lack of memory"):
        draw_all([partial(draw, tmp_path, name) for name in ("whole", "killed", "other")])
