"""What the leaderboard page says, gathered from a store; the template only lays it out."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core.errors import StoreError
from bench.core.suggest import among
from bench.store.designs import Sheet
from bench.store.records import Record
from results import submissions, warned
from results.answers import Answers, answers
from results.frame import from_records, scan
from results.looks import Look, asides, looks
from results.page import evidence
from results.page.board import Board, Shared, lay_out
from results.page.designs import read_designs
from results.page.failures import Failure, read_failures
from results.page.headlines import Tally, tally
from results.page.images import Images, on_images
from results.page.matrix import Matrix, matrices
from results.page.predictions import pictures
from results.page.provenance import embed
from results.robustness import Place, grid
from results.stats.intervals import Interval
from results.stats.ranking import average_ranks, blocks, interquartile_means
from results.summary import BOARD, summarise
from results.tables.layout import TextGrid, tuned
from results.ties import tie_letters
from results.variants import label, order


@dataclass(frozen=True)
class Overall:
    """A variant over all data sets: average rank, and interquartile mean where there is a reference to normalise by.

    `warnings` are the names of the warnings of its records, '' for none.
    """

    variant: str
    warnings: str
    rank: Interval
    gain: Interval | None


@dataclass(frozen=True)
class Content:
    """Everything on the page.

    Attributes:
        title: names what was measured, and says so where it is synthetic.
        synthetic: whether all, some or none of the data sets are synthetic.
        synthetic_corpus: whether all, some or none of the trained rows on real data sets were pretrained on a synthetic
            corpus.
        facts: short facts of the whole: counts of records, methods, data sets.
        tally: what the primary questions came to.
        asked: how they were judged, and who asked them when.
        matrices: all scores, one table a backbone.
        boards: one a protocol and backbone.
        looks: of each row, in the order of the page.
        checks: what was checked of all records.
        sources: where the spread of the scores comes from.
        outcomes: whether the store keeps what single test samples came out as.
        amounts: what all amounts of labels are called, from few to many.
        designs: design sheets of the studies.
        grids: which verdicts hold under variants of their protocols, and what tuning chose.
        standings: over all data sets; empty with fewer than two.
        standings_notes: what the standings do not use, and why.
        across: what rows differ by across the tasks, a sentence each.
        images: what the test images say of the primary questions.
        warnings: the warnings of each row, with its backbone.
        failures: failed cells.
        left_out: files of the store that could not be used.
        data: JSON behind the numbers.
    """

    title: str
    synthetic: str
    synthetic_corpus: str
    facts: list[str]
    tally: Tally
    asked: list[str]
    matrices: list[Matrix]
    boards: list[Board]
    looks: dict[str, Look]
    checks: list[str]
    sources: list[str]
    outcomes: list[str]
    amounts: list[str]
    designs: list[Sheet]
    grids: list[TextGrid]
    standings: list[Overall]
    standings_notes: list[str]
    across: list[str]
    images: Images
    warnings: list[tuple[str, warned.Warned]]
    failures: list[Failure]
    left_out: list[str]
    data: dict[str, Any]

    @property
    def uninformative(self) -> bool:
        """Whether a score stands in a column in which no row is above the trivial score."""
        return any(score.uninformative for board in self.boards for row in board.rows for score in row.scores.values())

    @property
    def tied(self) -> bool:
        """Whether a column has letters of tie groups."""
        return any(matrix.tied for matrix in self.matrices)

    @property
    def sure(self) -> int:
        """Number of questions of which something is told apart or shown equal."""
        return sum(headline.sure for board in self.boards for headline in board.headlines)

    @property
    def open(self) -> int:
        """Number of questions of which nothing is."""
        return sum(not headline.sure for board in self.boards for headline in board.headlines)


def gather(store: Path, predictions: Path | None = None, protocols: Collection[str] = ()) -> Content:
    """Compute the page's content from a store, and the pictures from the store where the predictions were saved.

    Args:
        store: the store's folder.
        predictions: the store where the predictions were saved; None for a page without pictures.
        protocols: ids of the protocols that it is of; of all where there is none.

    Raises:
        StoreError: there is no store, or it has no usable record of these protocols.
    """
    found = scan(store)
    records = _of(found.records, protocols, store)
    failures = read_failures(store, {record.key for record in found.records})
    if protocols:
        failures = [failure for failure in failures if failure.protocol in protocols]
    frame, failed = _label(from_records(records), failures)
    names = ["method", "row", "variant"]
    variants = sorted({*frame["variant"], *failed["variant"]}, key=order(pd.concat([frame[names], failed[names]])))
    given = looks(variants)
    given = {variant: given[variant] for variant in variants}
    problems: list[str] = []
    answered, (designs, unread) = answers(store, frame, problems.append), read_designs(store)
    boards = _boards(answered, failed, given, predictions)
    standings, notes = _standings(frame)
    comparisons = answered.comparisons
    primary = comparisons[comparisons["primary"].astype(bool)]
    synthetic = _amount(frame["synthetic"])
    corpora = _amount(frame.loc[~frame["synthetic"] & frame["corpus"].notna(), "synthetic_corpus"].fillna(value=False))
    return Content(
        title=_title(synthetic, corpora),
        synthetic=synthetic,
        synthetic_corpus=corpora,
        facts=_facts(frame, failures, boards),
        tally=tally(comparisons, answered.within),
        asked=answered.notes(primary) if len(primary) else [],
        matrices=matrices(boards, variants),
        boards=boards,
        looks=given,
        checks=[
            *submissions.said(store, dict(zip(frame["key"], frame["variant"], strict=True))),
            *evidence.checks(frame, comparisons),
        ],
        sources=evidence.sources(frame),
        outcomes=evidence.kept_outcomes(store, records),
        amounts=_amounts(boards),
        designs=designs,
        grids=[*(grid(one, frame["backbone"].nunique()) for one in answered.robustness), *tuned(frame)],
        standings=standings,
        standings_notes=notes,
        across=answered.across(),
        images=on_images(answered),
        warnings=[
            (str(backbone), found) for backbone, rows in frame.groupby("backbone") for found in warned.by_row(rows)
        ],
        failures=failures,
        left_out=[*found.left_out, *unread, *problems],
        data=embed(store, records),
    )


def _of(records: list[Record], protocols: Collection[str], store: Path) -> list[Record]:
    """The records of some protocols; of all where none is named."""
    if not records:
        raise StoreError(f"{store} holds no usable record: run a study first with `bench run`")
    held = sorted({record.protocol for record in records})
    if unknown := sorted(set(protocols) - set(held)):
        raise StoreError(f"{store} holds no record of protocol {unknown[0]!r}{among(unknown[0], held)}")
    return [record for record in records if not protocols or record.protocol in protocols]


def _amount(made: pd.Series) -> str:
    """Whether all, some or none of the values are true; none of no value."""
    return "none" if not made.any() else "all" if made.all() else "some"


def _title(synthetic: str, corpora: str) -> str:
    """What the page is of, with all that is synthetic."""
    data = {"all": " on synthetic data", "some": ", partly on synthetic data", "none": ""}[synthetic]
    corpus = {
        "all": ", pretrained on a synthetic corpus",
        "some": ", partly pretrained on a synthetic corpus",
        "none": "",
    }
    return f"Leaderboard{data}{corpus[corpora]}"


def _label(frame: pd.DataFrame, failures: list[Failure]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give records and failed cells row labels that agree."""
    names = list(Failure.__dataclass_fields__)
    failed = pd.DataFrame([[getattr(failure, name) for name in names] for failure in failures], columns=names)
    columns = ["backbone", "method", "options", "corpus", "row"]
    both = pd.concat([frame[columns], failed[columns]])
    labels = label(both.reset_index(drop=True))
    split = len(frame)
    return frame.assign(variant=labels[:split].to_numpy()), failed.assign(variant=labels[split:].to_numpy())


def _amounts(boards: list[Board]) -> list[str]:
    """Columns of the page: an amount stands where the smallest share does that it is on any board."""
    smallest: dict[str, float] = {}
    for board in boards:
        for name, fraction in board.amounts.items():
            smallest[name] = min(fraction, smallest.get(name, fraction))
    return sorted(smallest, key=lambda name: (smallest[name], name))


def _boards(answered: Answers, failed: pd.DataFrame, given: dict[str, Look], predictions: Path | None) -> list[Board]:
    frame, comparisons = answered.frame, answered.comparisons
    summary = summarise(frame)
    columns = ["method", "options", "variant"]
    shared = Shared(
        looks=given,
        asides=asides(pd.concat([frame[columns], failed[columns]])),
        letters=tie_letters(comparisons, summary),
        within=answered.within,
        several=len(set(frame["backbone"])) > 1,
    )
    fates = {one.place: one for one in answered.robustness}
    boards = []
    versions = frame.groupby("protocol")["protocol_hash"].nunique()
    for number, (place, records) in enumerate(frame.groupby(BOARD, sort=True)):
        mine = [table[(table[BOARD] == list(place)).all(axis=1)] for table in (summary, comparisons)]
        protocol, version, backbone = map(str, place)
        # A failure note names a protocol without its hash: with two versions in the store it belongs to neither for sure.
        here = (failed["protocol"] == protocol) & (failed["backbone"] == backbone) & (versions[protocol] == 1)
        there = set(records["variant"])
        shown = pictures(predictions, records, [row for row in given if row in there]) if predictions else None
        held = fates.get(Place(protocol, version, backbone))
        boards.append(lay_out(f"board-{number}", records, mine[0], mine[1], failed[here], shared, shown, held))
    return boards


def _standings(frame: pd.DataFrame) -> tuple[list[Overall], list[str]]:
    standings: list[Overall] = []
    notes: list[str] = []
    several = len(set(frame["backbone"])) > 1
    for backbone, records in frame.groupby("backbone"):
        if records["protocol"].nunique() < 2:
            continue
        arranged = blocks(records)
        ranks = average_ranks(arranged)
        notes += [f"Not used: {line}." for line in arranged.left_out]
        gains = interquartile_means(arranged).intervals if "random" in arranged.variants and arranged.scores else None
        for i, variant in enumerate(ranks.variants):
            name = f"{variant}, {backbone}" if several else variant
            standings.append(Overall(name, arranged.warnings[variant], ranks.intervals[i], gains[i] if gains else None))
    return sorted(standings, key=lambda standing: standing.rank.estimate), notes


def _facts(frame: pd.DataFrame, failures: list[Failure], boards: list[Board]) -> list[str]:
    holes = sum(board.holes for board in boards)
    methods, rows = frame["method"].nunique(), frame["variant"].nunique()
    facts = [
        _count(len(frame), "record"),
        _count(methods, "method") if methods == rows else f"{_count(rows, 'row')} of {_count(methods, 'method')}",
        _count(frame["protocol"].nunique(), "protocol"),
        _count(frame["backbone"].nunique(), "backbone"),
        f"{holes} missing" if holes else "no cell missing",
    ]
    return [*facts, f"{len(failures)} failed"] if failures else facts


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
