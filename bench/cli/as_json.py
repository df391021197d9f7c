"""What reading commands print with `--json`: one document on stdout, and nothing else there.

Keys are those of the field and stay; a number that there is not is null. docs/results.md lists them by command.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from pydantic_core import to_json

if TYPE_CHECKING:
    import pandas as pd

    from results.tables.layout import TextGrid


def echo(value: Any) -> None:
    """Print a value of plain or data classes as one document."""
    click.echo(text(value))


def text(value: Any) -> str:
    """The document of a value: fields of data classes and models by name, NaN and infinity as null."""
    return to_json(value, indent=1, inf_nan_mode="null", fallback=_number).decode()


def plain(value: Any) -> Any:
    """A value as plain ones, which may be added to."""
    return json.loads(text(value))


def _number(value: Any) -> Any:
    """A number of numpy's as one of Python's."""
    return value.item()


def rows_of(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """One object a row, with every digit of its numbers."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def grids(found: "Sequence[TextGrid]") -> list[dict[str, Any]]:
    """Tables of texts, where texts are all there is: title, columns, rows and notes."""
    return [
        {
            "title": grid.title,
            "columns": grid.header,
            "rows": [[entry.text for entry in row] for row in grid.rows],
            "notes": grid.notes,
        }
        for grid in found
    ]


def refuse_beside(as_json: bool, others: Mapping[str, object]) -> None:
    """Refuse options that say how to print, beside --json.

    Args:
        as_json: whether it is given.
        others: the values of such options, by name.

    Raises:
        click.UsageError: one of them is given too.
    """
    given = [name for name, value in others.items() if value]
    if as_json and given:
        raise click.UsageError(f"--json and {given[0]} both say what is printed: leave one of them out")
