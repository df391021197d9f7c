"""What several commands share: options declared once, and the bar that shows how far a command is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.core.context import Count

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def store(text: str = "Folder of the results.", default: str | None = "runs") -> Callable[[Command], Command]:
    """The option `--store`.

    Args:
        text: its help.
        default: folder where it is not given; None leaves it to the command.
    """
    return click.option(
        "--store",
        type=FOLDER,
        default=None if default is None else Path(default),
        show_default=default is not None,
        help=text,
    )


@contextmanager
def bar(title: str) -> Iterator[Count]:
    """Show a bar with the time left on stderr, where that is a terminal; yields the function that moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        row = shown.add_task(title, total=None)
        yield lambda done, total: shown.update(row, completed=done, total=total)
