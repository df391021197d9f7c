"""Laying out scores as grids of text: wide as papers print them, or long."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import cast

import pandas as pd

from results import budgets, floors, kinship, labels, settling, ties, verdicts, warned
from results.origins import COLUMNS as ORIGIN
from results.origins import Origin, origins
from results.summary import BOARD, DECIMALS
from results.variants import meanings, order

HOLE = "—"
Letters = dict[ties.Column, dict[str, str]]


class Mark(Enum):
    """How a cell stands in its column."""

    NONE = ""
    BEST = "best"
    SECOND = "second"


@dataclass(frozen=True)
class Entry:
    """One piece of text of a grid, not escaped; `ties` are the letters of its tie groups, to be set as superscript."""

    text: str
    mark: Mark = Mark.NONE
    ties: str = ""


@dataclass(frozen=True)
class TextGrid:
    """A table ready for any format.

    Attributes:
        title: what the numbers are.
        notes: sentences to print below: n, holes, how to read the marks.
        header: column titles; the first `labels` of them head columns of names.
        labels: number of leading columns that hold names.
        rows: cells, one list a row, as long as the header.
        prose: columns of whole sentences, which a page has to break.
    """

    title: str
    notes: list[str]
    header: list[str]
    labels: int
    rows: list[list[Entry]]
    prose: frozenset[int] = frozenset()


def score_text(mean: float, sd: float) -> str:
    """A score in percent points, with its standard deviation where it has one: '71.20 ± 0.43'."""
    shown = f"{100 * mean:.{DECIMALS}f}"
    return shown if pd.isna(sd) else f"{shown} ± {100 * sd:.{DECIMALS}f}"


def wide(summary: pd.DataFrame, comparisons: pd.DataFrame, frame: pd.DataFrame) -> list[TextGrid]:
    """One grid for each protocol and backbone: variants as rows, fractions as columns.

    Args:
        summary: of `results.summary.summarise`.
        comparisons: of `results.stats.block_model.compare`, for these records and all others of their store.
        frame: those records.
    """
    letters = ties.tie_letters(comparisons, summary)
    return [
        _wide(board, title, same_board(comparisons, board), letters, same_board(frame, board))
        for title, board in boards(summary)
    ]


def long(summary: pd.DataFrame, comparisons: pd.DataFrame, frame: pd.DataFrame) -> list[TextGrid]:
    """One grid for each protocol and backbone, with a row for each variant and fraction, and n in a column.

    Args:
        summary: as of `wide`.
        comparisons: as of `wide`.
        frame: as of `wide`.
    """
    letters = ties.tie_letters(comparisons, summary)
    return [
        _long(board, title, same_board(comparisons, board), letters, same_board(frame, board))
        for title, board in boards(summary)
    ]


def record_notes(records: pd.DataFrame) -> list[str]:
    """Sentences below the table of one protocol and backbone.

    Named rows, labels and selection, the trivial score, what the pretraining cost, cells that had not settled, what is
    synthetic, and warnings.

    Args:
        records: of one protocol and backbone, at least one.
    """
    return [*row_notes(records), *given_notes(records), *synthetic_notes(records), *warned.notes(records)]


def given_notes(records: pd.DataFrame) -> list[str]:
    """What each row and score of one protocol and backbone was given; records of before say less."""
    return [
        *labels.notes(records),
        *kinship.notes(records),
        *floors.notes(records),
        *budgets.notes(records),
        *settling.notes(records),
    ]


def row_notes(records: pd.DataFrame) -> list[str]:
    """Say of which method each row is that bears a name of its own; the records are of one backbone."""
    named = [row if row.endswith(f"({what})") else f"{row} ({what})" for row, what in meanings(records).items()]
    return [f"Rows named by their study: {'; '.join(named)}."] if named else []


def synthetic_notes(records: pd.DataFrame) -> list[str]:
    """Say of one protocol's records whether the data set, or the corpus of some rows, was made by a generator."""
    if records["synthetic"].any():
        return ["The data set is synthetic: the numbers rank nothing outside it."]
    rows = set(records.loc[records["synthetic_corpus"].fillna(value=False), "variant"])
    shown = ", ".join(sorted(rows, key=order(records)))
    return [f"Pretrained on a synthetic corpus, though the data set is real: {shown}."] if rows else []


def boards(summary: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield title and rows of each group within which scores may be compared."""
    versions = summary.groupby("protocol")["protocol_hash"].nunique()
    for values, board in summary.groupby(BOARD, sort=False):
        protocol, protocol_hash, backbone = map(str, values)
        version = f" [{protocol_hash[:8]}]" if versions[protocol] > 1 else ""
        yield f"{protocol}{version}, {backbone}: {board['metric'].iloc[0]} in %", board


def same_board(table: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """Rows of `table` that belong to the protocol and backbone of `board`."""
    return table[(table[BOARD] == board[BOARD].iloc[0]).all(axis=1)]


def tuned(frame: pd.DataFrame) -> list[TextGrid]:
    """What tuning chose: one grid for each protocol and backbone on which a grid of values was searched."""
    found = []
    for (protocol, _, backbone), records in frame.groupby(BOARD, sort=True):
        rows = [[Entry(text) for text in row] for row in settling.chosen(records)]
        if rows:
            note = "In brackets: cells in which the value won. Each cell chose on its own labels, before its test."
            found.append(
                TextGrid(f"What tuning chose, {protocol}, {backbone}", [note], list(settling.COLUMNS), 3, rows)
            )
    return found


def _wide(
    board: pd.DataFrame, title: str, comparisons: pd.DataFrame, letters: Letters, records: pd.DataFrame
) -> TextGrid:
    fractions = sorted(board["fraction"].unique())
    usual = int(board["n"].max())
    tied = _tied(letters, board)
    rows, known = [], origins(records)
    for variant, group in board.groupby("variant", sort=False):
        by_fraction = {row.fraction: row for row in group.itertuples()}
        cells = [_score(by_fraction.get(at), usual, tied[at].get(str(variant), "")) for at in fractions]
        rows.append([Entry(str(variant)), *_origin(known, str(variant)), *cells])
    holes = sum(cell.text == HOLE for row in rows for cell in row)
    empty = {fraction for *_, fraction in floors.uninformative(records)}
    named = labels.heads(records, dict.fromkeys(empty, floors.MARK))
    heads = ["method", *(ORIGIN if known else ())]
    header = [*heads, *(named[at] for at in fractions)]
    blind = floors.trivial(records)
    if blind:
        shown = [f"{100 * blind[at]:.{DECIMALS}f}" if at in blind else "" for at in fractions]
        rows.append([Entry(floors.NAME), *_origin(known, floors.NAME), *map(Entry, shown)])
    notes = [*_notes(board, usual, holes), *_head_note(records), *chance_notes(comparisons, rows)]
    notes += record_notes(records)
    return TextGrid(title, notes, header, len(heads), rows)


def _origin(known: Mapping[str, Origin], variant: str) -> list[Entry]:
    """The columns of a row's origin; none where no row of the table is of weights that were brought."""
    if not known:
        return []
    found = known.get(variant, Origin("", "", ""))
    return [Entry(found.data), Entry(found.labels), Entry(found.init)]


def chance_notes(comparisons: pd.DataFrame, rows: list[list[Entry]]) -> list[str]:
    """Say what of a table is more than chance, and how that was judged.

    Args:
        comparisons: the table's rows of `results.stats.block_model.compare`.
        rows: the table's cells.
    """
    if comparisons.empty or not comparisons["error"].notna().any():
        return []
    lettered = any(cell.ties for row in rows for cell in row)
    read = f"{ties.READING}; in a column without letters no two are." if lettered else "No two rows are told apart."
    return [read, *verdicts.criterion(comparisons)]


def _tied(letters: Letters, board: pd.DataFrame) -> dict[float, dict[str, str]]:
    """Letters of a board's rows by fraction."""
    place = tuple(board[BOARD].iloc[0])
    return {fraction: letters.get((*place, fraction), {}) for fraction in board["fraction"].unique()}


def _score(row: object, usual: int, tied: str) -> Entry:
    if row is None:
        return Entry(HOLE)
    mean, sd, n, place, warnings = (getattr(row, name) for name in ("mean", "sd", "n", "place", "warnings"))
    few = "" if n == usual else f" (n={n})"
    return Entry(f"{score_text(mean, sd)}{few}{warned.mark(warnings)}", _mark(place), tied)


def _long(
    board: pd.DataFrame, title: str, comparisons: pd.DataFrame, letters: Letters, records: pd.DataFrame
) -> TextGrid:
    named, tied, known = labels.heads(records), _tied(letters, board), origins(records)
    heads = ["method", *(ORIGIN if known else ())]
    rows = [
        [
            Entry(str(row.variant)),
            *_origin(known, str(row.variant)),
            Entry(named[cast("float", row.fraction)]),
            Entry(str(row.n)),
            Entry(
                score_text(cast("float", row.mean), cast("float", row.sd)) + warned.mark(str(row.warnings)),
                _mark(cast("int", row.place)),
                tied[cast("float", row.fraction)].get(str(row.variant), ""),
            ),
        ]
        for row in board.itertuples()
    ]
    for fraction, score in floors.trivial(records).items():
        blank = [Entry(floors.NAME), *_origin(known, floors.NAME)]
        rows.append([*blank, Entry(named[fraction]), Entry(""), Entry(score_text(score, float("nan")))])
    return TextGrid(
        title,
        [_READING, _MARKS, *_head_note(records), *chance_notes(comparisons, rows), *record_notes(records)],
        [*heads, "labels", "n", "score"],
        len(heads),
        rows,
    )


_READING = "Mean ± s.d. over seeds."
_MARKS = "Bold: best of its column; underlined: second."


def _notes(board: pd.DataFrame, usual: int, holes: int) -> list[str]:
    several = bool(board["n"].min() < usual)
    if usual == 1 and not several:
        reading = "n = 1 seed: no spread is known."
    else:
        unless = " unless a cell says otherwise" if several else ""
        reading = f"Mean ± s.d. over seeds, n = {usual}{unless}."
    missing = [f"{HOLE}: no result ({holes} of {_cells(board)} cells)."] if holes else []
    return [reading, _MARKS, *missing]


def _head_note(records: pd.DataFrame) -> list[str]:
    return [labels.HEADS] if any(labels.counts(records).values()) else []


def _cells(board: pd.DataFrame) -> int:
    return int(board["variant"].nunique() * board["fraction"].nunique())


def _mark(place: int) -> Mark:
    return {1: Mark.BEST, 2: Mark.SECOND}.get(place, Mark.NONE)
