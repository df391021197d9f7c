"""Records of a store, and what they say: frames, tables, verdicts and statistics.

A frame is a plain pandas frame with one row a record; `frame.attrs["store"]` names the store that it was read from. Some
of its rows may be looked at alone. What is computed of them is judged among all records and questions of that store, so
that what is left out changes no number.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import overload

import pandas as pd

from bench.api.shown import Names, Table, Verdict
from bench.api.statistics import Statistics
from bench.api.studies import Place
from bench.core.errors import StoreError
from results import load, tables
from results.answers import Answers, answers_of
from results.matching import Choice
from results.matching import labels_to_match as match
from results.metrics import Chosen, choose

# Of a frame's `attrs`: the folder of the store that it was read from.
STORE = "store"


def frame(store: Place = "runs") -> pd.DataFrame:
    """All records of a store, one row each, with the columns of `results.frame.COLUMNS`; it warns of those left out.

    Args:
        store: folder of the results.

    Raises:
        StoreError: there is no store, or it has no usable record.
    """
    return named(load_records(Path(store), warnings.warn), Path(store))


def load_records(store: Path, on_problem: Callable[[str], object]) -> pd.DataFrame:
    """All records of a store, at least one.

    Args:
        store: the folder.
        on_problem: called with one line for each file that is left out.

    Raises:
        StoreError: there is no store, or it has no usable record.
    """
    found = load(store, on_problem=on_problem)
    if found.empty:
        raise StoreError(f"{store} holds no usable record: run a study first with `bench run`")
    return found


def named(records: pd.DataFrame, store: Path) -> pd.DataFrame:
    """The records, with the name of their store."""
    records.attrs[STORE] = str(store.resolve())
    return records


@overload
def table(
    frame: pd.DataFrame,
    format: None = None,
    *,
    layout: tables.Layout | None = None,
    metric: str | None = None,
    names: Names = "ours",
    store: Place | None = None,
) -> Table: ...
@overload
def table(
    frame: pd.DataFrame,
    format: tables.Format,
    *,
    layout: tables.Layout | None = None,
    metric: str | None = None,
    names: Names = "ours",
    store: Place | None = None,
) -> str: ...
def table(
    frame: pd.DataFrame,
    format: tables.Format | None = None,  # noqa: A002 - what pandas and the command call it too
    *,
    layout: tables.Layout | None = None,
    metric: str | None = None,
    names: Names = "ours",
    store: Place | None = None,
) -> Table | str:
    """Records as tables: methods as rows, fractions as columns, one table a protocol and backbone.

    Args:
        frame: records, as `run` and `frame` give them, or some of their rows.
        format: markdown, csv, latex or html as text; None for a table that a notebook shows.
        layout: fractions as columns (wide), or one row a cell (long); long for CSV, else wide.
        metric: another metric than the headline, ours or as papers name it (OA, AA, kappa, mF1, AP75).
        names: metrics as records name them, or as papers do (field); with paper rows too.
        store: folder of the store, where the frame does not name it.

    Raises:
        StoreError: the store is not known or not there, or has no record with that metric.
    """
    folder = folder_of(frame, store)
    found, shown = judged(frame, store)
    unknown: dict[str, str] = {}
    if metric is not None:
        chosen = choose(folder, metric, warnings.warn)
        found, shown, unknown = _with_metric(found, shown, chosen)
    laid = Table.of(found, shown, unknown, names, folder, layout)
    return laid if format is None else laid.text(format)


def verdict(
    frame: pd.DataFrame,
    *,
    baselines: str | Sequence[str] = (),
    questions: str | Sequence[str] = (),
    within: float | None = None,
    store: Place | None = None,
) -> Verdict:
    """The primary questions about some records, answered in a sentence each; others by baseline or question.

    Args:
        frame: records, as `run` and `frame` give them, or some of their rows.
        baselines: rows; all comparisons with one of them, said to be exploratory where they were not asked before.
        questions: comparisons such as `geokr>moco`, `geokr>moco@0.01` or `geokr>moco@demo/city:0.01`.
        within: points within which two rows are equal; None for what studies stated.
        store: folder of the store, where the frame does not name it.

    Raises:
        StoreError: the store is not known or not there.
        StudyError: a question names what the store has not.
    """
    found, shown = judged(frame, store)
    return Verdict.of(found, _as_list(baselines), _as_list(questions), within, shown)


def stats(frame: pd.DataFrame, *, store: Place | None = None) -> Statistics:
    """How sure the differences between rows are: pairwise, by rank over data sets, and where the spread comes from.

    Args:
        frame: records, as `run` and `frame` give them, or some of their rows.
        store: folder of the store, where the frame does not name it.

    Raises:
        StoreError: the store is not known or not there.
    """
    return Statistics(*judged(frame, store))


def labels_to_match(frame: pd.DataFrame, method: str, reference: str = "random") -> pd.DataFrame:
    """The share of the labels with which a row does as well as a reference with all of them, by protocol and backbone.

    Args:
        frame: records, as `run` and `frame` give them.
        method: method or row whose curve is followed.
        reference: method or row whose score at 100% is to be reached.

    Returns:
        `fraction` is missing where the scores support none: `status` says `at`, `at most`, `not reached` or `not separable`.

    Raises:
        StudyError: no protocol has both.
    """
    return pd.DataFrame([each.to_json() for each in match(frame, Choice(method), Choice(reference))])


def folder_of(frame: pd.DataFrame, store: Place | None) -> Path:
    """The store of some records.

    Raises:
        StoreError: nobody names it.
    """
    known = frame.attrs.get(STORE) if store is None else store
    if known is None:
        raise StoreError("this frame does not name its store (joined frames lose it): say store=FOLDER")
    return Path(known)


def judged(frame: pd.DataFrame, store: Place | None = None) -> tuple[Answers, pd.DataFrame]:
    """The answers of the store that records come from, under the names that the frame gives its rows, and the records.

    Raises:
        StoreError: the store is not known, or has none of these records.
    """
    folder = folder_of(frame, store)
    lacking = [name for name in ("key", "row") if name not in frame]
    if lacking:
        raise StoreError(
            f"this frame has no column {lacking[0]!r}: give rows of what gb.run or gb.frame returned, whole"
        )
    rows = [None if pd.isna(row) else str(row) for row in frame["row"]]
    found, shown = answers_of(folder, list(zip(map(str, frame["key"]), rows, strict=True)))
    if shown.empty:
        raise StoreError(f"{folder} holds none of these {len(frame)} records: name their store as store=FOLDER")
    return found, shown


def _with_metric(found: Answers, shown: pd.DataFrame, chosen: Chosen) -> tuple[Answers, pd.DataFrame, dict[str, str]]:
    """Answers and records with another metric, under the same names of rows."""
    called = dict(zip(found.frame["key"], found.frame["variant"], strict=True))
    records = chosen.frame.assign(variant=[called[key] for key in chosen.frame["key"]])
    kept = records[records["key"].isin(set(shown["key"]))]
    return Answers(records, found.asked, found.images), kept, chosen.unknown


def _as_list(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
