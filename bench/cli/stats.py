"""`bench stats`: how sure the differences between the methods of a store are."""

import json
import math
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from bench.cli import options
from bench.cli.reading import load_store
from results import robustness, settling, warned
from results.labels import amounts
from results.stats.intervals import Interval
from results.stats.paired import pairwise
from results.stats.ranking import Blocks, average_ranks, blocks, interquartile_means
from results.stats.variance import split_variance
from results.summary import BOARD
from results.tables import formats
from results.tables.layout import Entry, TextGrid, chance_notes, record_notes, row_notes, same_board, tuned


@click.command()
@options.store()
@options.as_json
def command(store: Path, as_json: bool) -> None:
    """Compare methods pairwise, rank them over data sets, and split the spread by its sources.

    Pairwise: differences over shared seeds, 95% t interval, exact sign-flip p, Holm's correction over each table. Over
    data sets: average rank and interquartile mean of the share of random's error that is gone, with bootstrap intervals.
    Where the store holds variants of a protocol (tuned, longer, other statistics): which verdicts hold under them. Where
    a grid was searched: how often each value won.
    """
    frame = load_store(store)
    comparisons = pairwise(frame)
    arranged = {str(backbone): blocks(records) for backbone, records in frame.groupby("backbone")}
    if as_json:
        click.echo(json.dumps(_as_json(frame, comparisons, arranged), indent=1, allow_nan=False))
        return
    grids = [_pairs(name, table, same_board(frame, table)) for name, table in _tables(comparisons)]
    grids += [
        _ranks(backbone, found, frame[frame["backbone"] == backbone])
        for backbone, found in arranged.items()
        if found.scores
    ]
    backbones = len(arranged)
    grids += [robustness.grid(held, backbones) for held in robustness.robustness(frame)]
    formats.show([*grids, *tuned(frame), _spread(frame)], Console())


def _tables(comparisons: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(f"{values[0]}, {values[2]}", table) for values, table in comparisons.groupby(BOARD, sort=True)]


def _pairs(name: str, table: pd.DataFrame, records: pd.DataFrame) -> TextGrid:
    named = amounts(records)
    rows = [
        [
            Entry(text)
            for text in (
                f"{row.a}{warned.mark(row.warnings_a)} - {row.b}{warned.mark(row.warnings_b)}",
                named[row.fraction],
                str(row.n),
                f"{100 * row.difference:+.2f}",
                _range(row.low, row.high, 100),
                f"{row.p:.3g}",
                f"{row.p_holm:.3g}",
            )
        ]
        for row in _rows(table)
    ]
    header = ["difference", "labels", "n", "points", "95% interval", "p", "Holm"]
    testable = sorted(table.loc[table["smallest_holm"] < 0.05, "fraction"].unique())
    silent = [note for note in chance_notes(table, testable) if not note.startswith("†")]
    notes = [*silent, "Holm: p corrected over this table.", *record_notes(records)]
    return TextGrid(f"Pairwise differences, {name}", notes, header, 1, rows)


def _ranks(backbone: str, arranged: Blocks, records: pd.DataFrame) -> TextGrid:
    ranks = average_ranks(arranged).intervals
    gains = interquartile_means(arranged).intervals if "random" in arranged.variants else [None] * len(ranks)
    rows = [
        [
            Entry(f"{variant}{warned.mark(arranged.warnings[variant])}"),
            Entry(_estimate(rank, 1, 2)),
            Entry("" if gain is None else _estimate(gain, 100, 1)),
        ]
        for rank, variant, gain in sorted(
            zip(ranks, arranged.variants, gains, strict=True), key=lambda row: row[0].estimate
        )
    ]
    unused = [f"Left out: {line}." for line in arranged.left_out]
    notes = [f"Over {', '.join(arranged.names)}.", *unused, *row_notes(records), *warned.notes(records)]
    return TextGrid(f"Over all data sets, {backbone}", notes, ["method", "average rank", "error gone, %"], 1, rows)


def _spread(frame: pd.DataFrame) -> TextGrid:
    split = split_variance(frame)
    rows = [[Entry(name), Entry(f"{100 * math.sqrt(variance):.2f}")] for name, variance in split.variance.items()]
    held = f"Not varied, so unknown: {', '.join(split.held)}." if split.held else ""
    notes = [f"Standard deviations in points, from {split.pairs} pairs of repeats.", held]
    return TextGrid("Where the spread comes from", [note for note in notes if note], ["source", "s.d."], 1, rows)


def _as_json(frame: pd.DataFrame, comparisons: pd.DataFrame, arranged: dict[str, Blocks]) -> dict[str, Any]:
    split = split_variance(frame)
    return {
        "pairwise": json.loads(comparisons.to_json(orient="records")),
        "standing": {
            backbone: {
                "ranks": _plain(found, average_ranks(found).intervals),
                "error_gone": _plain(found, interquartile_means(found).intervals) if "random" in found.variants else {},
                "left_out": found.left_out,
                "warnings": found.warnings,
            }
            for backbone, found in arranged.items()
            if found.scores
        },
        "robustness": [robustness.to_json(held) for held in robustness.robustness(frame)],
        "tuned": [
            dict(zip(("protocol", "backbone", *settling.COLUMNS), (str(place[0]), str(place[2]), *row), strict=True))
            for place, records in frame.groupby(BOARD, sort=True)
            for row in settling.chosen(records)
        ],
        "variance": {"by_source": split.variance, "not_varied": split.held, "pairs": split.pairs},
    }


def _plain(arranged: Blocks, intervals: list[Interval]) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if math.isnan(value) else value

    return {
        variant: {"estimate": interval.estimate, "low": number(interval.low), "high": number(interval.high)}
        for variant, interval in zip(arranged.variants, intervals, strict=True)
    }


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _estimate(interval: Interval, scale: float, decimals: int) -> str:
    return f"{scale * interval.estimate:.{decimals}f} ({_range(interval.low, interval.high, scale)})"


def _range(low: float, high: float, scale: float) -> str:
    return "unknown" if math.isnan(low) else f"{scale * low:.2f} to {scale * high:.2f}"
