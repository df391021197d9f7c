"""How much a command says beside its results: `--quiet` and `--verbose`, notes on stderr, bars and colours.

Results go to stdout, all else to stderr. NO_COLOR takes every colour away, FORCE_COLOR puts them into pipes too; bars are
drawn on terminals alone, whatever these say.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bench.core.context import Count

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

Command = TypeVar("Command", bound=Callable[..., Any])
_QUIET, _VERBOSE = "bench.quiet", "bench.verbose"
# With --verbose, where a bar would move, a line is said at each of so many parts of the whole.
PARTS = 10


def loudness(command: Command) -> Command:
    """The options `--quiet` and `--verbose`, which `quiet` and `verbose` ask for wherever the command is."""
    verbose = "Say what each job or step does, and where its log is."
    for name, short, text, key in (
        ("--verbose", "-v", verbose, _VERBOSE),
        ("--quiet", "-q", "Print results and errors alone.", _QUIET),
    ):
        command = click.option(name, short, is_flag=True, expose_value=False, callback=_keep(key), help=text)(command)
    return command


def _keep(key: str) -> Callable[[click.Context, click.Parameter, bool], bool]:
    def keep(context: click.Context, _option: click.Parameter, value: bool) -> bool:
        context.meta[key] = value
        if context.meta.get(_QUIET) and context.meta.get(_VERBOSE):
            raise click.UsageError("--quiet and --verbose exclude each other: leave one of them out", context)
        return value

    return keep


def quiet() -> bool:
    """Whether the command that runs was given --quiet."""
    return _asked(_QUIET)


def verbose() -> bool:
    """Whether the command that runs was given --verbose."""
    return _asked(_VERBOSE)


def _asked(key: str) -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(key))


def colour() -> bool | None:
    """Whether click may print escape codes: None leaves it to what stdout is."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


def notes() -> "Console":
    """The console of stderr, on which nothing is said with --quiet."""
    from rich.console import Console

    return Console(stderr=True, quiet=quiet())


def note(text: str) -> None:
    """Say a line on stderr, unless --quiet is given."""
    if not quiet():
        click.echo(text, err=True)


@contextmanager
def bar(title: str, *columns: "ProgressColumn", read: Callable[[], str] = str) -> Iterator[Count]:
    """Show a bar with the time left on stderr, where that is a terminal; yields the function that moves it.

    Args:
        title: what goes on.
        columns: between the bar and the time left; how many of how many, without any.
        read: gives the text of a column `{task.fields[read]}`.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from bench.api.progress import draws_bars

    console, said = notes(), -1
    between = columns or (MofNCompleteColumn(),)
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *between,
        TimeRemainingColumn(),
        console=console,
        disable=not draws_bars(console),
    )
    with shown:
        row = shown.add_task(title, total=None, read="")

        def advance(done: int, total: int) -> None:
            nonlocal said
            shown.update(row, completed=done, total=total or None, read=read())
            part = PARTS * done // total if total else 0
            if verbose() and part > said:
                said = part
                console.print(f"{title}: {done:,} of {total:,}", markup=False, highlight=False)

        yield advance
