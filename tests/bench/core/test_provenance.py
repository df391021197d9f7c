"""What a record says of where it was computed, and that it names no person, machine or time."""

import platform
import re
import shutil
import socket
import subprocess
import sys
from importlib.metadata import version

import pytest
import torch
from running import ROOT

from bench import __version__
from bench.core.provenance import LIBRARIES, describe, of_weights


def test_versions_device_and_threads_are_described():
    found = describe(torch.device("cpu"), 3)
    assert {
        "bench": __version__,
        "device": "cpu",
        "threads": 3,
        "python": platform.python_version(),
    }.items() <= found.items()
    assert set(LIBRARIES) == set(found["libraries"])
    assert torch.__version__.split("+")[0] == found["libraries"]["torch"].split("+")[0]
    assert torch.backends.cpu.get_cpu_capability() == found["capability"]


def test_the_library_of_a_backbone_is_named_beside_the_others():
    plain, of_timm = (describe(torch.device("cpu"), 1, *more)["libraries"] for more in ((), ("timm",)))
    assert plain | {"timm": version("timm")} == of_timm
    assert "timm" not in plain


def test_a_record_says_which_machine_made_its_weights():
    described = describe(torch.device("cpu"), 1)
    told = of_weights({"provenance": described})
    assert {"device": "cpu", "device_name": described["device_name"], "torch": version("torch")} == told
    assert {} == of_weights({})


def test_neither_the_machine_nor_its_folders_are_named():
    text = str(describe(torch.device("cpu"), 1))
    assert str(ROOT) not in text
    assert len(socket.gethostname()) < 4 or socket.gethostname() not in text


@pytest.fixture
def checkout(tmp_path):
    """A checkout of the harness' own code with one commit."""
    shutil.copytree(ROOT / "bench", tmp_path / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "first")
    return tmp_path


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def revision(folder):
    code = "from bench.core.revision import revision; print(revision())"
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_the_revision_is_the_checkouts_commit_and_a_plus_says_that_files_differ(checkout):
    head = git(checkout, "rev-parse", "HEAD")
    assert head[:12] == revision(checkout)
    (checkout / "note.txt").write_text("not part of the code")
    assert head[:12] == revision(checkout)
    keys = checkout / "bench" / "core" / "keys.py"
    keys.write_text(f"{keys.read_text()}# changed\n")
    assert f"{head[:12]}+" == revision(checkout)


def test_outside_a_checkout_there_is_no_revision(checkout):
    shutil.rmtree(checkout / ".git")
    assert "" == revision(checkout)


def test_this_checkouts_records_say_of_which_commit_they_are():
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    assert re.fullmatch(r"[0-9a-f]{12}\+?", describe(torch.device("cpu"), 1)["revision"])
