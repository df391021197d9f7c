"""How sure the differences between the methods of a store are: what `gb.stats` gives, and `bench stats` prints."""

import json
import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pandas as pd

from results import robustness, settling, verdicts, warned
from results.answers import Answers, among
from results.labels import amounts
from results.stats.intervals import Interval
from results.stats.ranking import Blocks, Standing, average_ranks, blocks, interquartile_means
from results.stats.variance import Components, split_variance
from results.summary import BOARD
from results.tables import formats
from results.tables.layout import Entry, TextGrid, record_notes, row_notes, same_board, tuned


class Statistics:
    """Pairwise differences, standing over data sets, and where the spread comes from.

    Args:
        found: the answers of a store.
        frame: those of its records that are looked at; None for all.
    """

    def __init__(self, found: Answers, frame: pd.DataFrame | None = None) -> None:
        self._found = found
        self._frame = found.frame if frame is None else frame
        self._arranged = {str(backbone): blocks(records) for backbone, records in self._frame.groupby("backbone")}

    @cached_property
    def pairwise(self) -> pd.DataFrame:
        """The comparisons: difference, 95% interval and p, simultaneous over the primary questions; q of all others."""
        return among(self._found.comparisons, self._frame)

    @property
    def ranks(self) -> pd.DataFrame:
        """Average rank over data sets with its bootstrap interval, by backbone and row; 1 is best."""
        return self._standing(average_ranks)

    @property
    def error_gone(self) -> pd.DataFrame:
        """Interquartile mean of the share of random's error that is gone, by backbone and row; nothing without random."""
        return self._standing(interquartile_means, "random")

    @cached_property
    def variance(self) -> Components:
        """Variance of a score by its sources, in squared units of the score."""
        return split_variance(self._frame)

    def grids(self) -> list[TextGrid]:
        """Tables for a reader: differences, ranks, what holds under variants, what was tuned, and the spread."""
        frame, comparisons = self._frame, self.pairwise
        grids = [_pairs(name, table, same_board(frame, table)) for name, table in _tables(comparisons)]
        grids += [
            _ranks(backbone, standing, frame[frame["backbone"] == backbone])
            for backbone, standing in self._arranged.items()
            if standing.scores
        ]
        grids += [robustness.grid(held, len(self._arranged)) for held in self._found.robustness]
        return [*grids, *tuned(frame), _spread(self.variance)]

    def to_json(self) -> dict[str, Any]:
        """Plain values of all of it."""
        split = self.variance
        return {
            "pairwise": json.loads(self.pairwise.to_json(orient="records")),
            "standing": {
                backbone: {
                    "ranks": _plain(found, average_ranks(found).intervals),
                    "error_gone": _plain(found, interquartile_means(found).intervals)
                    if "random" in found.variants
                    else {},
                    "left_out": found.left_out,
                    "warnings": found.warnings,
                }
                for backbone, found in self._arranged.items()
                if found.scores
            },
            "robustness": [robustness.to_json(held) for held in self._found.robustness],
            "tuned": [
                dict(
                    zip(("protocol", "backbone", *settling.COLUMNS), (str(place[0]), str(place[2]), *row), strict=True)
                )
                for place, records in self._frame.groupby(BOARD, sort=True)
                for row in settling.chosen(records)
            ],
            "variance": {"by_source": split.variance, "not_varied": split.held, "pairs": split.pairs},
        }

    def __repr__(self) -> str:
        return formats.markdown(self.grids())

    def _repr_html_(self) -> str:
        return formats.fragment(self.grids())

    def _standing(self, statistic: Callable[[Blocks], Standing], needed: str | None = None) -> pd.DataFrame:
        rows = [
            (backbone, variant, each.estimate, each.low, each.high)
            for backbone, arranged in self._arranged.items()
            if arranged.scores and (needed is None or needed in arranged.variants)
            for found in [statistic(arranged)]
            for variant, each in zip(found.variants, found.intervals, strict=True)
        ]
        return pd.DataFrame(rows, columns=["backbone", "variant", "estimate", "low", "high"])


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


def _spread(split: Components) -> TextGrid:
    rows = [[Entry(name), Entry(f"{100 * math.sqrt(variance):.2f}")] for name, variance in split.variance.items()]
    held = f"Not varied, so unknown: {', '.join(split.held)}." if split.held else ""
    notes = [f"Standard deviations in points, from {split.pairs} pairs of repeats.", held]
    return TextGrid("Where the spread comes from", [note for note in notes if note], ["source", "s.d."], 1, rows)


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
