"""The built wheel adds exactly the four packages, with the configs inside; what they import is declared."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_adds_exactly_its_top_level_names(wheel):
    names = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"bench", "methods", "tasks", "results", "geokr_bench-0.1.0.dist-info"} == names


def test_the_wheel_says_that_its_packages_are_typed(wheel):
    found = {name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("py.typed")}
    assert {"bench/py.typed", "methods/py.typed", "results/py.typed", "tasks/py.typed"} == found


def test_the_boards_records_stay_out_of_the_wheel(wheel):
    found = (ROOT / "results").rglob("records")
    committed = tuple(f"{path.parent.relative_to(ROOT).as_posix()}/" for path in found)
    assert {"results/leaderboard/", "results/real-transfer/"} < set(committed)
    assert [] == [name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(committed)]


def test_the_wheel_has_the_works_that_a_paper_cites(wheel):
    assert "results/paper/works.yaml" in zipfile.ZipFile(wheel).namelist()


def test_an_installed_wheel_finds_its_configs(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from bench.core import configs; from bench.studies.loading import load_study\n"
        "assert configs.folder().name == '_configs', configs.folder()\n"
        "print(load_study('demo', {}).name, load_study('geokr-2021', {}).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "demo geokr-2021\n"


def third_party_imports():
    """Names of the packages that the harness imports, with one file that does."""
    ours = ("bench", "methods", "tasks", "results")
    found = {}
    for file in (file for folder in ours for file in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in (name.partition(".")[0] for name in names):
                if name not in sys.stdlib_module_names and name not in ours:
                    found.setdefault(name, str(file.relative_to(ROOT)))
    return found


def declared(*extras):
    """Distributions that `pyproject.toml` asks for, those of some extras too, in lower case."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + [line for name in extras for line in project["optional-dependencies"][name]]
    return {re.split(r"[<>=!~;\[ ]", line, maxsplit=1)[0].lower() for line in lines}


def test_every_package_that_is_imported_is_declared():
    asked, distributions = declared("hub", "ray", "torchgeo"), packages_distributions()
    missing = {
        name: file
        for name, file in third_party_imports().items()
        if not {distribution.lower() for distribution in distributions.get(name, [name])} & asked
    }
    assert {} == missing


def test_every_package_that_is_declared_is_imported_or_says_why_it_is_there():
    distributions = packages_distributions()
    used = {distribution.lower() for name in third_party_imports() for distribution in distributions.get(name, [name])}
    text = (ROOT / "pyproject.toml").read_text()
    assert [] == [name for name in sorted(declared() - used) if not re.search(rf'"{name}[^"]*",  # \S', text)]
