"""The Python API on a real store: what a run gives, workers from a script and from a notebook, types of a user's script."""

import os
import shutil
import subprocess
import sys
import textwrap

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from running import ROOT, bench

import bench as gb
from bench.store.store import Store


@pytest.fixture
def lacking(finished, tmp_path):
    """A finished store without one of its records, and that record's key."""
    store = shutil.copytree(finished[0], tmp_path / "store")
    record = min((store / "records").iterdir())
    record.unlink()
    return store, record.stem


def test_a_run_of_what_is_done_gives_the_records_and_what_the_command_says_of_them(study, finished, capfd):
    store, printed = finished
    frame = gb.run(study, store)
    assert "everything is done already" in capfd.readouterr().err
    assert {path.stem for path in (store / "records").iterdir()} == set(frame["key"])
    assert {"store": str(store.resolve())} == frame.attrs
    said = " ".join(printed.split())
    assert all(sentence in said for sentence in gb.verdict(frame).sentences)
    assert bench("verdict", "--store", store).stdout == f"{gb.verdict(frame)}\n"
    assert (store / "tables" / "small" / "table.md").read_text() == gb.table(frame, "markdown")


def test_a_plan_counts_what_is_done(study, finished):
    planned = gb.plan(study, finished[0])
    assert (0, "0 of 12 cells to do") == (planned.to_do, planned.cost[:19])
    assert list(planned.cells["in all"]) == list(planned.cells["done"])
    assert "0 of 12 cells to do" in planned._repr_html_()


def test_weights_of_a_store_are_loaded_as_a_network_that_normalises(finished):
    import torch

    there = gb.weights(finished[0])
    assert {"random", "geokr", "moco"} == set(there["row"])
    network = gb.load_weights(there["key"][0][:10], finished[0])
    assert not network.training
    assert tuple(there["mean"][0]) == network.input.mean
    images = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    assert torch.equal(network.backbone(network.normalise(images))[0], network(images)[0])


def test_a_job_that_failed_is_an_error_at_the_end_or_a_warning(study, lacking):
    store, key = lacking
    Store(store).write_failure(key, {"error": "the loss is nan", "diverged": True})
    with pytest.raises(
        gb.FailedError, match=r"the loss is nan: what is done is kept in .*, run the study again"
    ) as caught:
        gb.run(study, store)
    assert 1 == len(caught.value.failures)
    with pytest.warns(UserWarning, match=r"^failed: .*: the loss is nan$"):
        frame = gb.run(study, store, failures="warn")
    assert 11 == len(frame)
    assert key not in set(frame["key"])


def test_a_script_without_a_guard_runs_what_is_missing(study, lacking, tmp_path):
    store, key = lacking
    script = tmp_path / "script.py"
    script.write_text(f"import bench as gb\nprint('begun')\nprint(len(gb.run({str(study)!r}, {str(store)!r})))\n")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert (0, "begun\n12\n") == (done.returncode, done.stdout), done.stderr
    assert (store / "records" / f"{key}.json").is_file()


def notebook(*cells):
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return NotebookClient(made, timeout=600, kernel_name="python3")


def test_a_notebook_runs_what_is_missing_beside_its_own_threads_and_shows_one_line_of_progress(study, lacking):
    store, key = lacking
    begin = "import threading, time, bench as gb\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
    found = notebook(begin, f"frame = gb.run({str(study)!r}, {str(store)!r})\ngb.table(frame)").execute()
    assert (store / "records" / f"{key}.json").is_file()
    shown = [output["data"] for output in found.cells[1].outputs if "data" in output]
    assert ["1 of 1 jobs done"] == [each["text/plain"] for each in shown if "jobs done" in each["text/plain"]]
    assert "<table>" in shown[-1]["text/html"]
    assert shown[-1]["text/plain"].startswith("### tests/scenes")


def test_a_mistake_in_a_notebook_is_one_line(tmp_path):
    with pytest.raises(CellExecutionError) as caught:
        notebook(f"import bench as gb\ngb.frame({str(tmp_path)!r})").execute()
    said = str(caught.value)
    assert f"StoreError: {tmp_path} holds no records folder" in said
    assert "Traceback" not in said


TYPED = """
    from pathlib import Path

    import pandas as pd
    import torch

    import bench as gb

    study = gb.Study(
        name="mine", methods=["geokr", {"moco": {"as": "m", "lr": 0.1}}], backbones=["resnet18"], tasks=("seg",),
        protocols={"seg": ["demo/city"]}, corpus=Path("corpus"), fractions=[0.01, 1], weights={"own": Path("a.pth")},
        engine={"workers": 2},
    )
    other: gb.Study = gb.study("demo", {"pretrain.epochs": 2}, seeds=5, budget={"views": 512})
    planned: gb.Planned = gb.plan(study, store=Path("runs"))
    frame: pd.DataFrame = gb.run(other, workers="auto", progress=False)
    text: str = gb.table(frame, "latex")
    shown: gb.Table = gb.table(frame)
    sentences: list[str] = gb.verdict(frame[frame["fraction"] == 1], baselines="random").sentences
    network: gb.Pretrained = gb.load_weights("abc")
    vectors: torch.Tensor = network.pooled(torch.zeros(1, 3, 64, 64))
    pairs: pd.DataFrame = gb.stats(gb.frame("runs")).pairwise
    try:
        gb.plot(frame, "ranking").save("ranking.png")
    except gb.BenchError as error:
        print(error, planned.cost, text, shown, sentences, vectors, pairs)
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """What `mypy --strict` says of a script, with what it kept of this repository where it has looked at that."""
    cache = tmp_path_factory.mktemp("mypy")

    def check(text):
        script = cache / "script.py"
        script.write_text(textwrap.dedent(text))
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", cache / "kept", script]
        environment = os.environ | {"MYPYPATH": str(ROOT)}
        return subprocess.run(command, cwd=cache, env=environment, capture_output=True, text=True, check=False).stdout

    return check


@pytest.mark.nightly
def test_a_typed_script_passes_a_strict_check_and_wrong_ones_do_not(checked):
    assert "Success: no issues found in 1 source file\n" == checked(TYPED)
    for wrong, said in (
        ('gb.study("demo", seeds="three")', '"seeds" to "study" has incompatible type "str"'),
        ('gb.study("demo", sedes=3)', 'Unexpected keyword argument "sedes"'),
        ('gb.table(gb.frame(), "word")', 'No overload variant of "table"'),
    ):
        assert said in checked(f"import bench as gb\n\n{wrong}\n")
