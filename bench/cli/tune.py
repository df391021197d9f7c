"""`bench tune`: options of methods by as many trials for all."""

from pathlib import Path

import click
import yaml
from pydantic import ValidationError

from bench import engines
from bench.cli import as_json as document
from bench.cli import completing
from bench.cli import options as shared
from bench.cli.again import say_failures
from bench.cli.loudness import loudness, notes, verbose
from bench.core.documents import first_problem
from bench.core.errors import StudyError
from bench.engines.engine import EngineOptions
from bench.engines.local import LocalOptions
from bench.studies.tuning.ledger import Entry, Ledger, read_ledger, shipped


@click.command()
@click.option(
    "--tuning",
    default="demo",
    show_default=True,
    help="A tuning file, or one that is shipped.",
    shell_complete=completing.tunings,
)
@shared.store("Folder of the weights, and of the ledger as tuning/NAME.csv.", default=None)
@click.option("--device", help="auto, cpu, cuda or cuda:N.")
@click.option("--workers", help="Trials that run at the same time, or auto.")
@click.option(
    "--show", is_flag=True, help="Run nothing: print the ledger of the store, or without --store the shipped one."
)
@shared.as_json
@loudness
def command(
    *, tuning: str, store: Path | None, device: str | None, workers: str | None, show: bool, as_json: bool
) -> None:
    """Tune the options of methods: the same number of trials in spaces of the same size for all.

    Each trial is a pretraining, judged by cells of protocols on data that no table scores. The same command goes
    on after an interruption. Exit code 0: all trials are in the ledger, those that diverged too; 1: some failed otherwise.
    """
    from bench.studies.tuning.spaces import load_tuning

    asked = load_tuning(tuning)
    if as_json and not show:
        raise StudyError("--json is of a ledger: add --show, or leave it out")
    if show:
        ledger = read_ledger(shipped(asked.name) if store is None else store / "tuning" / f"{asked.name}.csv")
        if as_json:
            document.echo({"tuning": asked.name, "trials": ledger.entries, "options": ledger.chosen})
        else:
            click.echo("\n".join(table(ledger)))
        return
    from bench.api.progress import RunProgress
    from bench.store.store import Store
    from bench.studies.tuning.search import Search

    console = notes()
    engine = _engine(device, workers)
    opened = Store(store or Path("runs"))
    search = Search(asked, opened, lambda text: console.print(text, markup=False, highlight=False))
    with RunProgress(console, search.open, opened, verbose=verbose()) as progress:
        outcome = search.run(engine, progress)
    if search.path.is_file():
        click.echo("\n".join([*table(read_ledger(search.path)), "", f"ledger: {search.path}"]))
    if outcome.failures:
        say_failures(outcome, opened)
        raise click.exceptions.Exit(1)


def _engine(device: str | None, workers: str | None) -> EngineOptions:
    asked = {"device": device, "workers": int(workers) if workers and workers.isdigit() else workers}
    try:
        return engines.read_options({name: value for name, value in asked.items() if value is not None})
    except ValidationError as problem:
        raise StudyError(f"engine: {first_problem(problem, LocalOptions)}") from None


def table(ledger: Ledger) -> list[str]:
    """The trials as a Markdown table, the chosen ones bold, how many each method had, and the options to copy."""
    heads = ("method", "trial", "options", "score", *ledger.measures, "steps", "views", "doubts")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    lines += [f"| {' | '.join(_cells(entry, ledger.measures))} |" for entry in ledger.entries]
    numbers = {ledger.trials(entry.method) for entry in ledger.entries}
    tuned = (
        f"{numbers.pop()} trials each" if len(numbers) == 1 else "unequal numbers of trials, the search has not ended"
    )
    return [*lines, "", f"Options tuned: {tuned}; bold: chosen, here as a study states them.", "", *_stated(ledger)]


def _stated(ledger: Ledger) -> list[str]:
    text = yaml.safe_dump(ledger.chosen, default_flow_style=None, sort_keys=False, width=1000)
    return ["options:", *(f"  {line}" for line in text.splitlines())]


def _cells(entry: Entry, names: list[str]) -> list[str]:
    options = " ".join(f"{name}={value}" for name, value in entry.options.items()) or "defaults"
    score = "" if entry.score is None else f"{entry.score:.3f}"
    mark = "**" if entry.chosen else ""
    measured = [f"{entry.measures[name]:.3g}" if entry.measures else "" for name in names]
    doubts = f"diverged: {entry.diverged}" if entry.diverged else " ".join(entry.warnings)
    shown = (entry.method, str(entry.trial), f"{mark}{options}{mark}", f"{mark}{score}{mark}" if score else "")
    return [*shown, *measured, str(entry.steps), str(entry.views), doubts.replace("|", "\\|")]
