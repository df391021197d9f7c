"""The same cells in two arithmetics: how far their scores lie apart, in points and in standard deviations over seeds.

bench run --study demo --set precision=bf16 --store bf16
bench run --study demo --set precision=fp32 --store fp32
python -m benchmarks.arithmetics bf16 fp32
"""

from pathlib import Path

import click
import pandas as pd

from results.frame import from_records, scan

PLACE = ["task", "protocol", "variant", "fraction"]


def compare(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """One row for each protocol, row and amount of labels that both have.

    Args:
        first: records, as `results.frame` gives them, of a study in one arithmetic.
        second: of the same study in another.

    Returns:
        Mean scores of both, the mean of their difference in points, and that over the first's deviation over seeds.
    """
    both = first.merge(second, on=[*PLACE, "seed"], suffixes=("", "_other"))
    both["change"] = 100 * (both["score_other"] - both["score"])
    table = both.groupby(PLACE, sort=False).agg(
        seeds=("seed", "nunique"),
        first=("score", "mean"),
        second=("score_other", "mean"),
        change=("change", "mean"),
        sd=("score", "std"),
    )
    table[["first", "second", "sd"]] *= 100
    table["in_sd"] = table["change"] / table["sd"]
    return table.reset_index()


@click.command()
@click.argument("first", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("second", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(first: Path, second: Path) -> None:
    """Print a table, and the mean size of a change in standard deviations."""
    table = compare(*(from_records(scan(each).records) for each in (first, second)))
    click.echo("| protocol | row | labels | seeds | first | second | change | s.d. over seeds | in s.d. |")
    click.echo("|---" * 9 + "|")
    for row in table.itertuples():
        click.echo(
            f"| {row.protocol} | {row.variant} | {row.fraction:.0%} | {row.seeds} | {row.first:.1f} | {row.second:.1f} | "
            f"{row.change:+.1f} | {row.sd:.1f} | {row.in_sd:+.1f} |"
        )
    click.echo(
        f"mean of all changes {table['change'].mean():+.2f} points, of their sizes {table['in_sd'].abs().mean():.2f} s.d."
    )


if __name__ == "__main__":
    main()
