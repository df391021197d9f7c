"""The example notebooks run, and what is committed of them is what a reader should see."""

import importlib.util
import re

import nbformat
import pytest
from running import ROOT

FOLDER = ROOT / "docs" / "notebooks"
FASTEST = "judge-my-weights"
NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
# Bytes; a picture is most of it.
LARGEST = 120_000


@pytest.fixture(scope="module")
def execute():
    """The script beside the notebooks."""
    spec = importlib.util.spec_from_file_location("execute", FOLDER / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_three():
    assert ["judge-my-weights", "label-efficiency", "land-cover-corpus"] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_notebook_was_executed_in_order_without_an_error(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert list(range(1, len(code) + 1)) == [cell.execution_count for cell in code]
    assert {"stream", "display_data", "execute_result"} >= {output.output_type for output in outputs(notebook)}
    assert any("text/html" in output.get("data", {}) for output in outputs(notebook))
    assert "**synthetic**" in "".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_notebook_is_small_and_names_no_machine(name):
    text = (FOLDER / f"{name}.ipynb").read_text()
    assert len(text) < LARGEST
    assert [] == re.findall(r'(?<![\w.<])/(?:home|tmp|root|usr|work|var|Users)/[^"\s]*', text)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == FASTEST else [pytest.mark.nightly]) for name in NAMES]
)
def test_a_notebook_runs_to_its_end(execute, name):
    found = execute.execute(execute.notebooks()[name])
    assert [] == [output for output in outputs(found) if output.output_type == "error"]
    assert any(re.search(r"On demo/scenes-probe at .* points", str(output)) for output in outputs(found))
