"""`bench stats`: how sure the differences between the methods of a store are."""

import json
import math
from pathlib import Path
from typing import Any

import click
import pandas as pd
from rich.console import Console

from bench.cli import as_json as document
from bench.cli import options
from bench.cli.reading import load_store
from results import robustness, settling, verdicts, warned
from results.answers import Answers, answers
from results.labels import amounts
from results.stats.intervals import Interval
from results.stats.ranking import Blocks, average_ranks, blocks, interquartile_means
from results.stats.variance import split_variance
from results.summary import BOARD
from results.tables import formats
from results.tables.layout import Entry, TextGrid, record_notes, row_notes, same_board, tuned


@click.command()
@options.store()
@options.as_json
def command(store: Path, as_json: bool) -> None:
    """Compare methods pairwise, rank them over data sets, and split the spread by its sources.

    Pairwise: the block model's difference, 95% interval and p, simultaneous over the primary questions; q (false discovery
    rate) of all other comparisons; and the exact sign-flip test's p from five repeats on. Over data sets: average rank and interquartile mean of the share of random's error that is gone, with bootstrap intervals.
    Where the store holds variants of a protocol (tuned, longer, other statistics): which verdicts hold under them. Where
    a grid was searched: how often each value won.
    """
    frame = load_store(store)
    found = answers(store, frame)
    comparisons = found.comparisons
    arranged = {str(backbone): blocks(records) for backbone, records in frame.groupby("backbone")}
    if as_json:
        document.echo(_as_json(found, arranged))
        return
    grids = [_pairs(name, table, same_board(frame, table)) for name, table in _tables(comparisons)]
    grids += [
        _ranks(backbone, standing, frame[frame["backbone"] == backbone])
        for backbone, standing in arranged.items()
        if standing.scores
    ]
    backbones = len(arranged)
    grids += [robustness.grid(held, backbones) for held in found.robustness]
    formats.show([*grids, *tuned(frame), _spread(frame)], Console())


def _tables(comparisons: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(f"{values[0]}, {values[2]}", table) for values, table in comparisons.groupby(BOARD, sort=True)]


def _pairs(name: str, table: pd.DataFrame, records: pd.DataFrame) -> TextGrid:
    named, exact = amounts(records), bool(table["exact"].notna().any())
    rows = [
        [
            Entry(text)
            for text in (
                f"{row.a}{warned.mark(row.warnings_a)} - {row.b}{warned.mark(row.warnings_b)}",
                named[row.fraction],
                str(row.n),
                f"{100 * row.difference:+.2f}",
                _range(row.low, row.high, 100),
                _chance(row),
                *([_p(row.exact)] if exact else []),
            )
        ]
        for row in _rows(table.sort_values("primary", ascending=False, kind="stable"))
    ]
    header = ["difference", "labels", "n", "points", "95% interval", "chance", *(["exact p"] if exact else [])]
    judged = verdicts.criterion(table) if table["error"].notna().any() else []
    meant = "p: over all primary questions; q: false discovery rate, of exploratory ones."
    meant += " Exact: of the sign-flip test, from five repeats on." if exact else ""
    notes = [*judged, meant, *_disagreeing(table, named), *record_notes(records)]
    return TextGrid(f"Pairwise differences, {name}", notes, header, 1, rows)


def _disagreeing(table: pd.DataFrame, named: dict[float, str]) -> list[str]:
    """Where model and exact test disagree, each by itself and at the level that so few repeats allow."""
    pairs = [f"{row.a} - {row.b} at {named[row.fraction]}" for row in _rows(table) if row.disagree]
    return [f"Model and exact test disagree on {', '.join(pairs)}."] if pairs else []


def _chance(row: Any) -> str:
    value = row.p if row.primary else row.q
    return "" if math.isnan(value) else f"{'p' if row.primary else 'q'} {value:.3g}"


def _p(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}"


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


def _as_json(answered: Answers, arranged: dict[str, Blocks]) -> dict[str, Any]:
    frame, comparisons = answered.frame, answered.comparisons
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
        "robustness": [robustness.to_json(held) for held in answered.robustness],
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
