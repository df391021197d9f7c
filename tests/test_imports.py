"""Who may import whom: the contract of `pyproject.toml`."""

import os
import shutil
import subprocess
import sys

import pytest
from running import ROOT


def lint(folder):
    """Check the contract of `pyproject.toml` on the packages of a folder."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(config_filename='pyproject.toml'))"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_every_line_imports_only_what_stands_below_it():
    done = lint(ROOT)
    assert 0 == done.returncode, done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("bench/core/keys.py", "import bench.store.store"),
        ("methods/moco.py", "from tasks import task"),
        ("results/frame.py", "import torch"),
        ("bench/studies/plan.py", "from methods.geokr import GeoKR"),
        ("bench/studies/inputs.py", "from bench.demo import world"),
    ],
)
def test_a_line_that_imports_upwards_breaks_the_contract(tmp_path, file, line):
    for name in ("bench", "methods", "tasks", "results"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "leaderboard"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    wrong = tmp_path / file
    wrong.write_text(f"{wrong.read_text()}\n{line}\n")
    done = lint(tmp_path)
    assert 1 == done.returncode
    assert "BROKEN" in done.stdout
    assert file.removesuffix(".py").replace("/", ".") in done.stdout


QUICK = [
    ["--help"],
    ["run", "--help"],
    ["plan", "--help"],
    ["table", "--help"],
    ["methods"],
    ["tasks"],
    ["products"],
    ["backbones"],
]


def test_a_quick_command_does_not_import_torch(tmp_path):
    code = (
        "import sys\nfrom bench.cli import main\n"
        f"for arguments in {QUICK!r}:\n"
        "    sys.argv = ['bench', *arguments]\n"
        "    try:\n        main()\n    except SystemExit as stop:\n        assert not stop.code, (arguments, stop.code)\n"
        "    slow = {'torch', 'lightly', 'mmengine', 'mmseg'} & sys.modules.keys()\n"
        "    assert not slow, (arguments, slow)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
