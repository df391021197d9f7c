"""Tables and verdicts as objects: text in every format, numbers, and what a notebook shows of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import pandas as pd
from rich.console import Console

from results import answers, copied, tables
from results.answers import Answers
from results.metrics import field_name
from results.naming import Style
from results.summary import summarise
from results.tables import formats, layout

# Metrics and rows as records name them, metrics as papers do, or both.
Names = Literal["ours", "field", "paper"]


@dataclass(frozen=True, repr=False)
class Table:
    """Records laid out: methods as rows, fractions as columns.

    Attributes:
        frame: the records.
        found: the answers of their store.
        unknown: by protocol, what is not known of the metric.
        style: whose names the rows bear.
        copied: scores of other benchmarks, which stand below.
        shape: wide or long; None for what each format has by itself.
    """

    frame: pd.DataFrame
    found: Answers
    unknown: dict[str, str]
    style: Style = "ours"
    copied: list[layout.TextGrid] = field(default_factory=list)
    shape: tables.Layout | None = None

    @classmethod
    def of(
        cls,
        found: Answers,
        shown: pd.DataFrame,
        unknown: dict[str, str],
        names: Names,
        store: Path,
        shape: tables.Layout | None = None,
    ) -> Self:
        """The table of some records.

        Args:
            found: the answers of their store.
            shown: the records.
            unknown: by protocol, what is not known of their metric.
            names: whose names metrics and rows bear.
            store: where scores of other benchmarks may lie.
            shape: wide or long.
        """
        if names != "ours":
            shown = shown.assign(metric=shown["metric"].map(field_name))
            found = Answers(found.frame.assign(metric=found.frame["metric"].map(field_name)), found.asked, found.images)
        return cls(shown, found, unknown, "paper" if names == "paper" else "ours", copied.grids(store), shape)

    def text(self, form: tables.Format = "markdown") -> str:
        """The table in a format: markdown, csv, latex or html (complete documents)."""
        # A table of values compares nothing.
        comparisons = None if form == "csv" or self.shape == "long" else self.found.comparisons
        return tables.render(self.frame, form, self.shape, comparisons, self.unknown, self.style, self.copied)

    def print(self, console: Console) -> None:
        """Print it to a terminal."""
        tables.print_tables(self.frame, console, self.found.comparisons, self.unknown, self.style)
        formats.show(self.copied, console)

    @property
    def numbers(self) -> pd.DataFrame:
        """Mean, standard deviation and n of each row, protocol, backbone and fraction; scores are fractions in [0, 1]."""
        return summarise(self.frame)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return formats.fragment(
            [*tables.grids(self.frame, self.found.comparisons, self.unknown, self.style), *self.copied]
        )


@dataclass(frozen=True, repr=False)
class Verdict:
    """Questions about a store, answered in a sentence each.

    Attributes:
        found: the answers of the store.
        comparisons: those that are told, with every number.
        within: difference up to which two rows count as equal, as a fraction; None for what studies stated.
        across: sentences about all tasks together.
    """

    found: Answers
    comparisons: pd.DataFrame
    within: float | None = None
    across: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        found: Answers,
        baselines: Sequence[str] = (),
        questions: Sequence[str] = (),
        within: float | None = None,
        shown: pd.DataFrame | None = None,
    ) -> Self:
        """The verdict that a reader wants.

        Args:
            found: the answers of a store.
            baselines: rows; all comparisons with one of them.
            questions: single comparisons.
            within: points within which two rows are equal.
            shown: records, both rows of a comparison must be among them; None for all.

        Raises:
            StudyError: a row or a question is not of this store.
        """
        chosen = answers.select(found, list(baselines), list(questions))
        looked = found
        if shown is not None:
            chosen = answers.among(chosen, shown)
            looked = Answers(shown, found.asked)
        across = [] if questions else looked.across(baselines) if baselines else looked.across()
        return cls(found, chosen, None if within is None else within / 100, across)

    @cached_property
    def sentences(self) -> list[str]:
        """A sentence for each comparison."""
        return [each.text for each in self.found.sentences(self.comparisons, self.within)]

    @property
    def notes(self) -> list[str]:
        """How the sentences are meant: what was asked and when, how it was judged, and what else a reader must know."""
        return self.found.notes(self.comparisons) if len(self.comparisons) else []

    def text(self, form: answers.Form | Literal["html"] = "text") -> str:
        """Sentences and notes in a format: text, markdown, latex, html (fragments) or json, with every number."""
        return answers.render(self.found, self.comparisons, form, self.within, self.across)

    def __repr__(self) -> str:
        return self.text()

    def _repr_html_(self) -> str:
        return self.text("html")
