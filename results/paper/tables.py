r"""Score tables as fragments for `\input`: siunitx columns, tie letters as superscripts, rows grouped by their start."""

import json
import math
from collections.abc import Iterator
from typing import Any

import pandas as pd
from markupsafe import Markup

from results import floors, labels, warned
from results.summary import BOARD, DECIMALS, summarise
from results.tables import layout, text
from results.tables.formats import latex_environment
from results.ties import tie_letters
from results.variants import REFERENCES, stands_apart

# What a row's weights started from, in the order of the groups.
GROUPS = (
    "not pretrained",
    "pretrained from scratch",
    "pretrained from ImageNet",
    "weights of others",
    "floors and ceilings",
)
_SCALE = 10**DECIMALS
# Of a page, in mm: the text, a character of \footnotesize, and the space between two columns.
_TEXT, _CHARACTER, _BETWEEN = 180.0, 1.55, 4.3


def score_tables(frame: pd.DataFrame, comparisons: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Name, title and LaTeX of the table of each protocol and backbone.

    Args:
        frame: records.
        comparisons: of `results.stats.block_model.compare`, for these records and others of their store.
    """
    summary = summarise(frame)
    letters = tie_letters(comparisons, summary)
    grids = layout.wide(summary, comparisons, frame)
    template = latex_environment().get_template("paper/scores.tex")
    for (title, board), grid in zip(layout.boards(summary), grids, strict=True):
        records = layout.same_board(frame, board)
        fractions = sorted(board["fraction"].unique())
        place = tuple(board[BOARD].iloc[0])
        tied = {fraction: letters.get((*place, fraction), {}) for fraction in fractions}
        groups = _grouped(board, records, fractions, tied)
        blind = floors.trivial(records)
        if blind:
            cells = [_number(blind[at], math.nan) if at in blind else "" for at in fractions]
            groups.append(("", [(text.latex(floors.NAME), cells)]))
        yield (
            _name(*map(str, place)),
            title,
            template.render(
                heads=_heads(board, records, fractions),
                formats=[Markup(_format(board[board["fraction"] == at], tied[at])) for at in fractions],  # noqa: S704 - digits and letters
                groups=[
                    (name, [(Markup(row), list(map(Markup, cells))) for row, cells in rows])  # noqa: S704 - escaped by `_grouped`
                    for name, rows in groups
                ],
                notes=[note.replace("; underlined: second", "") for note in grid.notes],
            ),
        )


def group_of(method: str, options: dict[str, Any]) -> str:
    """Which of `GROUPS` a row belongs to."""
    if stands_apart(method):
        return GROUPS[4]
    if method == "weights" or str(options.get("init", "")).startswith("sha256:"):
        return GROUPS[3]
    if method == "imagenet" or options.get("init") == "imagenet":
        return GROUPS[2]
    return GROUPS[0] if method in REFERENCES else GROUPS[1]


def columns(grid: layout.TextGrid) -> Markup:
    """LaTeX of a long table's columns: as wide as their texts, and where a page has no room the widest are broken."""
    lengths = [
        max(len(title), *(len(row[at].text) for row in grid.rows)) if grid.rows else len(title)
        for at, title in enumerate(grid.header)
    ]
    natural = [_CHARACTER * length for length in lengths]
    room = _TEXT - _BETWEEN * len(natural)
    cap = max(natural)
    if sum(natural) > room:
        # The widest share alike what the others leave.
        for number in range(1, len(natural) + 1):
            cap = (room - sum(sorted(natural)[: len(natural) - number])) / number
            if cap >= max(sorted(natural)[: len(natural) - number], default=0.0):
                break
    kinds = ["l" if at < grid.labels else "r" for at in range(len(natural))]
    spec = "".join(f"P{{{cap:.1f}mm}}" if width > cap else kind for width, kind in zip(natural, kinds, strict=True))
    return Markup(spec)  # noqa: S704 - letters and numbers


def _grouped(
    board: pd.DataFrame, records: pd.DataFrame, fractions: list[float], tied: dict[float, dict[str, str]]
) -> list[tuple[str, list[tuple[str, list[str]]]]]:
    """Rows by group, escaped: the name, and a cell for each fraction."""
    usual = int(board["n"].max())
    common = {at: _common(board, at) for at in fractions}
    options = records.drop_duplicates("variant").set_index("variant")["options"]
    found: dict[str, list[tuple[str, list[str]]]] = {name: [] for name in GROUPS}
    for variant, rows in board.groupby("variant", sort=False):
        name = str(variant)
        by_fraction = {row.fraction: row for row in rows.itertuples()}
        cells = [_cell(by_fraction.get(at), common[at] or usual, tied[at].get(name, "")) for at in fractions]
        group = group_of(str(rows["method"].iloc[0]), json.loads(options[name]))
        found[group].append((text.latex(name), cells))
    return [(name, rows) for name, rows in found.items() if rows]


def _heads(board: pd.DataFrame, records: pd.DataFrame, fractions: list[float]) -> list[list[str]]:
    """Lines of the head of each amount: how much, how many labels that is, and repeats where a column has its own."""
    usual = int(board["n"].max())
    found = []
    for at in fractions:
        head, bracket, counts = labels.heads(records, {})[at].partition(" (")
        repeats = _common(board, at)
        own = f"{repeats} seed{'s' * (repeats > 1)}" if repeats and repeats != usual else ""
        found.append([head, f"({counts}" if bracket else "", own])
    # A line that is empty in every column is none.
    kept = [line for line in range(3) if any(head[line] for head in found)]
    return [[head[line] for head in found] for line in kept]


def _common(board: pd.DataFrame, fraction: float) -> int | None:
    """Repeats of every row at an amount; None where they differ."""
    counts = set(board.loc[board["fraction"] == fraction, "n"])
    return int(counts.pop()) if len(counts) == 1 else None


def _cell(row: Any, usual: int, letters: str) -> str:
    if row is None:
        return "{---}"
    # A star of the mark's group, not the superscript of letters, says which numbers rest on fewer repeats.
    behind = rf"\textsuperscript{{\mdseries {text.latex(letters)}}}" if letters else ""
    behind += text.latex(warned.mark(row.warnings).strip())
    behind += "" if row.n == usual else rf"\,(n={row.n})"
    return ("\\bfseries " if row.place == 1 else "") + _number(row.mean, row.sd) + behind


def _number(mean: float, sd: float) -> str:
    """A score in percent points as siunitx reads it, such as `71.20(43)`."""
    shown = f"{100 * mean:.{DECIMALS}f}"
    return shown if pd.isna(sd) else f"{shown}({round(100 * _SCALE * sd)})"


def _format(column: pd.DataFrame, letters: dict[str, str]) -> str:
    """What siunitx is told of a column: digits before and behind the point, of the uncertainty, and what stands behind."""
    whole = max(len(str(int(100 * mean))) for mean in column["mean"])
    spread = [len(str(round(100 * _SCALE * sd))) for sd in column["sd"].dropna()]
    longest = max(letters.values(), key=len, default="")
    behind = rf"\textsuperscript{{{text.latex(longest)}}}" if longest else ""
    behind += r"\textdaggerdbl{}" if (column["warnings"] != "").any() else ""
    uncertain = f"({max(spread)})" if spread else ""
    return f"table-format={whole}.{DECIMALS}{uncertain}" + (f",table-space-text-post={{{behind}}}" if behind else "")


def _name(*parts: str) -> str:
    """A file name: of the hash of the protocol's content, eight digits."""
    parts = (parts[0], parts[1][:8], parts[2])
    return "-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in part) for part in parts)
