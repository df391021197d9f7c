"""The ledger: every trial of every method with its options, seed and measures, a line of CSV each.

It is written whole after each trial. It is committed beside the tuning file, and a study that takes the options it chose
says `tuned_by`.
"""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from bench.core import files
from bench.core.configs import folder
from bench.core.errors import StudyError


@dataclass(frozen=True)
class Entry:
    """One trial.

    Attributes:
        method: what was trained.
        trial: number, from 1; the first takes the defaults.
        chosen: whether its options are those of the method from here on.
        options: what the trial states beside what all trials of the method have.
        score: the mean of the measures, by which it was ranked, higher is better; None of one that diverged.
        measures: of each protocol and amount of labels, `demo/scenes-probe@5%`, the mean score of the cells.
        steps, views: of the pretraining; views are those of the network that learns by gradient.
        seed: of the pretraining.
        warnings: names of the warnings of its weights.
        diverged: why it has no weights, in one line; empty where it has.
        cells: hash of the keys of the cells that judged it.
        key: of its weights.
    """

    method: str
    trial: int
    options: dict[str, Any]
    seed: int
    key: str
    cells: str
    chosen: bool = False
    score: float | None = None
    measures: dict[str, float] = field(default_factory=dict)
    steps: int = 0
    views: int = 0
    warnings: tuple[str, ...] = ()
    diverged: str = ""

    @property
    def collapsed(self) -> bool:
        """Whether its features have lost their spread or rank."""
        return "features-collapsed" in self.warnings

    def merit(self) -> tuple[bool, float, int]:
        """By which trials of a method are ranked: those that collapsed last, then by score, the earlier first."""
        assert self.score is not None
        return not self.collapsed, self.score, -self.trial


@dataclass(frozen=True)
class Ledger:
    """All trials of a tuning."""

    entries: tuple[Entry, ...] = ()

    def add(self, entry: Entry) -> "Ledger":
        """With one more trial, or with a trial measured again; the chosen ones marked anew."""
        others = [each for each in self.entries if (each.method, each.trial) != (entry.method, entry.trial)]
        entries = sorted([*others, entry], key=lambda each: (each.method, each.trial))
        best: dict[str, Entry] = {}
        for each in entries:
            rival = best.get(each.method)
            if each.score is not None and (rival is None or each.merit() > rival.merit()):
                best[each.method] = each
        numbers = {method: each.trial for method, each in best.items()}
        return Ledger(tuple(replace(each, chosen=numbers.get(each.method) == each.trial) for each in entries))

    @property
    def chosen(self) -> dict[str, dict[str, Any]]:
        """The options that were chosen, by method."""
        return {each.method: each.options for each in self.entries if each.chosen}

    @property
    def measures(self) -> list[str]:
        """Names of all that was measured."""
        return list(dict.fromkeys(name for each in self.entries for name in each.measures))

    def trials(self, method: str) -> int:
        """Number of trials of a method."""
        return sum(each.method == method for each in self.entries)

    def trials_behind(self, method: str, stated: dict[str, Any]) -> int:
        """How many trials chose what is stated for a method; 0 where something else is stated than what they chose."""
        tried = {name for each in self.entries if each.method == method for name in each.options}
        kept = {name: value for name, value in stated.items() if name in tried}
        return self.trials(method) if kept == self.chosen.get(method) else 0

    def text(self) -> str:
        """As CSV; a number keeps all its digits."""
        plain = [each.name for each in fields(Entry) if each.name != "measures"]
        first = ["method", "trial", "chosen", "options", "score", *self.measures]
        names = first + [name for name in plain if name not in first]
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, names, lineterminator="\n")
        writer.writeheader()
        for each in self.entries:
            values = {name: getattr(each, name) for name in plain} | each.measures
            values |= {"options": json.dumps(each.options), "warnings": " ".join(each.warnings)}
            values |= {"chosen": "yes" if each.chosen else "", "score": "" if each.score is None else each.score}
            writer.writerow(values)
        return buffer.getvalue()

    def write(self, path: Path) -> None:
        """Write it whole."""
        files.write_text(path, self.text())


def read_ledger(path: Path) -> Ledger:
    """A ledger as `Ledger.write` left it.

    Raises:
        StudyError: it is absent or broken.
    """
    try:
        with path.open(newline="") as stream:
            return Ledger(tuple(map(_entry, _rows(stream))))
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = files.because(error, "restore it, or make it with bench tune")
        raise StudyError(f"ledger {path} cannot be read{why}") from None


def _rows(stream: Iterable[str]) -> Iterable[dict[str, str]]:
    rows = csv.DictReader(stream)
    if "method" not in (rows.fieldnames or ()):
        raise ValueError("its first line does not name the columns")
    return rows


def _entry(row: dict[str, str]) -> Entry:
    return Entry(
        method=row["method"],
        trial=int(row["trial"]),
        options=json.loads(row["options"]),
        seed=int(row["seed"]),
        key=row["key"],
        cells=row["cells"],
        chosen=row["chosen"] == "yes",
        score=float(row["score"]) if row["score"] else None,
        measures={name: float(row[name]) for name in row if "@" in name and row[name]},
        steps=int(row["steps"]),
        views=int(row["views"]),
        warnings=tuple(row["warnings"].split()),
        diverged=row["diverged"],
    )


def shipped(name: str) -> Path:
    """Where the ledger of a shipped tuning file lies, beside it."""
    return folder() / "tuning" / f"{name}.csv"


def find_ledger(name: str) -> Ledger:
    """The ledger of a shipped tuning file by its name, or another at a path that ends with `.csv`; as `read_ledger`."""
    return read_ledger(Path(name) if name.endswith(".csv") else shipped(name))
