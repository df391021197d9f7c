"""`bench watch`: a running study, looked at from any other process that sees its store."""

import dataclasses
import json
import time
from itertools import pairwise
from pathlib import Path

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bench.cli import options
from bench.core.errors import StoreError
from bench.store.store import Store
from bench.store.watching import Lookout, Picture, Running

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 24
# Failures that are shown; --json has all.
_MOST = 8
# What a command ends with that Ctrl-C ended.
_STOPPED = 130
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0


@click.command()
@options.store()
@click.option("--study", help="Only the jobs of this study  [default: all that ran in the store].")
@click.option(
    "--every",
    type=click.FloatRange(min=0.2),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Between two looks.",
)
@click.option("--once", is_flag=True, help="Print one picture and end; so it is where there is no terminal.")
@options.as_json
def command(store: Path, study: str | None, every: float, once: bool, as_json: bool) -> None:
    """Show who works at what in a store, how far it is, its losses, what failed, and how long the rest should take.

    Only the store is read, so the run may be on another machine of a shared file system. It ends with the run, or by Ctrl-C;
    neither disturbs the other.
    """
    opened = Store(store)
    if not opened.exists:
        raise StoreError(f"{store} holds no study: name a store with --store")
    lookout = Lookout(opened, study)
    picture = lookout.look()
    if study is not None and not picture.studies:
        known = sorted(plan.study for plan in opened.plans())
        raise StoreError(f"{store} has no plan of study {study}: it has {', '.join(known) or 'none'}")
    if as_json:
        said = dataclasses.asdict(picture) | {"waiting": picture.waiting, "finished": picture.finished}
        click.echo(json.dumps(said, indent=1))
        return
    console = Console()
    if once or not console.is_terminal:
        console.print(drawn(picture))
        return
    try:
        with Live(drawn(picture), console=console, auto_refresh=False, vertical_overflow="crop") as live:
            while not picture.finished:
                time.sleep(every)
                picture = lookout.look()
                live.update(drawn(picture), refresh=True)
    except KeyboardInterrupt:
        click.echo("bench: watched no longer, which disturbs no run", err=True)
        raise SystemExit(_STOPPED) from None


def drawn(picture: Picture) -> RenderableType:
    """A picture as text for a terminal."""
    parts: list[RenderableType] = [_head(picture), _bar(picture)]
    if picture.running:
        parts += [Text(), _table(picture.running)]
    if picture.failed:
        parts += [Text(), Text(f"failed: {len(picture.failed)}", style="bold red")]
        parts += [Text(f"  {each.label}: {each.error}", style="red") for each in picture.failed[:_MOST]]
        if len(picture.failed) > _MOST:
            parts.append(Text(f"  {len(picture.failed) - _MOST} more: bench watch --json"))
    return Group(*parts)


def spark(values: list[float], width: int = _WIDTH) -> str:
    """Values as a line of bars, the smallest as the lowest; of many the means of equal parts.

    Args:
        values: the oldest first.
        width: characters at most.
    """
    if not values:
        return ""
    number = min(len(values), width)
    edges = [round(at * len(values) / number) for at in range(number + 1)]
    means = [sum(values[low:high]) / (high - low) for low, high in pairwise(edges)]
    low, high = min(means), max(means)
    reach = (high - low) or 1.0
    return "".join(_BARS[min(int((mean - low) / reach * len(_BARS)), len(_BARS) - 1)] for mean in means)


def lasting(seconds: float | None) -> str:
    """A time in words, '?' where it is not known."""
    if seconds is None:
        return "?"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < _DAY else f"{seconds / _DAY:.1f} d"


def _head(picture: Picture) -> Text:
    kinds = {"pretraining": "pretrainings", "cell": "cells"}
    counts = [
        f"{picture.done.get(kind, 0):,}/{picture.total[kind]:,} {kinds[kind]}"
        for kind in kinds
        if kind in picture.total
    ]
    if picture.finished:
        left = "done" if not picture.failed else "nothing runs"
    else:
        left = f"{lasting(picture.left)} left" if picture.running else "nobody is at it"
    studies = ", ".join(picture.studies) or "no plan"
    line = f"{picture.store} ({studies}): {', '.join(counts) or 'no job'}; {len(picture.running)} running, "
    return Text(f"{line}{max(picture.waiting, 0):,} waiting, {len(picture.failed)} failed; {left}")


def _bar(picture: Picture) -> ProgressBar:
    return ProgressBar(total=max(sum(picture.total.values()), 1), completed=sum(picture.done.values()), width=60)


def _table(running: list[Running]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("job", "held by", "for", "steps", "loss", "", "left"):
        table.add_column(title, justify="right" if title in {"for", "loss", "left"} else "left", no_wrap=title != "job")
    for each in running:
        holder = f"{each.pid} on {each.host}"
        if each.silent:
            holder += f", silent for {lasting(each.seen)}"
        steps = f"{each.done:,}/{each.total:,}" if each.total else ""
        loss = f"{each.losses[-1]:.3f}" if each.losses else ""
        cells = (each.label, holder, lasting(each.age), steps, loss, spark(each.losses))
        table.add_row(*map(Text, cells), Text(lasting(each.left) if each.total else ""))
    return table
