"""Printing what a corpus holds."""

from typing import TYPE_CHECKING, Any

import click

from bench.cli.loudness import quiet

if TYPE_CHECKING:
    from bench.corpus.storage.manifest import Manifest
    from bench.corpus.storage.reader import Corpus

SHOWN = 10
"""Warnings printed; thousands of scenes may bear the same one."""


def say(opened: "Corpus") -> None:
    """Print the line by which a corpus is known, and the tables of its counts."""
    kind = " synthetic" if opened.synthetic else ""
    click.echo(f"{opened.path}: {len(opened)}{kind} tiles of {opened.size} x {opened.size}, hash {opened.hash}")
    if not quiet():
        _print_counts(opened.manifest)


def told(opened: "Corpus") -> dict[str, Any]:
    """What `bench corpus info` says, as plain values."""
    described = opened.manifest
    return {
        "folder": opened.path,
        "hash": opened.hash,
        "tiles": len(opened),
        "size": opened.size,
        "synthetic": opened.synthetic,
        "classes": opened.classes,
        "land_cover": [cover.title for cover in described.land_covers],
        "bands": {"names": opened.bands.names, "values": opened.bands.values, "mean": opened.mean, "std": opened.std},
        "stretch": described.stretch,
        "overlap": described.overlap,
        "controls": {name: {"missing": entry.missing} for name, entry in described.controls.items()},
        "counts": described.counts,
        "skipped": described.skipped,
        "warnings": [warning for scene in described.scenes for warning in scene.warnings],
        "history": described.history,
    }


def controls_of(described: "Manifest") -> str:
    """The controls of a corpus in words, with the tiles that have no land cover in one."""
    named = (f"{name} ({entry.missing} tiles without)" for name, entry in described.controls.items())
    return ", ".join(named) or "none"


def listed(values: tuple[float | int | str, ...], between: str = ",") -> str:
    """A value for each band, as one line."""
    return between.join(f"{value:.4f}" if isinstance(value, float) else str(value) for value in values)


def _print_counts(described: "Manifest") -> None:
    """Print the tables of counts."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    titles = {
        "class": "Tiles by dominant class",
        "source": "Tiles by source",
        "rejected": "Left out, by reason",
    }
    for kind, title in titles.items():
        counts = described.counts.get(kind)
        if counts is None:
            continue
        total = sum(counts.values())
        table = Table(title=title, title_justify="left")
        table.add_column(kind)
        table.add_column("tiles", justify="right")
        table.add_column("share", justify="right")
        for name, count in counts.items():
            table.add_row(name, f"{count:,}", f"{count / total:.4f}" if total else "-")
        table.add_row("all", f"{total:,}", "", style="bold")
        console.print(table)
    if equal := described.counts.get("equal"):
        click.echo(f"Tiles with {', '.join(f'{name}: {count:,}' for name, count in equal.items())}")
    if described.images and described.images.left_out:
        click.echo(f"Left out by --without: {described.images.left_out} images")
    if described.skipped:
        click.echo("Scenes or images that could not be used:")
        for reason in list(described.skipped.values())[:SHOWN]:
            click.echo(f"  {reason}")
        if len(described.skipped) > SHOWN:
            click.echo(f"  {len(described.skipped) - SHOWN} more: see corpus.json")
    _print_warnings([warning for scene in described.scenes for warning in scene.warnings])


def _print_warnings(warnings: list[str]) -> None:
    """Print the first of the warnings, and how many more there are."""
    for warning in warnings[:SHOWN]:
        click.echo(f"warning: {warning}")
    if len(warnings) > SHOWN:
        click.echo(f"warning: {len(warnings) - SHOWN} more scenes like these: see corpus.json")
