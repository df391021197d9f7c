"""`bench calibrate`: measure what the intervals err, and write the report and the table that verdicts look it up in."""

from pathlib import Path

import click

from bench.cli import options
from bench.cli.options import FOLDER
from bench.cli.reading import load_store
from bench.core.files import write_text
from results import calibration
from results.calibration_doubts import measure_doubts

REPORT, TABLE, BOARD = (
    Path("docs/reports/calibration.md"),
    Path("results/stats/calibration.csv"),
    Path("results/leaderboard"),
)


@click.command()
@options.store("Board whose residuals are drawn from too.", default=str(BOARD))
@click.option("--draws", type=click.IntRange(min=1), default=10_000, show_default=True, help="Studies of each kind.")
@click.option("--out", type=FOLDER, default=REPORT, show_default=True, help="Report to write.")
@click.option("--table", type=FOLDER, default=TABLE, show_default=True, help="Table to write, which verdicts read.")
def command(store: Path, draws: int, out: Path, table: Path) -> None:
    """Simulate studies without a difference, and count how often their intervals say that there is one.

    A grid of designs (methods, seeds, columns) and of kinds of errors, pretrainings that repeats share, the residuals of
    a board, test images from a few places, and several tasks. Takes half an hour. Exits 1 where a design errs more than its limit.
    """
    with options.bar("designs") as progress:
        cells = calibration.measure(draws, progress)
    shared = calibration.measure_pretrainings(draws)
    board = calibration.measure_board(str(store), load_store(store), draws) if (store / "records").is_dir() else None
    with options.bar("test places and tasks") as progress:
        doubts = measure_doubts(draws, progress)
    write_text(table, calibration.table(cells))
    write_text(out, calibration.report(cells, shared, board, draws, doubts))
    click.echo(out)
    over = len(calibration.missed(cells)) + len(doubts.missed())
    if over:
        click.echo(f"{over} designs err more than their limit: see the report")
        raise click.exceptions.Exit(1)
