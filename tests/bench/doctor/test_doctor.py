"""`bench doctor` says what is amiss on a machine where something is broken for real, and never falls over it."""

import json
import os
import resource
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from running import COMMAND, ROOT

from bench.doctor import finding, installed, machine, places
from bench.doctor.finding import Finding, failed, nameless, report

GIB = 1 << 30


def doctor(*arguments, before="", **variables):
    """The command in a process of its own, after some lines of Python."""
    return subprocess.run(
        [sys.executable, "-c", f"{before}\n{COMMAND}", "doctor", *map(str, arguments)],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def sick(tmp_path_factory):
    """One look at a machine with two OpenCVs, 48 open files, a torchvision that does not load, and a foreign store."""
    folder = tmp_path_factory.mktemp("sick")
    packages = folder / "packages"
    for name, version in (("opencv_python", "4.12.0.88"),):
        described = packages / f"{name}-{version}.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}\n"
        )
    (packages / "torchvision.py").write_text(
        "raise ImportError('undefined symbol: _ZN5torch3jit17parseSchemaOrName')\n"
    )
    store = folder / "store"
    store.mkdir()
    (store / "thesis.tex").touch()
    limit = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (48, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))"
    out = folder / "report.md"
    done = doctor("--store", store, "--json", "--out", out, before=limit, PYTHONPATH=str(packages))
    assert "Traceback" not in done.stderr
    return done, {each["name"]: each for each in json.loads(done.stdout)["findings"]}, out.read_text()


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("opencv", "opencv-python and opencv-python-headless are both installed", "pip uninstall -y opencv-python"),
        ("open files", "a process may hold 48 open", "ulimit -n 1024"),
        ("torchvision's operators", "ImportError: undefined symbol", "in one command"),
        ("store's layout", "holds other files and no store.json", "choose another --store"),
    ],
)
def test_what_is_broken_fails_with_what_to_do(name, text, advice, sick):
    done, found, _ = sick
    assert 1 == done.returncode
    assert "fail" == found[name]["state"]
    assert text in found[name]["text"]
    assert advice in found[name]["advice"]


def test_what_is_sound_beside_it_is_still_looked_at(sick):
    _, found, _ = sick
    assert not json.loads(sick[0].stdout)["ok"]
    for name in ("python", "torch", "mmseg", "torch loads", "devices", "cv2 loads", "locks", "clock", "data"):
        assert "ok" == found[name]["state"], found[name]


def test_the_report_is_a_table_of_the_same_findings(sick):
    _, found, page = sick
    rows = [line for line in page.splitlines() if line.startswith(("| ok", "| warn", "| fail"))]
    assert len(found) == len(rows)
    assert "| fail | open files | a process may hold 48 open |" in page


def test_a_torch_that_kills_its_process_is_a_line(tmp_path):
    (tmp_path / "torch.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    done = doctor("--store", tmp_path / "runs", PYTHONPATH=str(tmp_path))
    assert (1, "") == (done.returncode, done.stderr)
    assert "fail  torch loads: the process died of SIGSEGV: run `uv pip install -e .`" in done.stdout


def test_folders_that_take_no_data_are_named(tmp_path):
    """A limit on the size of files is what a full disk is to a program that writes."""
    program = (
        "import resource, sys; from pathlib import Path; from bench.doctor import places;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "print(places.room('store', '--store', Path(sys.argv[1])).line())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (
        f"fail  store: {tmp_path} cannot be written (File too large): make room, or name another by --store\n"
        == done.stdout
    )


def test_a_full_file_system_is_named(tmp_path):
    """A file system of 1 MiB, mounted where no one else sees it."""
    program = (
        "import sys; from pathlib import Path; from bench.doctor import places;"
        "print(places.room('data', 'BENCH_DATA', Path(sys.argv[1])).line())"
    )
    script = 'mount -t tmpfs -o size=1m none "$1" && head -c 900k /dev/zero > "$1/full" && "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", tmp_path, sys.executable, program],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"no file system of one's own here: {done.stderr.strip()}")
    assert f"fail  data: {tmp_path} cannot be written (No space left on device): make room" in done.stdout


def test_a_folder_that_is_not_there_is_tried_in_the_one_above(tmp_path):
    found = places.room("store", "--store", tmp_path / "a" / "b")
    assert f"{tmp_path / 'a' / 'b'} (not there yet), " in found.text
    assert [] == list(tmp_path.iterdir())


def test_little_room_is_a_warning_and_next_to_none_a_failure(tmp_path, monkeypatch):
    states = []
    for free in (10 * GIB, 3 * GIB, GIB // 8):
        monkeypatch.setattr("shutil.disk_usage", lambda _folder, free=free: SimpleNamespace(free=free))
        states.append(places.room("store", "--store", tmp_path).state)
    assert ["ok", "warn", "fail"] == states


def test_a_clock_that_is_off_is_a_warning(tmp_path, monkeypatch):
    now = places.time.time()
    monkeypatch.setattr(places.time, "time", lambda: now - 90)
    found = places.clock(tmp_path)
    assert ("warn", True) == (found.state, "ahead" in found.text)


def test_without_flock_claims_are_said_to_be_leases(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "has_flock", lambda _folder: False)
    assert "warn  locks: none on the file system" in places.locks(tmp_path).line()


def test_locks_that_keep_nobody_off_are_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(places.fcntl, "flock", lambda *_: None)
    assert "keeps nobody off" in places.locks(tmp_path).text


@pytest.mark.parametrize(
    ("limit", "state"), [(48, "fail"), (256, "warn"), (1024, "ok"), (resource.RLIM_INFINITY, "ok")]
)
def test_open_files_are_held_against_what_a_run_needs(limit, state):
    assert state == machine.open_files(limit).state


def test_a_containers_limit_is_the_tightest_of_its_groups(tmp_path):
    own = tmp_path / "own"
    own.write_text("0::/a/b\n")
    inner = tmp_path / "groups" / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "memory.max").write_text("max\n")
    assert machine.memory_limit(tmp_path / "groups", own) is None
    (inner.parent / "memory.max").write_text(f"{2 * GIB}\n")
    assert 2 * GIB == machine.memory_limit(tmp_path / "groups", own)
    meminfo = tmp_path / "meminfo"
    meminfo.write_text(f"MemTotal: {16 << 20} kB\nMemAvailable: {8 << 20} kB\n")
    found = machine.memory(meminfo, tmp_path / "groups", own)
    assert ("warn", "8.0 of 16.0 GiB free; the container may use 2.0 GiB") == (found.state, found.text)


def test_pythons_of_other_versions_are_refused_as_pyproject_says():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    states = [installed.python(version, wanted).state for version in ("3.10.14", "3.11.0", "3.13.5", "3.14.0")]
    assert ["fail", "ok", "ok", "fail"] == states


def test_a_library_that_is_absent_or_too_old_is_named_with_what_is_wanted():
    wanted = [installed.Requirement(text) for text in ("torch>=99", "no-such-package>=1", "click>=8")]
    found = {each.name: each for each in installed.libraries(wanted)}
    assert ("fail", True) == (found["torch"].state, found["torch"].text.endswith("wanted is >=99"))
    assert "no-such-package is not installed" == found["no-such-package"].text
    assert "1 as required" == found["other libraries"].text


def test_a_report_names_neither_the_user_nor_their_folders(monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: Path("/people/ada"))
    monkeypatch.setattr(finding.getpass, "getuser", lambda: "ada")
    findings = [
        Finding("store", "ok", "/people/ada/runs, 3 GiB free"),
        Finding("data", "warn", "/scratch/ada/data | /people/adam/x", "see /people/ada"),
    ]
    page = report(findings, "0.1.0")
    assert "| ok | store | ~/runs, 3 GiB free |  |" in page
    assert r"| warn | data | /scratch/<user>/data \| /people/adam/x | see ~ |" in page
    assert "canada" == nameless("canada")


def test_only_failures_fail():
    assert not failed([Finding("a", "ok", ""), Finding("b", "warn", "")])
    assert failed([Finding("a", "ok", ""), Finding("b", "fail", "")])
