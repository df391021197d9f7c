"""Does a winner win in other worlds? `python -m benchmarks.worlds STORE STORE STORE` prints docs/reports/worlds.md.

Each store holds the study `worlds` of one world, the committed leaderboard that of the first. In every store every
row is held against random weights in the same columns, as if nothing else had been asked there, and the tuning's
ledger stands beside them: what options were chosen by, on a world that no table scores.
"""

import csv
from collections import Counter
from pathlib import Path
from textwrap import fill

import click
import numpy as np
import pandas as pd
from scipy import stats

from bench.core import configs
from bench.studies.loading import load_study
from results.frame import from_records, scan
from results.labels import percent
from results.stats.block_model import compare, scores_by_block, units_of, weights_by_block
from results.variants import stands_apart

AGAINST = "random"


@click.command()
@click.argument("stores", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def main(stores: tuple[Path, ...]) -> None:
    """Lay out differences from random weights in the worlds of STORES, and what becomes of the first one's winners."""
    frames = {store.name: from_records(scan(store).records) for store in stores}
    click.echo(report({name: differences(frame) for name, frame in frames.items()}, tuned()))
    click.echo("\n".join(["", "## Do rows differ at all?", "", *f_tests(frames)]))


def f_tests(frames: dict[str, pd.DataFrame]) -> list[str]:
    """A two-way analysis of variance of each column, rows by repeats: F and p of the rows."""
    lines = ["| column | " + " | ".join(f"{name}: F, p" for name in frames) + " |", "|---|" + "---:|" * len(frames)]
    found = {
        name: {(p, f): column for (p, f), column in frame.groupby(["protocol", "fraction"])}
        for name, frame in frames.items()
    }
    for protocol, fraction in next(iter(found.values())):
        cells = [
            _f_test(columns[protocol, fraction]) if (protocol, fraction) in columns else ""
            for columns in found.values()
        ]
        lines.append(f"| {protocol} at {percent(fraction)} | {' | '.join(cells)} |")
    return lines


def _f_test(column: pd.DataFrame) -> str:
    """F and p of the rows that are rivals, on means over the draws of labels that share a pretraining."""
    scores = scores_by_block(column[~column["method"].map(stands_apart)])
    weights = weights_by_block(column, scores)
    trained = weights[:, [len(set(held)) for held in weights.T].index(max(len(set(held)) for held in weights.T))]
    values = scores.groupby(units_of(trained, trained)).mean().dropna(axis="columns").to_numpy()
    units, rows = values.shape
    residuals = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    free = rows - 1, (rows - 1) * (units - 1)
    between = units * np.square(values.mean(axis=0) - values.mean()).sum() / free[0]
    found = between / (np.square(residuals).sum() / free[1])
    return f"F({free[0]}, {free[1]}) = {found:.3g}, p = {stats.f.sf(found, *free):.1g}"


def differences(frame: pd.DataFrame) -> pd.DataFrame:
    """Every row against random weights in the columns of the study `worlds`, a line each."""
    asked = {protocol.id for protocol in load_study("worlds", {}).all_protocols()}
    frame = frame[frame["protocol"].isin(asked)]
    found = compare(frame)
    found = found[found["a"].eq(AGAINST) | found["b"].eq(AGAINST)].reset_index(drop=True)
    sign = found["b"].eq(AGAINST) * 2 - 1  # differences are a - b, and here of the other row from random
    row = found["a"].where(found["b"] == AGAINST, found["b"])
    low, high = sign * found["low"], sign * found["high"]
    return found[["protocol", "fraction", "n", "primary", "sure"]].assign(
        row=row,
        difference=sign * found["difference"],
        low=low.where(sign > 0, high),
        high=high.where(sign > 0, low),
    )


def tuned() -> dict[tuple[str, str], float]:
    """The mean of the chosen trial of each row, by row and by column as the ledger names it."""
    with (configs.folder() / "tuning" / "demo.csv").open(encoding="utf-8") as file:
        chosen = [line for line in csv.DictReader(file) if line["chosen"]]
    return {(line["method"], name): float(line[name]) for line in chosen for name in line if "@" in name}


def report(worlds: dict[str, pd.DataFrame], ledger: dict[tuple[str, str], float]) -> str:
    """The page: a table a column, then the winners of the first world."""
    first = next(iter(worlds.values()))
    lines = ["# Winners in other worlds", "", *__doc__.splitlines()[2:], ""]
    lines += [
        "Points above random weights with their simultaneous 95% interval; **bold** where called different. Floors and",
        "ceilings are no rivals: they have points alone, and win nothing.",
        "",
    ]
    for protocol, fraction in sorted({*zip(first["protocol"], first["fraction"], strict=True)}):
        amount = percent(fraction)
        here = {name: _column(table, protocol, fraction) for name, table in worlds.items()}
        heads = [f"{name} ({int(column['n'].max())} repeats)" for name, column in here.items()]
        lines += [f"## {protocol} at {amount}", "", f"| row | tuning, score | {' | '.join(heads)} |"]
        lines += ["|---|---:|" + "---:|" * len(worlds)]
        for row in first["row"].drop_duplicates():
            score = ledger.get((row, f"{protocol}@{amount}"))
            cells = [_cell(column, row) for column in here.values()]
            lines += [f"| {row} | {'' if score is None else f'{100 * score:.1f}'} | {' | '.join(cells)} |"]
        lines += [""]
    return "\n".join([*lines, "## Winners", "", *_winners(worlds)])


def _column(table: pd.DataFrame, protocol: str, fraction: float) -> pd.DataFrame:
    return table[(table["protocol"] == protocol) & (table["fraction"] == fraction)]


def _cell(column: pd.DataFrame, row: str) -> str:
    found = column[column["row"] == row]
    if found.empty:
        return ""
    (one,) = found.itertuples()
    points = f"{100 * one.difference:+.1f}"
    if not one.primary:
        return points
    return f"{f'**{points}**' if one.sure else points} [{100 * one.low:.1f}, {100 * one.high:.1f}]"


def _winners(worlds: dict[str, pd.DataFrame]) -> list[str]:
    """How often what the first world calls better than random weights is called so in the worlds together."""
    if len(worlds) == 1:
        return ["Of one world nothing can be said about others."]
    keys = ["protocol", "fraction", "row"]
    better = {
        name: {
            *table[table["primary"] & table["sure"] & (table["difference"] > 0)][keys].itertuples(
                index=False, name=None
            )
        }
        for name, table in worlds.items()
    }
    first = next(iter(better.values()))
    counted = Counter(sum(each in called for called in better.values()) for each in first)
    needed = len(worlds) // 2 + 1
    lost = sorted(each for each in first if sum(each in called for called in better.values()) < needed)
    held = sum(count for times, count in counted.items() if times >= needed)
    text = (
        f"{next(iter(worlds))} calls {len(first)} differences from {AGAINST} in a row's favour; {held} of them are called "
        f"so in at least {needed} of {len(worlds)} worlds, {counted[len(worlds)]} in all."
    )
    lines = [*fill(text, 120).splitlines(), ""]
    return lines + [
        f"- not in {needed}: {row} on {protocol} at {percent(fraction)}" for protocol, fraction, row in lost
    ]


if __name__ == "__main__":
    main()
