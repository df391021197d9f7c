"""The two doubts about a difference, kept apart: other seeds, and other test images.

- **Other seeds** (`results.stats.block_model`): labels, fine-tuning and pretraining are drawn anew, the same images are
  tested. It is what a claim about *methods* needs.
- **Other images** (here): the networks that were tested stay as they are, other places are tested. It is what a claim
  about *these weights* needs.
- **Both**: what a claim about methods on other images needs.

The second is computed from the outcomes that cells keep. A store without them knows the first alone.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.core.errors import StoreError
from bench.metrics.classified import ImageOutcomes
from bench.metrics.confusion import IGNORE
from bench.metrics.outcomes import Outcomes
from bench.store.outcomes import Evidence
from bench.store.records import Record
from results import outcomes
from results.frame import scan
from results.stats.block_model import COLUMN, block_of
from results.stats.intervals import Floats
from results.stats.simultaneous import ALPHA, Family
from results.stats.sources import ALONE, FEWEST, GROUPS, Error, Places, alone, jackknife, left_out, mcnemar

BY_COMPARISON = {
    "seeds": "shared seeds of which both rows keep outcomes; 0 where nothing is known",
    "samples": "test samples",
    "sources": "the mosaics, scenes or regions that they come from",
    "by_image": "whether each sample is its own source",
    "few": "whether the sources are too few to generalise over",
    "mean": "mean difference a - b over these seeds",
    "images_error": "its standard error over other test images, NaN where the sources are too few",
    "images_df": "degrees of freedom of that",
    "images_low": "95% interval about these weights, on other images",
    "images_high": "its other end",
    "both_low": "95% interval about methods on other images; NaN where one of the doubts is unknown",
    "both_high": "its other end",
    "favour_a": "sources on which a is ahead in the mean of the seeds; NaN where each image is a source",
    "favour_b": "the same of b",
    "seeds_a": "seeds whose own interval lies above 0",
    "seeds_b": "seeds whose own interval lies below 0",
    "mcnemar_a": "seeds in which McNemar's test calls a right more often (mid-p up to 5%); NaN where it does not apply",
    "mcnemar_b": "the same of b",
}
BY_SEED = {
    "seed": "index of the repeat",
    "mean": "difference a - b of this seed",
    "low": "95% interval about these two networks, on other images; NaN where the sources are too few",
    "high": "its other end",
    "only_a": "images that a alone has right; NaN where McNemar's test does not apply",
    "only_b": "the same of b",
    "p": "mid-p of McNemar's test",
}
_PAIR = [*COLUMN, "a", "b"]
# Rounding of a mean of equal scores is no lead.
_TIE = 1e-12


@dataclass(frozen=True)
class _Cell:
    """What a cell says of its test images; the outcomes themselves are not held on to.

    Attributes:
        record: the cell's.
        places: of its test samples; the same object for all cells that tested the same ones.
        without: the score without each group of sources.
        alone: the score on each source; None where each image is one, or there are many.
        right: which images are classified right; None where McNemar's test does not apply.
    """

    record: Record
    places: Places
    without: Floats
    alone: Floats | None
    right: NDArray[np.bool_] | None

    @classmethod
    def of(cls, record: Record, measured: Outcomes, places: Places) -> "_Cell":
        """Score a cell's outcomes without its sources."""
        by_source = not places.by_image and places.sources <= GROUPS
        right = None
        if isinstance(measured, ImageOutcomes) and places.by_image:
            right = np.asarray((measured.predicted == measured.truth)[measured.truth != IGNORE])
        return cls(
            record,
            places,
            left_out(measured, record.metric, places),
            alone(measured, record.metric, places) if by_source else None,
            right,
        )


class TestImages:
    """The outcomes of a store, read and scored when a comparison asks for them, each cell once."""

    __test__ = False  # no test of pytest's

    def __init__(self, store: Path, frame: pd.DataFrame, on_problem: Callable[[str], object]) -> None:
        """Outcomes of a store; nothing is read yet.

        Args:
            store: its folder, or that of committed records.
            frame: its records.
            on_problem: called with one line for each file of outcomes that cannot be used.
        """
        self._store, self._frame, self._on_problem = store, frame, on_problem
        self._cells: dict[str, _Cell | None] = {}
        self._places: dict[tuple[tuple[int, ...], tuple[str, ...]], Places] = {}

    @cached_property
    def _records(self) -> dict[str, Record]:
        return {record.key: record for record in scan(self._store).records}

    @cached_property
    def _blocks(self) -> dict[tuple[Any, ...], dict[Any, pd.Series]]:
        """By column and row: the keys of the records of each block."""
        return {
            (*place, str(variant)): dict(tuple(rows.groupby(block_of(rows))["key"]))
            for (*place, variant), rows in self._frame.groupby([*COLUMN, "variant"], sort=False)
        }

    @property
    def known(self) -> bool:
        """Whether any record of the store keeps outcomes."""
        return outcomes.kept(self._store, self._records.values()) > 0

    def by_comparison(self, comparisons: pd.DataFrame, family: Family) -> pd.DataFrame:
        """What the test images say of each comparison.

        Args:
            comparisons: some rows of `results.stats.block_model.compare`.
            family: the primary questions, over which the intervals of primary comparisons are simultaneous; those of
                others are single ones.

        Returns:
            A row a comparison, with the same index: `COLUMN`, a, b, and the columns of `BY_COMPARISON`.
        """
        if comparisons.empty:  # rows without a single column, where nothing can be compared
            return pd.DataFrame(columns=[*_PAIR, *BY_COMPARISON])
        rows = [self._comparison(row, family if row.primary else ALONE) for row in _rows(comparisons)]
        found = pd.DataFrame(rows, columns=list(BY_COMPARISON), index=comparisons.index)
        return comparisons[_PAIR].join(found)

    def by_seed(self, comparisons: pd.DataFrame) -> pd.DataFrame:
        """The same of each seed: a row a comparison and shared seed, with `COLUMN`, a, b and `BY_SEED`."""
        rows = [
            dict(zip(_PAIR, row[1:], strict=True)) | each
            for row in comparisons[_PAIR].itertuples(name=None)
            for each in map(_seed, self._pairs(row[1:-2], *row[-2:]))
        ]
        return pd.DataFrame(rows, columns=[*_PAIR, *BY_SEED])

    def _comparison(self, row: Any, family: Family) -> dict[str, Any]:
        pairs = self._pairs(tuple(getattr(row, name) for name in COLUMN), row.a, row.b)
        if not pairs:
            return dict.fromkeys(BY_COMPARISON, math.nan) | {"seeds": 0, "samples": 0, "sources": 0} | _NOTHING
        places = pairs[0].places
        images = _of_images([pair.without for pair in pairs], places)
        mean = float(np.mean([pair.difference for pair in pairs]))
        about_weights = images.around(mean, family)
        both = images.joined(Error(row.error, row.df)).around(
            mean, family, row.level
        )  # seeds may have been added by a look
        return {
            "seeds": len(pairs),
            "samples": len(places.source),
            "sources": places.sources,
            "by_image": places.by_image,
            "few": places.sources < FEWEST,
            "mean": mean,
            "images_error": images.error,
            "images_df": images.df,
            "images_low": about_weights.low,
            "images_high": about_weights.high,
            "both_low": both.low,
            "both_high": both.high,
            **_counts(pairs),
        }

    def _pairs(self, place: tuple[Any, ...], a: str, b: str) -> "list[_Pair]":
        """The two rows in each seed of which both keep outcomes of the same samples."""
        first, second = self._blocks[(*place, a)], self._blocks[(*place, b)]
        found: list[_Pair] = []
        for block in (block for block in first if block in second):
            sides = [[cell for key in keys if (cell := self._cell(key))] for keys in (first[block], second[block])]
            if sides[0] and sides[1]:
                found.append(_Pair(*sides))
        # A protocol's hash says what is tested, so only a store that somebody edited has cells of other samples.
        return [pair for pair in found if all(each.places is found[0].places for each in (*pair.first, *pair.second))]

    def _cell(self, key: str) -> _Cell | None:
        if key not in self._cells:
            record = self._records[key]
            try:
                evidence = outcomes.read(self._store, record)
            except StoreError as error:
                self._on_problem(str(error))
                evidence = None
            self._cells[key] = (
                None if evidence is None else _Cell.of(record, evidence.outcomes, self._places_of(evidence))
            )
        return self._cells[key]

    def _places_of(self, evidence: Evidence) -> Places:
        tested = tuple(evidence.samples), tuple(evidence.sources)
        if tested not in self._places:
            self._places[tested] = Places.of(evidence.sources)
        return self._places[tested]


_NOTHING = {"by_image": False, "few": False}


@dataclass(frozen=True)
class _Pair:
    """Two rows in one seed; several pretrainings of a row under one seed are averaged, as in the block model."""

    first: list[_Cell]
    second: list[_Cell]

    @property
    def places(self) -> Places:
        return self.first[0].places

    @property
    def seed(self) -> int:
        return self.first[0].record.seed

    @property
    def difference(self) -> float:
        return float(np.mean([each.record.score for each in self.first])) - float(
            np.mean([each.record.score for each in self.second])
        )

    @property
    def without(self) -> Floats:
        return _mean(each.without for each in self.first) - _mean(each.without for each in self.second)

    @property
    def alone(self) -> Floats | None:
        first, second = ([each.alone for each in side if each.alone is not None] for side in (self.first, self.second))
        return _mean(first) - _mean(second) if first and second else None

    @property
    def only(self) -> tuple[int, int] | None:
        """Images that the first alone has right, and the second alone; None where McNemar's test does not apply."""
        a, b = self.first[0].right, self.second[0].right
        if a is None or b is None or len(self.first) > 1 or len(self.second) > 1:
            return None
        return int((a & ~b).sum()), int((b & ~a).sum())


def _of_images(without: list[Floats], places: Places) -> Error:
    """The error over other images of the mean of several seeds, which all tested the same images."""
    return jackknife(_mean(without), places) if places.sources >= FEWEST else Error(math.nan, 0.0)


def _counts(pairs: list[_Pair]) -> dict[str, float]:
    seeds = [_seed(pair) for pair in pairs]
    called = [each for each in seeds if each["p"] <= ALPHA]
    applies = not math.isnan(seeds[0]["p"])
    ahead = math.nan, math.nan
    by_source = [each for pair in pairs if (each := pair.alone) is not None]
    if by_source:
        lead = _mean(by_source)
        ahead = float((lead > _TIE).sum()), float((lead < -_TIE).sum())
    return {
        "favour_a": ahead[0],
        "favour_b": ahead[1],
        "seeds_a": sum(each["low"] > 0 for each in seeds),
        "seeds_b": sum(each["high"] < 0 for each in seeds),
        "mcnemar_a": sum(each["only_a"] > each["only_b"] for each in called) if applies else math.nan,
        "mcnemar_b": sum(each["only_a"] < each["only_b"] for each in called) if applies else math.nan,
    }


def _seed(pair: _Pair) -> dict[str, Any]:
    interval = _of_images([pair.without], pair.places).around(pair.difference)
    only_a, only_b = pair.only or (math.nan, math.nan)
    p = math.nan if pair.only is None else mcnemar(*pair.only)
    values = (pair.seed, pair.difference, interval.low, interval.high, only_a, only_b, p)
    return dict(zip(BY_SEED, values, strict=True))


def _mean(values: Iterable[Floats]) -> Floats:
    return np.asarray(np.mean(list(values), axis=0))


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())
