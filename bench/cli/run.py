"""`bench run` and `bench pretrain`."""

from typing import Any

import click
from rich.console import Console

import methods
from bench.cli import until
from bench.cli.progress import RunProgress
from bench.cli.study import (
    asked_of,
    begun_by,
    inputs_of,
    of_repeat,
    of_share,
    one_repeat,
    one_share,
    say_left_out,
    say_overlaps,
    say_warnings,
    study_options,
)
from bench.core.errors import StudyError
from bench.core.texts import file_name
from bench.pretraining.options import PretrainOptions
from bench.store.grids import Grid
from bench.store.store import Store
from bench.studies.design import design
from bench.studies.jobs import PretrainJob
from bench.studies.plan import Plan, make_plan, plan_pretraining
from bench.studies.runner import Outcome, execute, modules_of
from bench.studies.study import Study

retrying = click.option("--retry-failed", is_flag=True, help="Try again what diverged in an earlier run.")


@click.command()
@study_options
@click.option(
    "--save-predictions",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Predictions of N test samples for each cell that this run does, as pictures.",
)
@click.option(
    "--until",
    type=click.FloatRange(min=0, max=100, min_open=True, max_open=True),
    metavar="POINTS",
    help="Add seeds until no interval of the primary questions reaches further than ±POINTS.",
)
@click.option("--most-seeds", type=click.IntRange(min=1), help="Seeds after which none is added  [default: 20].")
@one_repeat
@one_share
@retrying
def run(save_predictions: int, repeat: int | None, share: str | None, retry_failed: bool, **options: Any) -> None:
    """Run a study: pretrain, fine-tune, print and write the table.

    What the store already holds is not done again, so the same command goes on after an interruption. Exit code 0: all
    cells are done, or it was told to stop (SIGTERM); 1: some failed; 2: the study cannot be run.

    Of the failed, those that were killed, ran out of memory or met a full disk are tried again by the same command.
    Those that diverged (a loss or weights that are not finite) would diverge again: they are tried again with
    --retry-failed, or when their options change.

    With --until the study's seeds are where it starts. Intervals are wider for having been looked at, so that they err no
    more at the stop; verdicts say so.
    """
    console = Console(stderr=True)
    study, store = begun_by(options)
    inputs = inputs_of(console)
    plan = of_share(of_repeat(make_plan(study, inputs), study, repeat), share)
    say_left_out(plan, console)
    say_overlaps(plan, console)
    asked = asked_of(options, study, inputs)
    if study.until and (repeat is not None or share is not None):
        raise StudyError("--repeat and --share make some repeats alone, and until adds repeats: leave one of them out")
    if study.until:
        asked = until.stated(asked, study.until, plan)
    _open(plan, study, store, retry_failed=retry_failed)
    store.write_questions(asked)
    if plan.grid:
        store.write_grid(Grid.of(study.name, plan.grid))

    def run_plan(study: Study, plan: Plan) -> Outcome:
        # The sheet counts FLOPs, which imports torch: a run that has nothing to do makes none anew.
        cells = plan.open_cells(store, retry_failed=retry_failed)
        if cells:
            study.engine.prepare(modules_of([*cells, *plan.open_pretrains(store, retry_failed=retry_failed)]))
        if cells or not store.has_design(study.name):
            store.write_design(design(study, inputs))
        return _execute(plan, store, study, console, save_predictions, retry_failed=retry_failed)

    if study.until:
        plan, outcome = until.grow(study, study.until, asked, inputs, store, run_plan, console)
    else:
        outcome = run_plan(study, plan)
    _show_tables(study, plan, store)
    if share is not None:
        click.echo(f"the table is of share {share}: bench table has all that the store holds")
    if repeat is not None:
        click.echo(f"the table is of one repeat: number {repeat} of 0 to {study.seeds - 1}")
    _exit(outcome, console)


@click.command()
@study_options
@retrying
def pretrain(retry_failed: bool, **options: Any) -> None:
    """Pretrain a study's methods and fine-tune nothing; look at the weights with `bench probe`.

    Exit codes and --retry-failed are those of `bench run`.

    Each method is pretrained once a repeat (`--seeds`), or `--set pretrain_seeds=N` times; an initialisation is drawn anew in
    each repeat. A later `bench run` of the same study takes these weights.
    """
    console = Console(stderr=True)
    study, store = begun_by(options)
    plan = plan_pretraining(study, inputs_of(console))
    say_left_out(plan, console)
    _open(plan, study, store, retry_failed=retry_failed)
    outcome = _execute(plan, store, study, console, retry_failed=retry_failed)
    for job in plan.pretrains:
        if store.has_weights(job.key):
            click.echo(f"{job.key}  {job.row or job.method:22} {job.backbone:14} seed {job.seed}")
    _exit(outcome, console)


def _open(plan: Plan, study: Study, store: Store, *, retry_failed: bool) -> None:
    """Open the store for a run, once it is sure that its pretrainings can start."""
    _check_starts(plan.open_pretrains(store, retry_failed=retry_failed))
    store.open_for_writing(study.precision)


def _execute(
    plan: Plan, store: Store, study: Study, console: Console, predictions: int = 0, *, retry_failed: bool
) -> Outcome:
    pretrains = plan.open_pretrains(store, retry_failed=retry_failed)
    earlier = Outcome([] if retry_failed else plan.failed(store))
    say_warnings(pretrains, console)
    jobs = len(plan.open_cells(store, retry_failed=retry_failed)) + len(pretrains)
    if not jobs:
        console.print("nothing is left to do" if earlier.failures else "everything is done already")
        return earlier
    with RunProgress(console, jobs) as progress:
        outcome = execute(plan, store, study.engine, progress, predictions, retry_failed=retry_failed)
    return Outcome(earlier.failures + outcome.failures)


def _exit(outcome: Outcome, console: Console) -> None:
    for job, text in outcome.failures:
        console.print(f"failed: {job.label}: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
    if outcome.failures:
        raise click.exceptions.Exit(1)


def _check_starts(jobs: list[PretrainJob]) -> None:
    """Refuse weights that a backbone cannot start from; torch is imported only where a job starts from some."""
    asked: dict[tuple[str, str, int], tuple[PretrainOptions, PretrainJob]] = {}
    for job in jobs:
        options = methods.get(job.method).options.model_validate(job.options)
        asked[job.backbone, options.starts_at(), len(job.bands)] = options, job
    for _, (options, job) in sorted(asked.items(), key=lambda each: each[0]):
        options.check_start(job.backbone, job.bands)


def _show_tables(study: Study, plan: Plan, store: Store) -> None:
    """Print and write the study's tables and its answers, under the names that it gives its rows."""
    from results import answers, tables

    done = [(cell.key, cell.row) for cell in plan.cells if store.has_record(cell.key)]
    if not done:
        return
    found, table = answers.answers_of(store.root, done)
    console = Console()
    tables.print_tables(table, console, found.comparisons)
    for path in tables.write_tables(table, store.root / "tables" / file_name(study.name), found.comparisons):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    for line in answers.summary(found, table):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
