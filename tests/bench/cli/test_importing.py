"""Copied scores stand below a store's tables, marked, and change nothing above them."""

from click.testing import CliRunner
from synthetic_records import write_records

from bench.cli import cli
from bench.store.store import Store

HEAD = "dataset,method,metric_name,metric_value,ci_lower,ci_upper,n_train,n_test,seed,name,bands"


def ask(*arguments):
    done = CliRunner().invoke(cli, [*map(str, arguments)], catch_exceptions=False)
    assert 0 == done.exit_code, done.output
    return done.output


def test_copied_scores_are_shown_marked_and_no_verdict_knows_them(make_study, tmp_path):
    store = tmp_path / "store"
    Store(store).open_for_writing()
    write_records(store, make_study())
    before = {command: ask(command, "--store", store) for command in ("table", "verdict", "stats")}
    markdown = ask("table", "--store", store, "--format", "markdown")
    results = tmp_path / "results.csv"
    results.write_text(f"{HEAD}\nm-eurosat,knn5,accuracy,0.999,0.99,1.0,2000,1000,0,geokr,rgb\n")
    assert "1 scores of 1 models of torchgeo-bench, marked as copied" in ask(
        "import", "torchgeo-bench", results, "--store", store
    )
    after = ask("table", "--store", store)
    assert after.startswith(before["table"])
    assert "geokr (copied)" in after
    assert "No verdict, mean or rank of ours counts these rows." in " ".join(after.split())
    assert ask("table", "--store", store, "--format", "markdown").startswith(markdown)
    assert "| geokr (copied) | bands rgb | 2000 | 1000 | 99.90 | [99.00, 100.00] |" in ask(
        "table", "--store", store, "--format", "markdown"
    ).replace("\\", "")
    for command in ("verdict", "stats"):
        assert before[command] == ask(command, "--store", store)
