"""Who may import whom: the design's one direction, held by reading the code."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FORBIDDEN = {
    "methods": {"tasks", "results"},
    "tasks": {"methods", "results"},
    "results": {"torch", "torchvision", "lightly", "mmengine", "mmseg", "mmdet", "methods"},
    "bench/corpus": {"torch", "methods", "tasks", "results"},
    "bench/demo": {"torch", "methods", "tasks", "results"},
    "bench/engines": {"torch", "methods", "tasks", "results"},
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    wrong = {
        (str(path.relative_to(ROOT)), name)
        for path in files
        for name in imported(path)
        if name.split(".")[0] in FORBIDDEN[room]
    }
    assert not wrong


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["plan", "--help"], ["table", "--help"], ["methods"], ["tasks"]]
)
def test_a_quick_command_does_not_import_torch(arguments, tmp_path):
    code = (
        "import sys\nfrom bench.cli import main\n"
        f"sys.argv = ['bench', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "slow = {'torch', 'lightly', 'mmengine', 'mmseg'} & sys.modules.keys()\nassert not slow, slow\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
