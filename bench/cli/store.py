"""`bench store`: what a store holds, and what of it can go."""

import json
from collections import defaultdict
from pathlib import Path

import click

from bench.cli import options
from bench.store import leftovers
from bench.store.contents import contents

# Keys of each kind that are listed; --json lists all.
SHOWN = 5


@click.group()
def store() -> None:
    """Say what a store holds, and delete what nothing needs any more."""


@store.command()
@options.store()
@options.as_json
def info(store: Path, as_json: bool) -> None:
    """Say what a store holds: records, weights and all else by kind, in files and bytes."""
    found = contents(store)
    if as_json:
        click.echo(json.dumps({each.name: {"entries": each.entries, "bytes": each.bytes} for each in found}, indent=1))
        return
    for each in found:
        click.echo(f"{each.entries:>9,}  {_size(each.bytes):>10}  {each.text}")
    click.echo(f"{'':9}  {_size(sum(each.bytes for each in found)):>10}  in all")


@store.command()
@options.store()
@click.option("--dry-run", is_flag=True, help="Say what can go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Delete without being asked.")
@click.option(
    "--days",
    type=click.FloatRange(min=0),
    default=30,
    show_default=True,
    help="How long weights and jobs must have been left alone.",
)
@click.option("--study", "studies", multiple=True, metavar="STUDY", help="Keep the weights that this study needs.")
@click.option("--keep", multiple=True, type=click.Choice(leftovers.KINDS), help="Leave this kind alone.")
@options.as_json
def gc(
    store: Path,
    *,
    dry_run: bool,
    yes: bool,
    days: float,
    studies: tuple[str, ...],
    keep: tuple[str, ...],
    as_json: bool,
) -> None:
    """Delete weights that no record rests on, old jobs, features, outcomes without a record and temporary files.

    No record is ever deleted. What goes is listed first. Name the studies that are still to run by --study: their weights
    stay.
    """
    found = leftovers.leftovers(store, days, _needed(studies), keep)
    if as_json:
        listed = [{"kind": each.kind, "path": str(each.path), "bytes": each.bytes} for each in found]
        click.echo(json.dumps(listed, indent=1))
    else:
        _say(found)
    if dry_run or not found:
        return
    if not yes:
        click.confirm("Delete them?", abort=True)
    gone = leftovers.delete(store, found)
    click.echo(f"deleted {_size(gone)}", err=as_json)


def _say(found: list[leftovers.Leftover]) -> None:
    of_kind = defaultdict(list)
    for each in found:
        of_kind[each.kind].append(each)
    for kind, some in of_kind.items():
        click.echo(f"{len(some):>9,}  {_size(sum(each.bytes for each in some)):>10}  {kind}: {leftovers.WHY[kind]}")
        names = [each.path.name for each in some[:SHOWN]]
        click.echo(f"{'':23}{', '.join(names)}{f' and {len(some) - SHOWN:,} more' if len(some) > SHOWN else ''}")
    click.echo(f"{len(found):>9,}  {_size(sum(each.bytes for each in found)):>10}  can go")


def _needed(studies: tuple[str, ...]) -> set[str]:
    """Keys of the pretrainings of studies."""
    if not studies:
        return set()
    from bench.studies.inputs import Inputs
    from bench.studies.loading import load_study
    from bench.studies.plan import make_plan

    def say(text: str) -> None:
        click.echo(text, err=True)

    return {job.key for name in studies for job in make_plan(load_study(name, {}), Inputs(say)).pretrains}


def _size(count: int) -> str:
    """Bytes in words."""
    value, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while value >= 1024 and len(units) > 1:
        value, units = value / 1024, units[1:]
    return f"{value:,.0f} B" if units[0] == "B" else f"{value:,.1f} {units[0]}"
