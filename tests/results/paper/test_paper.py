"""The parts of a paper compile with a real LaTeX, whatever the names, and say what the records say."""

import os
import shutil
import subprocess

import pandas as pd
import pytest

needs_latex = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("pdflatex", "bibtex", "kpsewhich")) and "CI" not in os.environ,
    reason="pdflatex is not installed (Debian: texlive-latex-recommended texlive-science)",
)
needs_siunitx = pytest.mark.skipif(
    shutil.which("kpsewhich") is not None
    and not subprocess.run(["kpsewhich", "siunitx.sty"], capture_output=True, check=False).stdout
    and "CI" not in os.environ,
    reason="siunitx is not installed (Debian: texlive-science)",
)


@pytest.fixture(scope="module")
def paper(tmp_path_factory, make_fair_study, write_store):
    """A paper of rows of every start, one with a name that LaTeX would trip over, and one protocol of real images."""
    from click.testing import CliRunner

    from bench.cli.paper import command

    folder = tmp_path_factory.mktemp("paper")
    records = make_fair_study(fractions=(0.01, 1.0), seeds=3, pretraining={"steps": 100.0, "flops": 1e12})
    odd = make_fair_study(methods=("moco",), fractions=(0.01, 1.0), seeds=2, seed=3)
    records += [
        record.model_copy(update={"row": r"_%&#$\{}~^<moco> [x] -- ±", "options": {"batch": 7}}) for record in odd
    ]
    started = make_fair_study(methods=("moco",), fractions=(0.01,), seeds=3, seed=4)
    records += [
        record.model_copy(
            update={"options": {"init": "imagenet", "steps": 100}, "warnings": {"loss-constant": "0.1 & 0.1"}}
        )
        for record in started
    ]
    write_store(folder / "store", records)
    done = CliRunner().invoke(command, ["--store", str(folder / "store"), "--out", str(folder / "out")])
    assert 0 == done.exit_code, done.output + repr(done.exception)
    return folder / "out"


@needs_latex
@needs_siunitx
def test_the_document_compiles_without_a_reference_that_is_missing(paper):
    latex = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "main.tex"]
    for command in (latex, ["bibtex", "main"], latex, latex):
        done = subprocess.run(command, cwd=paper, capture_output=True, text=True, errors="replace", check=False)
        assert 0 == done.returncode, done.stdout[-3000:]
    log = (paper / "main.log").read_text(errors="replace")
    assert "undefined" not in log
    assert (paper / "main.pdf").stat().st_size > 10_000
    if shutil.which("pdffonts"):
        fonts = subprocess.run(["pdffonts", "main.pdf"], cwd=paper, capture_output=True, text=True, check=True)
        lines = fonts.stdout.splitlines()[2:]
        assert lines
        assert not [line for line in lines if "Type 3" in line or " no " in line.split("yes")[0]]


def test_figures_are_vector_files_of_both_widths_with_embedded_truetype_fonts(paper):
    figures = sorted((paper / "figures").glob("*.pdf"))
    assert {"88", "181"} == {path.stem.rpartition("-")[2] for path in figures}
    for path in figures:
        content = path.read_bytes()
        assert b"/FontFile2" in content
        assert b"/Type3" not in content
        box = content.split(b"/MediaBox [ ")[1].split(b" ]")[0].split()
        assert float(box[2]) == pytest.approx(float(path.stem.rpartition("-")[2]) / 25.4 * 72, abs=0.01)


def test_rows_stand_in_groups_of_what_they_started_from_and_scores_in_columns_of_numbers(paper):
    (table,) = (paper / "tables").glob("*.tex")
    text = table.read_text()
    groups = [line for line in text.splitlines() if r"\emph{" in line]
    assert ["not pretrained", "pretrained from scratch", "pretrained from ImageNet"] == [
        line.split(r"\emph{")[1].partition("}")[0] for line in groups
    ]
    assert text.count("S[table-format=") == 2
    assert r"\textdaggerdbl{}" in text
    assert "{---}" in text
    assert r"\_\%\&\#\$\textbackslash{}" in text


def test_scores_of_a_table_are_those_of_the_records(make_study):
    from results.frame import from_records
    from results.paper.tables import score_tables
    from results.stats.block_model import compare

    frame = from_records(make_study(methods=("random", "geokr"), fractions=(1.0,), seeds=3))
    ((_, _, text),) = score_tables(frame, compare(frame))
    scores = frame[frame["variant"] == "geokr"]["score"]
    assert f"{100 * scores.mean():.2f}({round(10_000 * scores.std())})" in text


def test_the_appendix_says_options_compute_licences_and_seeds(paper):
    options = (paper / "appendix" / "options.tex").read_text()
    assert "init = imagenet" in options
    assert "steps = 100" in options
    licences = (paper / "appendix" / "licences.tex").read_text()
    assert "demo{-}city & data set & as the harness" in licences
    assert "corpus cccc3333 & corpus & ?" in licences
    seeds = pd.read_csv(paper / "seeds.csv")
    assert {"pretrain_seed", "subset_seed", "train_seed"} <= set(seeds)
    assert 25 == len(seeds)
    assert "@article{li2021" in (paper / "references.bib").read_text()
    assert r"\cite{li2021}" in (paper / "appendix" / "methods.tex").read_text()


def test_the_checklist_answers_from_the_store(paper):
    lines = (paper / "checklist.tex").read_text().splitlines()
    answers = {line.split(" & ")[0]: line.split(" & ")[1] for line in lines if line.count(" & ") == 2}
    assert "no" == answers["Were questions stated before the results?"]
    assert "yes" == answers["Are scores given with their spread over repeats?"]
    assert "no" == answers["Are the weights at hand?"]
    assert "no" == answers["Is the licence of all data and weights stated?"]


def test_a_protocol_s_values_stand_with_their_sources_where_the_file_is_that_of_the_records():
    from bench.cli.paper import _values
    from tasks.protocols import load_protocol

    protocol = load_protocol("demo/city")
    found = {name: (value, source) for name, value, source in _values("demo/city", {protocol.hash})}
    assert protocol.sources["metric"] == found["metric"][1]
    assert protocol.metric == found["metric"][0]
    assert set(protocol.sources) == set(found)
    assert [] == _values("demo/city", {"0" * 16})
    assert [] == _values("nobody/knows", {"0" * 16})


def test_a_corpus_of_no_record_is_refused(run_bench, store, tmp_path):
    done = run_bench("paper", "--store", str(store), "--out", str(tmp_path / "out"), "--corpus", str(tmp_path))
    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())
