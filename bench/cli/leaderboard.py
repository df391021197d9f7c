"""`bench leaderboard`: the page, the committed leaderboard, and the check that its records still come out."""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

import click

from bench.cli import as_json as document
from bench.cli import completing, options
from bench.cli.options import FOLDER
from bench.cli.submit import accept
from bench.store.store import Store
from results import check as checking
from results import publishing
from results.frame import scan
from results.page import write_page
from results.page.failures import read_failures

COMMITTED = Path("results/leaderboard")
STUDY = "leaderboard"
# Test samples a cell whose predictions the committed page shows.
PREDICTIONS = 2


@click.group()
def group() -> None:
    """Write the leaderboard page, and check committed records against a fresh run."""


@group.command()
@options.store()
@click.option("--out", type=FOLDER, default=Path("leaderboard"), show_default=True, help="Folder for index.html.")
@click.option("--protocols", help="Comma-separated protocols that it is of; all by default.")
def page(store: Path, out: Path, protocols: str | None) -> None:
    """Write one static HTML file with tables, curves, verdicts and the provenance of every number."""
    from bench.cli.study import split

    path, left_out = write_page(store, out, () if protocols is None else split("protocols", protocols, str))
    for line in left_out:
        click.echo(f"bench: left out: {line}", err=True)
    click.echo(path)


@group.command()
@click.option("--study", default=STUDY, show_default=True, help="Study to run.", shell_complete=completing.studies)
@options.store("Take this store instead of running the study from nothing.", default=None)
@click.option("--out", type=FOLDER, default=COMMITTED, show_default=True, help="Folder to commit.")
@click.option(
    "--weights-of",
    type=click.IntRange(min=0),
    metavar="N",
    help="Keep the pretrained weights of repeat N, from 0, for `replay`.",
)
def build(study: str, store: Path | None, out: Path, weights_of: int | None) -> None:
    """Run the leaderboard's study from nothing, and write its records, tables and page to be committed.

    Failed cells are holes in the page; the exit code is then 1.
    """
    with tempfile.TemporaryDirectory(prefix="bench-leaderboard-") as folder:
        made = store or _run_from_nothing(study, Path(folder), PREDICTIONS)
        kept = None if weights_of is None else block_of(study, weights_of)
        click.echo(publishing.publish(made, out, kept))
        failures = _failures(made)
        for line in failures:
            click.echo(f"failed: {line}")
        if failures:
            raise click.exceptions.Exit(1)


@group.command()
@click.option("--study", default=STUDY, show_default=True, help="Study to run.", shell_complete=completing.studies)
@click.option(
    "--committed", type=FOLDER, default=COMMITTED, show_default=True, help="Committed records to compare with."
)
@click.option("--fresh", type=FOLDER, help="Compare with this store instead of running the study from nothing.")
@click.option("--repeat", type=click.IntRange(min=0), metavar="N", help="Make and hold repeat N alone, from 0.")
@options.as_json
def check(study: str, committed: Path, fresh: Path | None, repeat: int | None, *, as_json: bool) -> None:
    """Run the leaderboard's study from nothing and compare it with the committed records, record by record.

    On the same kind of machine every bit must be equal; elsewhere each cell has a tolerance from its seeds' spread.
    Exits 1 when a number moved: if it was meant to, run `bench leaderboard build` and say why in the changelog.
    """
    scan(committed)  # refuses a folder without records before the long run
    block = None if repeat is None else block_of(study, repeat)
    with tempfile.TemporaryDirectory(prefix="bench-leaderboard-") as folder:
        with _elsewhere(as_json):
            made = fresh or _run_from_nothing(study, Path(folder), repeat=repeat)
        report = checking.compare(committed, made, block)
        failures = _failures(made)
    stale = publishing.stale(committed)
    ok = report.ok and not stale
    if as_json:
        document.echo(_told(report, failures, stale))
        raise click.exceptions.Exit(0 if ok else 1)
    _say(report, failures, stale)
    if not ok:
        click.echo(
            "the leaderboard does not come out as committed: rebuild it and say why in the changelog, or mend the code"
        )
        raise click.exceptions.Exit(1)
    click.echo(f"all {len(report.cells)} cells and {report.pretrainings} pretrainings come out as committed")


@group.command()
@click.option(
    "--study", required=True, help="Study that the committed cells are of.", shell_complete=completing.studies
)
@click.option("--committed", type=FOLDER, required=True, help="Folder with its records and some of its weights.")
@click.option("--cells", type=click.IntRange(min=1), default=2, show_default=True, help="How many are made again.")
@click.option("--tasks", help="Comma-separated tasks to draw from, such as probe.")
@click.option("--draw", type=int, default=0, show_default=True, metavar="SEED", help="Which cells are drawn.")
@click.option("--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value.")
@options.as_json
def replay(
    study: str, committed: Path, cells: int, tasks: str | None, draw: int, settings: tuple[str, ...], *, as_json: bool
) -> None:
    """Make cells again from committed weights, and compare them with their committed records as `check` does.

    Nothing is pretrained. Cells are drawn among those whose weights are committed (`build --weights-of`); data sets and
    corpus are needed as for `bench run`. Exits 1 when a number moved.
    """
    from rich.console import Console

    from bench.api.progress import RunProgress
    from bench.cli.study import overrides_of, split
    from bench.studies.inputs import Inputs
    from bench.studies.loading import load_study
    from bench.studies.plan import make_plan
    from bench.studies.replay import drawn, make_again

    scan(committed)
    asked = load_study(study, overrides_of(settings) | ({} if tasks is None else {"tasks": split("tasks", tasks, str)}))
    plan = make_plan(asked, Inputs(lambda text: click.echo(text, err=as_json)))
    chosen = drawn(plan, committed, cells, draw)
    with tempfile.TemporaryDirectory(prefix="bench-leaderboard-") as folder:
        with RunProgress(Console(stderr=True), len(chosen)) as progress:
            make_again(chosen, committed, Store(Path(folder)), asked.engine, progress)
        report = checking.compare(committed, Path(folder), checking.Chosen(frozenset(cell.key for cell in chosen)))
        failures = _failures(Path(folder))
    if as_json:
        document.echo(_told(report, failures))
        raise click.exceptions.Exit(0 if report.ok else 1)
    _say(report, failures)
    if not report.ok:
        click.echo("cells do not come out as committed")
        raise click.exceptions.Exit(1)
    click.echo(
        f"{len(chosen)} of {len(plan.cells)} cells were made again from committed weights and come out as committed"
    )


group.add_command(accept)


def _told(report: checking.Report, failures: list[str], stale: Sequence[str] = ()) -> dict[str, Any]:
    """A report as plain values."""
    return {
        "ok": report.ok and not stale,
        "cells": report.cells,
        "pretrainings": report.pretrainings,
        "moved": report.moved,
        "missing": report.missing,
        "not_committed": report.extra,
        "unusable": report.problems,
        "stale": stale,
        "failed": failures,
    }


def _elsewhere(as_json: bool) -> AbstractContextManager[Any]:
    """What a run prints goes to stderr, where stdout is a document."""
    return redirect_stdout(sys.stderr) if as_json else nullcontext()


def _say(report: checking.Report, failures: list[str], stale: Sequence[str] = ()) -> None:
    for line in failures:
        click.echo(f"failed: {line}")
    for cell in report.cells:
        click.echo(cell.line())
    kinds = sorted({name for cell in report.cells for name in cell.kind})
    if kinds:
        click.echo(f"another kind of machine than the committed records' ({', '.join(kinds)} differ): tolerances apply")
    for title, lines in (
        ("moved", report.moved),
        ("missing", report.missing),
        ("not committed", report.extra),
        ("unusable", report.problems),
        ("stale", stale),
    ):
        for line in lines:
            click.echo(f"{title}: {line}")


def block_of(study: str, repeat: int) -> checking.Block:
    """A repeat of a study, whose protocols know how many seeds are one."""
    from bench.studies.loading import load_study

    protocols = load_study(study, {}).all_protocols()
    return checking.Block(repeat, {protocol.id: protocol.subsets for protocol in protocols})


def _run_from_nothing(study: str, folder: Path, predictions: int = 0, repeat: int | None = None) -> Path:
    """Run a study into an empty store, with an empty data folder, so that nothing made earlier is used."""
    from bench.cli.run import run

    os.environ["BENCH_DATA"] = str(folder / "data")
    arguments = ["--study", study, "--store", str(folder / "store"), "--save-predictions", str(predictions)]
    arguments += [] if repeat is None else ["--repeat", str(repeat)]
    run.main(args=arguments, prog_name="bench run", standalone_mode=False)
    (folder / "store" / "records").mkdir(exist_ok=True)  # there is none where every cell failed
    return folder / "store"


def _failures(store: Path) -> list[str]:
    """Why cells of a store failed, a line each; a failed cell is a missing record."""
    failures = read_failures(store, {record.key for record in scan(store).records})
    return [f"{each.name} {each.protocol} at {each.fraction}, seed {each.seed}: {each.error}" for each in failures]
