"""`bench run` and `bench pretrain`."""

from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench.api.progress import RunProgress
from bench.api.running import Ran, carry_out, carry_out_pretraining
from bench.cli.again import say_failures
from bench.cli.loudness import loudness, notes, verbose
from bench.cli.study import asked_of, one_repeat, one_share, part_of, study_from, study_options
from bench.core.errors import StudyError
from bench.core.tensorboard import check_installed
from bench.core.texts import file_name
from bench.store.store import Store
from bench.studies.runner import Outcome
from bench.studies.study import Study


def _with_tensorboard(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    del ctx, param
    if value is not None:
        check_installed()
    return value


boards = click.option(
    "--tensorboard",
    callback=_with_tensorboard,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for curves of all trainings, which `tensorboard --logdir` shows; moves no number.",
)
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
@boards
@retrying
@loudness
def run(
    save_predictions: int,
    repeat: int | None,
    share: str | None,
    tensorboard: Path | None,
    retry_failed: bool,
    **options: Any,
) -> None:
    """Run a study: pretrain, fine-tune, print and write the table.

    What the store already holds is not done again, so the same command goes on after an interruption. Exit code 0: all
    cells are done, or it was told to stop (SIGTERM); 1: some failed; 2: the study cannot be run.

    Of the failed, those that were killed, ran out of memory or met a full disk are tried again by the same command.
    Those that diverged (a loss or weights that are not finite) would diverge again: they are tried again with
    --retry-failed, or when their options change.

    With --until the study's seeds are where it starts. Intervals are wider for having been looked at, so that they err no
    more at the stop; verdicts say so.
    """
    console = notes()
    study = study_from(options)
    if study.until and (repeat is not None or share is not None):
        raise StudyError("--repeat and --share make some repeats alone, and until adds repeats: leave one of them out")
    ran = carry_out(
        study,
        console,
        partial(RunProgress, console, verbose=verbose()),
        part=part_of(study, repeat, share),
        asked=partial(asked_of, options),
        predictions=save_predictions,
        retry_failed=retry_failed,
        tensorboard=tensorboard,
    )
    _show_tables(study, ran)
    if share is not None:
        click.echo(f"the table is of share {share}: bench table has all that the store holds")
    if repeat is not None:
        click.echo(f"the table is of one repeat: number {repeat} of 0 to {study.seeds - 1}")
    _exit(ran.outcome, ran.store)


@click.command()
@study_options
@boards
@retrying
@loudness
def pretrain(tensorboard: Path | None, retry_failed: bool, **options: Any) -> None:
    """Pretrain a study's methods and fine-tune nothing; look at the weights with `bench probe`.

    Exit codes and --retry-failed are those of `bench run`.

    Each method is pretrained once a repeat (`--seeds`), or `--set pretrain_seeds=N` times; an initialisation is drawn anew in
    each repeat. A later `bench run` of the same study takes these weights.
    """
    console = notes()
    watch = partial(RunProgress, console, verbose=verbose())
    ran = carry_out_pretraining(study_from(options), console, watch, retry_failed=retry_failed, tensorboard=tensorboard)
    for job in ran.plan.pretrains:
        if ran.store.has_weights(job.key):
            click.echo(f"{job.key}  {job.row or job.method:22} {job.backbone:14} seed {job.seed}")
    _exit(ran.outcome, ran.store)


def _exit(outcome: Outcome, store: Store) -> None:
    if outcome.failures:
        say_failures(outcome, store)
        raise click.exceptions.Exit(1)


def _show_tables(study: Study, ran: Ran) -> None:
    """Print and write the study's tables and its answers, under the names that it gives its rows."""
    from results import answers, tables

    if not ran.done:
        return
    folder = ran.store.root
    found, table = answers.answers_of(folder, ran.done)
    console = Console()
    tables.print_tables(table, console, found.comparisons)
    for path in tables.write_tables(table, folder / "tables" / file_name(study.name), found.comparisons):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    for line in answers.summary(found, table):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
