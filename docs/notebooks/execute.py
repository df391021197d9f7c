"""Execute the example notebooks: `python docs/notebooks/execute.py [NAME ...]` writes their outputs into them.

Each runs in an empty folder of its own. What the demo draws is drawn before, so that no output names a folder.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent
# Seconds of a single cell, on a machine that has other work.
PATIENCE = 1800


def notebooks() -> dict[str, Path]:
    """The notebooks by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.ipynb"))}


def execute(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in a new folder, and return it with its outputs.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell ends with an error.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=PATIENCE,
            kernel_name="python3",
            record_timing=False,
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    notebook.metadata.pop("language_info", None)  # names the version of Python
    return notebook


def main(names: list[str]) -> None:
    """Execute the notebooks of these names, all where none is given."""
    import bench as gb

    # Said of a library that looks for widgets, with the folder that it was installed in.
    os.environ["PYTHONWARNINGS"] = "ignore:IProgress not found"
    gb.plan(gb.study("demo", methods=["geokr"], tasks=["probe"]))
    known = notebooks()
    for name in names or known:
        nbformat.write(execute(known[name]), known[name])
        print(f"executed {name}")


if __name__ == "__main__":
    main(sys.argv[1:])
