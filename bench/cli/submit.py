"""`bench submit`: a store's results as one archive that proves itself, and `bench leaderboard accept` of it."""

import tempfile
from pathlib import Path

import click

from bench.cli import completing, options
from bench.cli.options import FOLDER
from bench.core import files
from bench.core.errors import BenchError
from results import check as checking
from results import submissions


@click.command()
@options.store()
@click.option("--study", required=True, help="Study that the results are of.", shell_complete=completing.studies)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The archive  [default: STUDY.zip].")
@click.option(
    "--weights-of", type=click.IntRange(min=0), metavar="N", help="Send the weights of repeat N along, from 0."
)
@click.option("--note", default="", help="A line of yours: who, what, where it is described.")
def submit(store: Path, study: str, out: Path | None, weights_of: int | None, note: str) -> None:
    """Pack records, outcomes, cards and designs of a store, with a hash of each file.

    Who gets it computes every metric again from the outcomes, and with weights (--weights-of) runs cells again:
    `bench leaderboard accept`.
    """
    from bench.cli.leaderboard import block_of
    from bench.studies.loading import load_study

    asked = load_study(study, {})
    path = out or Path(f"{asked.name}.zip")
    block = None if weights_of is None else block_of(study, weights_of)
    card = submissions.pack(store, path, asked.name, note, block)
    click.echo(
        f"{path}: {len(card.files)} files, {path.stat().st_size / (1 << 20):.1f} MiB, SHA-256 {files.sha256(path)}"
    )


@click.command()
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--into", type=FOLDER, required=True, help="Folder of the board; it may hold other submissions.")
@click.option("--cells", type=click.IntRange(min=0), default=1, show_default=True, help="How many are run again.")
@click.option("--draw", type=int, default=0, show_default=True, metavar="SEED", help="Which cells are drawn.")
@click.option("--pretrain", is_flag=True, help="Pretrain the weights of the drawn cells again too.")
@click.option("--weights-from", type=FOLDER, help="A store with weights that the archive lacks.")
@click.option("--study", help="Study that its cells are of; the one that it names by default.")
@click.option(
    "--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value, such as corpus."
)
def accept(
    archive: Path,
    into: Path,
    cells: int,
    draw: int,
    *,
    pretrain: bool,
    weights_from: Path | None,
    study: str | None,
    settings: tuple[str, ...],
) -> None:
    """Check a submission, and put it on a board.

    Hashes are compared, metrics computed again from outcomes, and cells that are drawn run again where data and weights
    are there. Each record is marked by what was checked: re-run, recomputed, or copied. Exits 1 when a number moved.
    """
    with tempfile.TemporaryDirectory(prefix="bench-submission-") as work:
        folder = Path(work) / "submission"
        card = submissions.unpack(archive, folder)
        records = submissions.check(folder)
        click.echo(
            f"{archive}: {len(card.files)} files as its card says; {len(records)} records and all they rest on are sound"
        )
        again: list[str] = []
        unchecked = "it was not asked for" if cells == 0 else ""
        if cells:
            try:
                source = folder
                if weights_from:
                    source = Path(work) / "with-weights"
                    submissions.add_weights(folder, weights_from, source)
                again = _run_again(
                    source, Path(work) / "again", study or card.study, cells, draw, settings, pretrain=pretrain
                )
            except _MovedError:
                raise click.exceptions.Exit(1) from None
            except BenchError as error:
                unchecked = str(error).replace(f"{source}", "the submission")
                click.echo(f"not run again: {unchecked}")
        accepted = submissions.Accepted(
            study=card.study,
            note=card.note,
            sha256=files.sha256(archive),
            marks=submissions.marks(folder, records, again),
            unchecked=unchecked,
        )
        written = submissions.accept(folder, into, accepted)
    counts = ", ".join(f"{accepted.count(mark)} {mark}" for mark in submissions.MARKS)
    click.echo(f"accepted: {counts}; wrote {written}")


class _MovedError(Exception):
    """A number came out other than it was submitted."""


def _run_again(
    folder: Path, fresh: Path, study: str, cells: int, draw: int, settings: tuple[str, ...], *, pretrain: bool
) -> list[str]:
    """Keys of the cells that were run again and came out as submitted."""
    from rich.console import Console

    from bench.api.progress import RunProgress
    from bench.cli.study import overrides_of
    from bench.store.store import Store
    from bench.studies import rerun
    from bench.studies.inputs import Inputs
    from bench.studies.loading import load_study
    from bench.studies.plan import make_plan

    asked = load_study(study, overrides_of(settings))
    plan = make_plan(asked, Inputs(click.echo))
    chosen = rerun.choose(plan, folder, cells, draw, pretrain=pretrain)
    jobs = len(chosen) + (len({cell.pretrain.key for cell in chosen}) if pretrain else 0)
    with RunProgress(Console(stderr=True), jobs) as progress:
        rerun.run(chosen, folder, Store(fresh), asked, progress, pretrain=pretrain)
    keys = [cell.key for cell in chosen]
    report = checking.compare(folder, fresh, checking.Chosen(frozenset(keys)))
    failed = [*report.moved, *report.missing, *report.problems]
    for line in failed:
        click.echo(f"refused: a cell was run again, and is not as submitted: {line}".replace(f"{folder}/", ""))
    if failed:
        raise _MovedError
    for cell in report.cells:
        click.echo(f"run again: {cell.line()}")
    return keys
