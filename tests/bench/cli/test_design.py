"""`bench plan --design`: a sheet that an author can paste into an appendix, before anything has run."""

import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner
from running import bench
from synthetic_sheets import sheet

from bench.cli.design import grids_of
from bench.cli.plan import plan

PAPER = ["--study", "geokr-2021", "--design"]


def printed(*arguments, home):
    """What the command prints of the paper's study, whose corpus and data sets are absent."""
    done = CliRunner().invoke(plan, [*PAPER, *arguments], env={"BENCH_DATA": str(home), "COLUMNS": "200"})
    assert 0 == done.exit_code, done.output
    return done.stdout


def test_markdown_has_a_table_for_each_group_of_columns_and_marks_what_differs(tmp_path):
    text = printed("--format", "markdown", home=tmp_path)
    titles = [line.removeprefix("### Design of geokr-2021: ") for line in text.splitlines() if line.startswith("###")]
    groups = ["what is learned from", "budget and compute", "recipe", "augmentations"]
    groups += ["labels", "training", "sentences"]
    assert groups == titles
    assert "| geokr | geokr | resnet50 | its own: 10 epochs \\* |" in text
    assert "| moco | moco | resnet50 | its own: 200 epochs \\* |" in text
    assert "\\*: differs from another row that it is compared with." in text
    assert "| geokr against moco | weights |" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(line.replace("\\|", "").split("|")) for line in lines} == {5, 10, 11, 12, 15}


def test_the_terminal_shows_the_same_marks_without_colours(tmp_path):
    text = printed(home=tmp_path)
    assert "its own: 200 epochs *" in text
    assert "*: unfair as it stands." in text
    assert "study geokr-2021 needs a corpus" in " ".join(text.split())


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and "BENCH_NEED_LATEX" not in os.environ,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended)",
)
def test_latex_compiles_and_no_table_of_it_leaves_the_page(tmp_path):
    (tmp_path / "sheet.tex").write_text(printed("--format", "latex", home=tmp_path))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "sheet.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert 0 == done.returncode, done.stdout[-2000:]
    assert "in alignment" not in done.stdout


def test_a_format_without_the_sheet_is_refused_in_one_line():
    done = bench("plan", "--format", "latex")
    assert 2 == done.returncode
    assert "bench: --format is of the design sheet: add --design, or leave it out\n" == done.stderr


def test_a_kept_sheet_from_before_a_column_is_shown_without_it():
    tables = {grid.title: grid for grid in grids_of(sheet())}
    assert ["protocol", "split"] == tables["Design of demo: labels"].header
    assert ["protocol"] == tables["Design of demo: training"].header
