"""One protocol and backbone on the page: its rows, curves and verdicts."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results import budgets, floors, labels
from results.effects import stars
from results.looks import Look
from results.matching import Choice, labels_to_match
from results.page.curves import Chart, chart, compute_charts
from results.page.headlines import Headline, headline
from results.page.listed import Listing, forest, single_scores
from results.page.predictions import Pictures
from results.robustness import Pair, Robustness, marks
from results.stats.efficiency import area_under_curve
from results.tables.layout import given_notes, score_text
from results.ties import Column
from results.variants import meanings
from results.verdicts import Verdict, criterion, difference, label_savings
from results.warned import mark, rests_on


@dataclass(frozen=True)
class Score:
    """A cell of the table: a score with n and the records behind it, or a hole that says why (`keys` is empty).

    Attributes:
        text: what to show.
        value: what to sort by; None for a hole.
        n: number of records.
        mark: `best`, `second` or nothing.
        ties: letters of its tie groups.
        leads: whether it shares one with the best of its column, where two rows of the column are told apart.
        warnings: names of the warnings of its records, '' for none.
        keys: records behind it.
        label: what a screen reader says after the text.
        drawn: labels drawn and how many a class, '' where older records do not know.
        uninformative: whether no row of its column is above the trivial score.
    """

    text: str
    value: float | None
    n: int
    mark: str
    ties: str
    leads: bool
    warnings: str
    keys: list[str]
    label: str
    drawn: str = ""
    uninformative: bool = False


@dataclass(frozen=True)
class BoardRow:
    """One variant.

    Attributes:
        variant: its label.
        meaning: method and options behind a name that the study gave; '' under the method's own.
        stands: `floor`, `ceiling` or `control` for a row that is there to read the others by, else ''.
        synthetic_corpus: whether it was pretrained on a synthetic corpus, though the data set is real.
        scores: by fraction, absent where the protocol was not asked at that fraction.
        area: mean score over the log range of label fractions; None with a hole.
        needs: labels to match `random`, as text.
        needs_value: the same as a number.
    """

    variant: str
    meaning: str
    stands: str
    synthetic_corpus: bool
    scores: dict[float, Score]
    area: float | None
    needs: str
    needs_value: float | None

    @property
    def warned(self) -> bool:
        """Whether any of its scores rests on a warned record."""
        return any(score.warnings for score in self.scores.values())


@dataclass(frozen=True)
class Board:
    """One protocol and backbone.

    Attributes:
        leaky: whether images of the test part lie in the training part.
        amounts: what each amount of labels is called -> its fraction.
        trivial: the trivial scores in words, '' where they are not known.
        drawn: labels drawn at each fraction, and how many a class.
        told: how many pairs of rows are told apart at each fraction, '' where nothing is known of chance.
        notes: what each row and score was given, one line each.
        headlines: the primary questions, a sentence each.
        effects: what the rows differ by from those that they are held against.
        chart: scores over labels.
        compute: score against compute, one chart an amount of labels.
        singles: the single scores.
    """

    id: str
    title: str
    dataset: str
    task: str
    protocol: str
    protocol_hash: str
    backbone: str
    metric: str
    synthetic: bool
    leaky: bool
    amounts: dict[str, float]
    trivial: str
    blind: dict[float, float]
    drawn: dict[float, str]
    told: dict[float, str]
    notes: list[str]
    rows: list[BoardRow]
    headlines: list[Headline]
    effects: Listing | None
    chart: Chart | None
    compute: list[Chart]
    singles: Listing | None
    pictures: Pictures | None
    savings: list[Verdict]
    differences: list[Verdict]
    test: str
    holes: int


@dataclass(frozen=True)
class Shared:
    """What all boards of a page share.

    Attributes:
        looks: of each row, in the order of the page.
        asides: rows that are there to read the others by, and what each is.
        letters: of the tie groups.
        within: difference up to which two rows count as equal.
        several: whether the page has several backbones.
    """

    looks: dict[str, Look]
    asides: dict[str, str]
    letters: dict[Column, dict[str, str]]
    within: float
    several: bool


def lay_out(
    name: str,
    records: pd.DataFrame,
    summary: pd.DataFrame,
    comparisons: pd.DataFrame,
    failed: pd.DataFrame,
    shared: Shared,
    pictures: Pictures | None,
    held: Robustness | None,
) -> Board:
    """Lay out one protocol and backbone.

    Args:
        name: id of the board within the page.
        records: the board's rows of the frame.
        summary: the board's rows of `summarise`.
        comparisons: the board's rows of `results.stats.block_model.compare`.
        failed: the board's failed cells.
        shared: what all boards share.
        pictures: the board's saved predictions.
        held: what became of its comparisons under variants of the protocol; None without one.
    """
    first = records.iloc[0]
    place = (str(first["protocol"]), str(first["protocol_hash"]), str(first["backbone"]))
    fractions = sorted({*records["fraction"], *failed["fraction"]})
    there = {*records["variant"], *failed["variant"]}
    variants = [variant for variant in shared.looks if variant in there]
    named = {**{f: labels.percent(f) for f in fractions}, **labels.amounts(records)}
    letters = {f: shared.letters.get((*place, f), {}) for f in fractions}
    empty = {fraction for *_, fraction in floors.uninformative(records)}
    drawn, aside = labels.counts(records), set(shared.asides)
    cells = _Cells(records, summary, failed, letters, named, drawn, empty)
    columns = ["method", "options", "corpus", "row", "variant"]
    meant = meanings(pd.concat([records[columns], failed[columns]]))
    rows = [_row(variant, meant.get(variant, ""), shared.asides, fractions, cells) for variant in variants]
    asked = stars(comparisons)
    where = f"{place[0]}, {place[2]}" if shared.several else place[0]
    blind = floors.trivial(records)
    return Board(
        id=name,
        title=where,
        dataset=str(first["dataset"]),
        task=str(first["task"]),
        protocol=place[0],
        protocol_hash=place[1],
        backbone=place[2],
        metric=str(first["metric"]),
        synthetic=bool(first["synthetic"]),
        leaky=bool(labels.designs(records, "leaky")),
        amounts={named[fraction]: fraction for fraction in fractions},
        trivial=_trivial(records, named),
        blind=blind,
        drawn=drawn,
        told={fraction: _told(comparisons, fraction) for fraction in fractions},
        notes=given_notes(records),
        rows=rows,
        headlines=[
            headline(star, where, named[star.fraction], shared.within, held, blind=star.fraction in empty)
            for star in asked
        ],
        effects=forest(asked, named, shared.looks, aside),
        chart=chart(records, shared.looks, aside),
        compute=compute_charts(budgets.score_against_compute(records), named, blind, shared.looks, aside),
        singles=single_scores(records, named, shared.looks, aside),
        pictures=pictures,
        savings=label_savings(records),
        differences=_differences(comparisons, named, held, shared.within),
        test=" ".join(criterion(comparisons)) if comparisons["error"].notna().any() else "",
        holes=sum(score.value is None for row in rows for score in row.scores.values()),
    )


def _told(comparisons: pd.DataFrame, fraction: float) -> str:
    """How many pairs of rows are told apart: '4 of 45'."""
    column = comparisons[(comparisons["fraction"] == fraction) & comparisons["error"].notna()]
    return "" if column.empty else f"{int(column['sure'].sum())} of {len(column)}"


@dataclass(frozen=True)
class _Cells:
    records: pd.DataFrame
    summary: pd.DataFrame
    failed: pd.DataFrame
    letters: dict[float, dict[str, str]]
    named: dict[float, str]
    drawn: dict[float, str]
    empty: set[float]

    def score(self, variant: str, fraction: float) -> Score:
        found = self.summary[(self.summary["variant"] == variant) & (self.summary["fraction"] == fraction)]
        if found.empty:
            return self._hole(variant, fraction)
        row: Any = next(found.itertuples())
        mine = self.records[(self.records["variant"] == variant) & (self.records["fraction"] == fraction)]
        stands = {1: "best", 2: "second"}.get(row.place, "")
        ties = self.letters[fraction].get(variant, "")
        text = score_text(row.mean, row.sd)
        blind = "uninformative" if fraction in self.empty else ""
        tied = f"tie group{'' if len(ties) == 1 else 's'} {', '.join(ties)}" if ties else ""
        said = [f"{variant} at {self.named[fraction]}", stands, tied, blind, rests_on("it", row.warnings)]
        spoken = f"{', '.join(filter(None, said))}. Show records"
        keys, drawn = list(mine["key"]), self.drawn.get(fraction, "").replace("n = ", "labels: ", 1)
        leads = "a" in ties  # the best row is in the first group
        return Score(
            text, float(row.mean), int(row.n), stands, ties, leads, row.warnings, keys, spoken, drawn, bool(blind)
        )

    def _hole(self, variant: str, fraction: float) -> Score:
        tried = self.failed[(self.failed["variant"] == variant) & (self.failed["fraction"] == fraction)]
        text = f"failed ({len(tried)})" if len(tried) else "no result"
        return Score(text=text, value=None, n=0, mark="", ties="", leads=False, warnings="", keys=[], label=text)


def _row(variant: str, meaning: str, asides: dict[str, str], fractions: list[float], cells: _Cells) -> BoardRow:
    scores = {fraction: cells.score(variant, fraction) for fraction in fractions}
    values = [score.value for score in scores.values()]
    complete = [value for value in values if value is not None]
    whole = len(complete) == len(fractions) > 1
    mine = cells.records[cells.records["variant"] == variant]
    made = bool(mine["synthetic_corpus"].any()) and not bool(mine["synthetic"].any())
    over = labels.shares(mine)
    area = area_under_curve([over[variant, each] for each in fractions], complete) if whole else None
    return BoardRow(variant, meaning, asides.get(variant, ""), made, scores, area, *_needs(variant, cells.records))


def _differences(
    comparisons: pd.DataFrame, named: dict[float, str], held: Robustness | None, within: float
) -> list[Verdict]:
    """The comparisons in words, the primary ones first; none where there is one repeat."""
    if comparisons.empty or comparisons["n"].max() < 2:
        return []
    rows: list[Any] = list(comparisons.sort_values("primary", ascending=False, kind="stable").itertuples())
    said = []
    for row in rows:
        amount = named[float(row.fraction)]
        said.append(difference(row, marks(held, Pair(row.a, row.b, amount)) if held else "", amount, within))
    return said


def _trivial(records: pd.DataFrame, named: dict[float, str]) -> str:
    """The trivial scores in words: one where they print alike, else one an amount of labels."""
    blind = {named[at]: f"{100 * score:.2f}" for at, score in floors.trivial(records).items()}
    if len(set(blind.values())) == 1:
        return f"{floors.NAME} {next(iter(blind.values()))}"
    return f"{floors.NAME} {', '.join(f'{score} at {at}' for at, score in blind.items())}" if blind else ""


def _needs(variant: str, records: pd.DataFrame) -> tuple[str, float | None]:
    """Labels to match `random` at 100%, as text and number; empty for the row itself or where it has no full score."""
    full = records[(records["variant"] == "random") & (records["fraction"] == 1.0)]
    if variant == "random" or full.empty or variant not in set(records["variant"]):
        return "", None
    (match,) = labels_to_match(records, Choice(variant), Choice("random"))
    doubt = mark(", ".join(match.warnings.values()))
    if math.isinf(match.crossing.fraction):
        return f"{match.crossing.kind}{doubt}", math.inf
    sign = "≤ " if match.crossing.kind == "at most" else ""
    return f"{sign}{100 * match.crossing.fraction:.1f}%{doubt}", match.crossing.fraction
