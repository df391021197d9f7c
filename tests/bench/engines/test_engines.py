"""The door for engines: what a study may say, and what is refused."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench import engines
from bench.core.errors import StudyError
from bench.engines.engine import Call, perform
from bench.engines.local import LocalEngine, LocalOptions
from bench.studies.loading import load_study


def fail(_report, *, text):
    os.write(1, b"failing\n")
    raise RuntimeError(text)


def fill(_report):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "runs/weights/a")


def test_a_call_that_met_a_full_disk_says_that_none_could_do_better(tmp_path):
    event = perform(Call("a", f"{__name__}:fill", {}, str(tmp_path / "log")), lambda *_: None)
    said = "runs/weights/a: no space left on the disk: free some and run the same command again"
    assert {"error": said, "traceback": "", "user": True, "halts": True} == event.value


def complain(_report):
    os.write(2, b"a library's warning\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the full device is of Linux")
def test_a_log_that_is_on_a_full_disk_is_named():
    event = perform(Call("a", f"{__name__}:complain", {}, "/dev/full"), lambda *_: None)
    assert "/dev/full: no space left on the disk: free some and run the same command again" == event.value["error"]
    assert event.value["halts"]


def test_a_log_that_cannot_be_written_is_told_as_any_failure(tmp_path):
    (tmp_path / "file").touch()
    event = perform(Call("a", f"{__name__}:fill", {}, str(tmp_path / "file" / "log")), lambda *_: None)
    assert ("raised", "FileExistsError" in event.value["error"]) == (event.kind, True)


def test_without_a_kind_work_runs_on_this_machine():
    options = load_study("demo", {"engine.workers": 3}).engine
    assert LocalOptions(workers=3) == options
    assert 3 == options.count_slots()
    with engines.get(options.kind).open(options) as engine:
        assert isinstance(engine, LocalEngine)


def test_an_unknown_engine_is_refused_with_the_known_ones():
    with pytest.raises(StudyError, match="unknown engine 'slurm': choose from local"):
        load_study("demo", {"engine.kind": "slurm"})


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ({"workers": 0}, r"mine.yaml: engine\.workers.*greater than 0, got 0"),
        ({"partition": "gpu"}, r"mine.yaml: unknown key 'engine\.partition'"),
        ({"device": "tpu"}, r"mine.yaml: engine\.device: .*got 'tpu'"),
        (4, r"mine.yaml: engine: .*got 4"),
    ],
)
def test_an_engines_options_are_checked_when_the_study_is_read(tmp_path, engine, message):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"extends": "demo", "name": "mine", "engine": engine}))
    with pytest.raises(StudyError, match=message):
        load_study(file, {})


def test_engines_are_found_without_torch():
    code = "import sys; from bench import engines; engines.registry.all(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_a_call_raises_becomes_one_line_and_its_output_stays_in_its_log(tmp_path, monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "calls", sys.modules[__name__])
    event = perform(Call("one", "calls:fail", {"text": "first\nsecond"}, str(tmp_path / "log.txt")), lambda *_: None)
    assert ("raised", "RuntimeError: first") == (event.kind, event.value["error"])
    assert "second" in event.value["traceback"]
    assert "failing\n" == (tmp_path / "log.txt").read_text()
    assert "" == capfd.readouterr().out
