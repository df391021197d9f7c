"""`bench perf augment` and `bench perf pretrain`."""

import json

import click

from bench.errors import StudyError


def _echo(figures: dict[str, object], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            value = ", ".join(f"{part} {each:.2f}" for part, each in value.items())  # noqa: PLW2901
        click.echo(f"{name:24} {value:,.3f}" if isinstance(value, float) else f"{name:24} {value}")


@click.command()
@click.option("--rounds", default=9, show_default=True, help="Turns that each of the two gets; the median counts.")
@click.option("--batch", default=64, show_default=True, help="Views made in one turn.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def augment(rounds: int, batch: int, as_json: bool) -> None:
    """Make SimCLR's views on one core, beside lightly's transform."""
    from bench.perf.augment import measure

    _echo(dict(measure(rounds, batch)), as_json)


@click.command()
@click.option("--methods", default="moco,simclr,byol", show_default=True, help="Comma-separated methods.")
@click.option("--rounds", default=5, show_default=True, help="Passes of 4 steps that each makes; the median counts.")
@click.option("--batch", default=128, show_default=True, help="Tiles in a step.")
@click.option("--size", default=64, show_default=True, help="Side of tiles and views, pixels.")
@click.option("--cores", type=click.IntRange(min=1), help="Cores for each; all by default.")
@click.option("--precision", type=click.Choice(["auto", "bf16", "fp32"]), default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def pretrain(
    methods: str, rounds: int, batch: int, size: int, cores: int | None, precision: str, as_json: bool
) -> None:
    """Train ResNet-18, beside a plain fp32 loop over lightly's transforms, DataLoader and modules."""
    from bench.perf.pretrain import METHODS, measure

    names = tuple(methods.split(","))
    unknown = sorted(set(names) - set(METHODS))
    if unknown:
        raise StudyError(f"bench perf pretrain cannot measure {unknown[0]!r}: choose from {', '.join(METHODS)}")
    _echo(measure(names, rounds, batch, size, precision, cores), as_json)
