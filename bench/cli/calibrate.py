"""`bench calibrate`: measure what the intervals err, and write the report and the table that verdicts look it up in."""

from pathlib import Path

import click

from bench.cli import loudness, options
from bench.cli.options import FOLDER
from bench.cli.reading import load_store
from bench.core.files import write_text
from results import calibration, calibration_axes, calibration_doubts, equal_rows, sequential

REPORT, EQUAL_ROWS, TABLE, BOARD = (
    Path("docs/reports/calibration.md"),
    Path("docs/reports/equal-rows.md"),
    Path("results/stats/calibration.csv"),
    Path("results/leaderboard"),
)
# Of so many draws one is a study with axes, whose intervals are drawn themselves.
_AXES = 25


@click.command()
@options.store("Board whose residuals are drawn from too.", default=str(BOARD))
@click.option("--aa", type=FOLDER, help="Store of an A/A study: count what it calls different, and simulate nothing.")
@click.option("--draws", type=click.IntRange(min=1), default=10_000, show_default=True, help="Studies of each kind.")
@click.option("--out", type=FOLDER, help=f"Report to write  [default: {REPORT}; of an A/A study {EQUAL_ROWS}].")
@click.option("--table", type=FOLDER, default=TABLE, show_default=True, help="Table to write, which verdicts read.")
def command(store: Path, aa: Path | None, draws: int, out: Path | None, table: Path) -> None:
    """Simulate studies without a difference, and count how often their intervals say that there is one.

    A grid of designs (methods, seeds, columns) and of kinds of errors, pretrainings that repeats share, the residuals of
    a board, test images from a few places, several tasks, seeds that are added until intervals are narrow, and shares of
    axes. Takes half an hour. Exits 1 where a design errs more than its limit.

    With --aa, count instead in real records of rows that differ in nothing, such as those of the study aa-probes.
    """
    over = _count_equal_rows(aa, out or EQUAL_ROWS) if aa else _simulate(store, draws, out or REPORT, table)
    if over:
        click.echo(f"{over} designs err more than their limit: see the report")
        raise click.exceptions.Exit(1)


def _simulate(store: Path, draws: int, out: Path, table: Path) -> int:
    """Write report and table; how many designs err more than they may."""
    with loudness.bar("designs") as progress:
        cells = calibration.measure(draws, progress)
    shared = calibration.measure_pretrainings(draws)
    board = calibration.measure_board(str(store), load_store(store), draws) if (store / "records").is_dir() else None
    with loudness.bar("test places and tasks") as progress:
        doubts = calibration_doubts.measure_doubts(draws, progress)
    grown = sequential.measure(draws)
    studies = max(1, draws // _AXES)
    with loudness.bar("shares of axes") as progress:
        axes = calibration_axes.section(calibration_axes.measure(studies, progress), studies)
    more = [calibration_doubts.sections(doubts), sequential.section(grown), axes]
    write_text(table, calibration.table(cells))
    write_text(out, calibration.report(cells, shared, board, draws, more))
    click.echo(out)
    return len(calibration.missed(cells)) + len(doubts.missed()) + len(sequential.missed(grown))


def _count_equal_rows(aa: Path, out: Path) -> int:
    """Write the report of an A/A study; how many sizes of studies go wrong more often than they may."""
    frame = load_store(aa)
    counted = equal_rows.count(frame)
    write_text(out, equal_rows.report(", ".join(sorted(set(frame["study"]))), frame, counted))
    click.echo(out)
    return len(equal_rows.missed(counted))
