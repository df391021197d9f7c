"""Does the ranking of methods survive the change of head? `python -m benchmarks.heads STORE` prints its tables.

The store holds the study `heads`: the same pretrained weights, labels and seeds under each head. Two heads agree by
Kendall's tau of the rows' mean scores: 1 is the same order, 0 none in common, -1 the reverse. Its interval is that of
all draws of the repeats with replacement, the same repeats for both heads, at the 2.5th and 97.5th percentile: with
three repeats that is 27 draws, which says how far a repeat carries the order and no more.
"""

import itertools
from pathlib import Path

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau

from bench.studies.loading import load_study
from results.frame import from_records, scan
from results.labels import percent
from tasks.protocols import Protocol

LEVELS = (2.5, 97.5)


@click.command()
@click.argument("store", type=click.Path(exists=True, path_type=Path))
def main(store: Path) -> None:
    """Lay out the scores under each head, and how far the heads agree."""
    study = load_study("heads", {})
    frame = from_records(scan(store).records)
    frame = frame[frame["variant"].isin([row.name for row in study.rows()])]
    bases = [protocol for protocol in study.all_protocols() if protocol.of is None]
    parts = [
        part
        for base in bases
        for amount in study.amounts_of(base)
        for part in of_task(frame, [base, *(p for p in study.all_protocols() if p.of == base.id)], amount.value)
    ]
    click.echo("\n".join(parts).rstrip())


def of_task(frame: pd.DataFrame, protocols: list[Protocol], fraction: float) -> list[str]:
    """The two tables of one data set, over the repeats that every row has under every head."""
    ids = [protocol.id for protocol in protocols]
    column = frame[frame["protocol"].isin(ids) & np.isclose(frame["fraction"], fraction)]
    rows = sorted(column["variant"].unique())
    found = column.pivot_table(index="seed", columns=["protocol", "variant"], values="score")
    done = [name for name in ids if all((name, row) in found.columns for row in rows)]
    scores = found[done].dropna()
    if len(done) < 2 or scores.empty:
        return [f"## {ids[0]} at {percent(fraction)}", "", "No two heads have all rows yet.", ""]
    tables = {name: scores[name].reindex(columns=rows).to_numpy() for name in done}
    lines = [f"## {ids[0]} at {percent(fraction)}: {protocols[0].metric} in %", ""]
    lines += [f"| row | {' | '.join(done)} |", "|---|" + "---:|" * len(done)]
    for at, row in enumerate(rows):
        lines += [f"| {row} | {' | '.join(_mean(table[:, at]) for table in tables.values())} |"]
    lines += [
        "",
        f"Repeats that all of these heads have: {len(scores)}; mean, and s.d. where there are several.",
        "",
        "| heads | tau | of the draws |",
        "|---|---:|---:|",
    ]
    for one, other in itertools.combinations(done, 2):
        tau, (low, high) = agreement(tables[one], tables[other])
        draws = f"{low:.2f} to {high:.2f}" if len(scores) > 1 else "-"
        lines += [f"| {one}, {other} | {tau:.2f} | {draws} |"]
    return [*lines, ""]


def agreement(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, tuple[float, float]]:
    """Kendall's tau of the rows' means under two heads, and its percentiles over all draws of the repeats.

    Args:
        one: scores under one head, repeats x rows.
        other: under the other, the same repeats and rows.
    """

    def tau(repeats: tuple[int, ...]) -> float:
        found = float(kendalltau(one[list(repeats)].mean(0), other[list(repeats)].mean(0)).statistic)
        return 0.0 if np.isnan(found) else found  # where all rows are equal there is no order to agree with

    every = range(len(one))
    low, high = np.percentile([tau(draw) for draw in itertools.product(every, repeat=len(one))], LEVELS)
    return tau(tuple(every)), (float(low), float(high))


def _mean(scores: NDArray[np.float64]) -> str:
    spread = f" ± {100 * scores.std(ddof=1):.1f}" if len(scores) > 1 else ""
    return f"{100 * scores.mean():.1f}{spread}"


if __name__ == "__main__":
    main()
