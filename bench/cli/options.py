"""Options that several commands share, declared once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path)

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


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
