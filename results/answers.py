"""The answers of a store: its comparisons, read against what was asked there, as sentences."""

import html
import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from bench.core import suggest
from bench.core.errors import StudyError
from bench.store.questions import Question, Questions, read_questions
from results import arithmetic, kinship
from results.doubt import BY_COMPARISON, TestImages
from results.frame import from_records, scan
from results.labels import amounts
from results.robustness import Pair, Place, Robustness, marks, robustness
from results.stats.across import across
from results.stats.block_model import COLUMN, compare
from results.stats.family import asked
from results.stats.ranking import blocks, ranks_over_tasks, separation
from results.stats.simultaneous import ALPHA, Family
from results.summary import BOARD
from results.tables import text
from results.tables.layout import record_notes
from results.variants import REFERENCES
from results.verdicts import WITHIN, Verdict, across_tasks, by_rank, claims, criterion, difference, on_images

# Answers that a run prints below its tables.
_MOST = 12
Form = Literal["text", "markdown", "latex", "json"]
_QUESTION = re.compile(r"^\s*(?P<a>[^>@]+?)\s*>\s*(?P<b>[^>@]+?)\s*(?:@\s*(?P<where>[^\s@]+))?\s*$")


@dataclass(frozen=True)
class Answers:
    """A store's records and what they say.

    Attributes:
        frame: all records.
        asked: what studies stated here, the oldest first.
        images: what the test samples came out as; None where only the records are at hand.
    """

    frame: pd.DataFrame
    asked: list[Questions]
    images: TestImages | None = None

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """The comparisons of all records, read against all that was asked."""
        return compare(self.frame, self.questions, self.level)

    @cached_property
    def robustness(self) -> list[Robustness]:
        """What becomes of the comparisons under variants of their protocols."""
        return robustness(self.frame, self.comparisons)

    @cached_property
    def family(self) -> Family:
        """The primary questions, which are right together in 95% of studies."""
        places = self.comparisons[COLUMN].itertuples(index=False, name=None)
        made = zip(places, self.comparisons["a"], self.comparisons["b"], strict=True)
        return asked(self.frame, made, self.questions).family

    @property
    def questions(self) -> list[Question]:
        """All that was ever asked here, each once."""
        return list(dict.fromkeys(question for each in self.asked for question in each.questions))

    @property
    def within(self) -> float:
        """Difference up to which two rows count as equal: the smallest that a study stated."""
        return min((each.within for each in self.asked), default=WITHIN)

    @property
    def level(self) -> float:
        """Nominal error of the intervals: lower where a study chose its number of seeds by their width."""
        return min((each.until.level for each in self.asked if each.until), default=ALPHA)

    def sentences(self, comparisons: pd.DataFrame, within: float | None = None) -> list[Verdict]:
        """The comparisons in words, with the protocol they are on.

        Args:
            comparisons: rows of `comparisons`.
            within: as of the attribute, where not that.
        """
        named = {tuple(place): amounts(board) for place, board in self.frame.groupby(BOARD)}
        held = {each.place: each for each in self.robustness}
        several = len(set(self.frame["backbone"])) > 1
        said = []
        for row in _rows(comparisons):
            place = Place(row.protocol, row.protocol_hash, row.backbone)
            amount = named[tuple(place)][row.fraction]
            holds = marks(held[place], Pair(row.a, row.b, amount)) if place in held else ""
            found = difference(row, holds, amount, self.within if within is None else within)
            where = f"On {row.protocol}, {row.backbone}" if several else f"On {row.protocol}"
            said.append(Verdict(f"{where} at {found.text.removeprefix('At ')}", found.sure))
        return said

    def on_images(self, comparisons: pd.DataFrame) -> list[str]:
        """What the test images say of the comparisons in words, '' where nothing is known.

        Args:
            comparisons: rows of `comparisons`.
        """
        if self.images is None:
            return [""] * len(comparisons)
        found = self.images.by_comparison(comparisons, self.family)
        return [on_images(row, each) for row, each in zip(_rows(comparisons), _rows(found), strict=True)]

    def across(self, baselines: Sequence[str] = REFERENCES) -> list[str]:
        """What rows differ by across tasks, in words: effects against each baseline, and ranks.

        Args:
            baselines: labels of rows; those without records are passed over.
        """
        lines: list[str] = []
        for backbone, records in self.frame.groupby("backbone", sort=True):
            present = [baseline for baseline in baselines if baseline in set(records["variant"])]
            tables = [across(records, baseline, self.level) for baseline in present]
            said = [sentence for table in tables if len(table) for sentence in across_tasks(table)]
            arranged = blocks(records)
            standing = ranks_over_tasks(arranged)
            ranks = by_rank(list(zip(standing.variants, standing.intervals, strict=True)), separation(arranged))
            several = f"{backbone}: " if len(set(self.frame["backbone"])) > 1 else ""
            lines += [f"{several}{line}" for line in (*said, ranks) if said and line]
        return lines

    def notes(self, comparisons: pd.DataFrame) -> list[str]:
        """How the sentences are meant: what was asked and when, how it was judged, and what else a reader must know."""
        lines = [] if self.images is None else claims(known=self.images.known)
        lines += criterion(comparisons) if comparisons["error"].notna().any() else []
        lines += [
            f"Asked by {each.study} on {each.date}{f' at {each.revision}' if each.revision else ''}: "
            f"{len(each.questions)} questions ({each.hash}){_until(each)}."
            for each in self.asked
        ]
        shown = self.frame.merge(comparisons[BOARD].drop_duplicates(), on=BOARD)
        for _, board in shown.groupby(BOARD):
            lines += [note for note in record_notes(board) if "synthetic" in note.lower()]
            lines += kinship.notes(board) + arithmetic.notes(board)
        return list(dict.fromkeys(lines))


def answers(store: Path, frame: pd.DataFrame, on_problem: Callable[[str], object] = warnings.warn) -> Answers:
    """The answers of a store or of a folder of committed records.

    Args:
        store: where the questions and the outcomes lie.
        frame: all of its records.
        on_problem: called with one line for each file of outcomes that cannot be used.

    Raises:
        StoreError: a list of questions is damaged.
    """
    return Answers(frame, read_questions(store), TestImages(store, frame, on_problem))


def answers_of(store: Path, mine: list[tuple[str, str | None]]) -> tuple[Answers, pd.DataFrame]:
    """The answers of a store under the row names of one study, and that study's records.

    A record keeps the name that the first study gave its row. All records of the store are judged together, so that what
    a study leaves out changes no number.

    Args:
        store: the store's folder.
        mine: key of each of the study's records, and its name for the row, None for the method's own.
    """
    records = {record.key: record for record in scan(store).records}
    others = [record for key, record in records.items() if key not in {key for key, _ in mine}]
    there = [(records[key], name) for key, name in mine if key in records]
    names = [*(name for _, name in there), *(record.row for record in others)]
    frame = from_records([*(record for record, _ in there), *others], names)
    return answers(store, frame), frame[frame["key"].isin({record.key for record, _ in there})]


def select(found: Answers, baselines: list[str], asked: list[str]) -> pd.DataFrame:
    """The comparisons that a reader wants: the primary ones, or those against baselines, or those of questions.

    Args:
        found: the answers of a store.
        baselines: rows; all comparisons with one of them.
        asked: questions as `geokr>moco`; `geokr>moco@0.01` at one amount of labels, `geokr>moco@demo/city` on one protocol,
            `geokr>moco@demo/city:0.01` on both.

    Raises:
        StudyError: a question is written otherwise, or names what the store has not.
    """
    comparisons = found.comparisons
    rows = sorted(set(comparisons["a"]) | set(comparisons["b"]))
    for name in baselines:
        _check_row(name, rows)
    if not baselines and not asked:
        return comparisons[comparisons["primary"].astype(bool)]  # of no comparison the column is of no type
    pairs = comparisons[["a", "b"]]
    wanted = pairs.isin(baselines).any(axis=1)
    for question in asked:
        wanted |= _matches(question, found, rows)
    return comparisons[wanted]


def _matches(question: str, found: Answers, rows: list[str]) -> pd.Series:
    parsed = _QUESTION.match(question)
    if parsed is None:
        raise StudyError(
            f"--question {question}: write it as ROW>ROW or ROW>ROW@[PROTOCOL:]AMOUNT, such as geokr>moco@demo/city:0.01"
        )
    for name in (parsed["a"], parsed["b"]):
        _check_row(name, rows)
    table, pair = found.comparisons, {parsed["a"], parsed["b"]}
    wanted: pd.Series = table["a"].isin(pair) & table["b"].isin(pair)
    if not wanted.any():
        raise StudyError(f"--question {question}: these two rows share no protocol, amount of labels and seed")
    if parsed["where"]:
        wanted &= _at(question, parsed["where"], found, wanted)
    return wanted


def _at(question: str, where: str, found: Answers, pair: pd.Series) -> pd.Series:
    """The comparisons on a protocol, at an amount of labels, or both: `demo/city`, `0.01`, `demo/city:0.01`.

    Args:
        question: for messages.
        where: what stands behind the @.
        found: the answers of the store.
        pair: which comparisons are of the question's two rows, at least one.
    """
    table = found.comparisons
    there = {tuple(place): amounts(board) for place, board in found.frame.groupby(BOARD)}
    protocol, _, amount = where.rpartition(":")
    if not protocol and ("/" in where or where in set(table["protocol"])):
        protocol, amount = where, ""
    kept = pair.copy()
    if protocol:
        _check_name(f"--question {question}: protocol", protocol, sorted(set(table.loc[kept, "protocol"])))
        kept &= table["protocol"] == protocol
    if amount:
        spelt = [amount in _spellings(row.fraction, there[tuple(row[:3])]) for row in _places(table)]
        known = list(dict.fromkeys(there[tuple(row[:3])][row.fraction] for row in _places(table[kept])))
        kept &= pd.Series(spelt, index=table.index, dtype=bool)
        if not kept.any():
            raise StudyError(f"--question {question}: not measured at {amount}: choose from {', '.join(known)}")
    return kept


def _spellings(fraction: float, named: dict[float, str]) -> set[str]:
    return {named[fraction], f"{fraction:g}", f"{100 * fraction:g}%", str(fraction)}


def _check_row(name: str, rows: list[str]) -> None:
    _check_name("there is no comparison with a row", name, rows)


def _check_name(what: str, name: str, known: list[str]) -> None:
    """Refuse a name that is not known, with the nearest one that is."""
    if name not in known:
        raise StudyError(f"{what} {name!r} in this store{suggest.among(name, known)}")


def render(
    found: Answers,
    comparisons: pd.DataFrame,
    form: Form | Literal["html"],
    within: float | None = None,
    across: Sequence[str] = (),
) -> str:
    """Sentences and notes as text, Markdown, LaTeX or HTML (fragments) or JSON (with every number of each comparison).

    Args:
        found: the answers of a store.
        comparisons: those that are shown.
        form: of the text.
        within: as of `Answers.sentences`.
        across: sentences about all tasks together.
    """
    said = [each.text for each in found.sentences(comparisons, within)]
    beside = found.on_images(comparisons)
    notes = found.notes(comparisons) if len(comparisons) else []
    if form == "json":
        return json.dumps(
            {"answers": _as_json(found, comparisons, said, beside), "across": [*across], "notes": notes}, indent=1
        )
    if form == "html":
        lines = [
            f"<li>{_shown(each)}{f'<br><small>{_shown(line)}</small>' if line else ''}</li>"
            for each, line in zip(said, beside, strict=True)
        ]
        lines += [f"<li>{_shown(line)}</li>" for line in across]
        return "".join(["<ul>", *lines, "</ul>", *(f"<p><small>{_shown(note)}</small></p>" for note in notes)])
    if form == "markdown":
        lines = [
            _below(f"- {text.markdown(each)}", "  - ", text.markdown(line))
            for each, line in zip(said, beside, strict=True)
        ]
        lines += [f"- {text.markdown(line)}" for line in across]
        return "\n".join([*lines, "", *(f"*{text.markdown(note)}*\n" for note in notes)]).rstrip()
    if form == "latex":
        lines = [rf"  \item {text.latex(f'{each} {line}'.rstrip())}" for each, line in zip(said, beside, strict=True)]
        lines += [rf"  \item {text.latex(line)}" for line in across]
        small = " ".join(text.latex(note) for note in notes)
        return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}", rf"\noindent\footnotesize {small}"])
    lines = [_below(text.visible(each), "  ", text.visible(line)) for each, line in zip(said, beside, strict=True)]
    more = [text.visible(line) for line in across]
    return "\n".join([*lines, *(["", *more] if more else []), "", *map(text.visible, notes)]).rstrip()


def _shown(sentence: str) -> str:
    return html.escape(text.visible(sentence))


def _below(sentence: str, indent: str, line: str) -> str:
    return f"{sentence}\n{indent}{line}" if line else sentence


def _as_json(found: Answers, comparisons: pd.DataFrame, said: list[str], beside: list[str]) -> list[dict[str, Any]]:
    """Every number of each comparison with its sentence, and those of its test images with theirs."""
    rows = [row | {"sentence": each} for row, each in zip(_records(comparisons), said, strict=True)]
    if found.images is None or not any(beside):
        return rows
    numbers = _records(found.images.by_comparison(comparisons, found.family)[list(BY_COMPARISON)])
    images = [each | {"sentence": line} for each, line in zip(numbers, beside, strict=True)]
    return [row | ({"images": each} if each["sentence"] else {}) for row, each in zip(rows, images, strict=True)]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return found


def summary(found: Answers, shown: pd.DataFrame) -> list[str]:
    """The answers about the records that are shown, a line each, with how they were judged; at most `_MOST`.

    Args:
        found: the answers of a store.
        shown: some of its records.
    """
    mine = primary_among(found, shown)
    if mine.empty:
        return []
    lines = [each.text for each in found.sentences(mine.head(_MOST))]
    more = [f"{len(mine) - _MOST} more: bench verdict"] if len(mine) > _MOST else []
    return [*lines, *more, *(criterion(mine) if mine["error"].notna().any() else [])]


def primary_among(found: Answers, shown: pd.DataFrame) -> pd.DataFrame:
    """The primary comparisons of which both rows are among the records that are shown."""
    return among(found.comparisons[found.comparisons["primary"]], shown)


def among(comparisons: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of which both rows are among the records that are shown."""
    places = {
        (*place, str(variant)) for (*place, variant), _ in shown.groupby([*BOARD, "fraction", "variant"], sort=False)
    }
    here = [{(*row[1:5], row.a), (*row[1:5], row.b)} <= places for row in _rows(comparisons)]
    return comparisons[pd.Series(here, index=comparisons.index, dtype=bool)]


def _until(each: Questions) -> str:
    """How the number of seeds was chosen, where it was not stated."""
    if each.until is None:
        return ""
    return f", with seeds added until ±{100 * each.until.width:g} points, at most {each.until.most}"


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _places(table: pd.DataFrame) -> list[Any]:
    return list(table[[*BOARD, "fraction"]].itertuples(index=False))
