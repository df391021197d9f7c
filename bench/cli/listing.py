"""`bench methods`, `bench backbones` and `bench tasks`: what there is, without importing torch."""

import textwrap
from typing import Any

import click
from pydantic.fields import FieldInfo

import methods as registered
import tasks as problems
from bench import backbones as networks
from bench.pretraining.spec import MethodSpec
from tasks.protocols import known_protocols, load_protocol

WIDTH = 110


@click.group(invoke_without_command=True)
@click.pass_context
def methods(context: click.Context) -> None:
    """List the pretraining methods with needs, main defaults and references; `show NAME` prints all options."""
    if context.invoked_subcommand is None:
        for spec in registered.registry.all().values():
            click.echo("\n".join(_overview(spec)) + "\n")


@methods.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a method's options with defaults, limits and sources."""
    spec = registered.get(name)
    click.echo("\n".join(_overview(spec)) + "\n\noptions (set in a study under options." + spec.name + "):")
    for option, field in spec.options.model_fields.items():
        default = spec.defaults.get(option, field.default)
        click.echo(f"\n  {option} = {_plain(default)}   {_kind(field)}")
        click.echo(textwrap.indent(textwrap.fill(f"{field.description}", WIDTH - 6), "      "))
        click.echo(textwrap.indent(textwrap.fill(f"source: {_source(spec, option, field)}", WIDTH - 6), "      "))


@click.command()
def tasks() -> None:
    """List the tasks and the protocols that come with the harness."""
    known = [load_protocol(name) for name in known_protocols()]
    for spec in problems.registry.all().values():
        click.echo(f"{spec.name}: {spec.summary}")
        for protocol in known:
            if protocol.task == spec.name:
                click.echo(f"    {protocol.id}")
        click.echo()


@click.command()
def backbones() -> None:
    """List the networks with their feature maps, and the libraries that their weights can be exported for."""
    for spec in networks.registry.all().values():
        maps = ", ".join(f"{count} at {stride}" for count, stride in zip(spec.channels, spec.strides, strict=True))
        click.echo(click.style(spec.name, bold=True) + f": {spec.summary}")
        click.echo(f"    channels at stride: {maps}")
        click.echo(f"    exported for: {', '.join(spec.formats) or '-'}\n")
    click.echo(click.style("timm:<name>", bold=True) + ": any of timm's networks that gives a pyramid of feature maps.")
    click.echo("    channels at stride: as timm states them, the four coarsest; such as timm:convnext_atto")
    click.echo("    exported for: timm")


def _overview(spec: MethodSpec) -> list[str]:
    lines = [
        click.style(spec.name, bold=True) + f": {spec.summary}",
        f"    needs: {', '.join(sorted(spec.needs)) or '-'}",
    ]
    if spec.trains:
        shown = ("epochs", "batch", "size", "lr")
        values = {name: spec.defaults.get(name, spec.options.model_fields[name].default) for name in shown}
        lines.append("    defaults: " + ", ".join(f"{name} {value}" for name, value in values.items()))
    if spec.reference:
        lines.append(f"    reference: {spec.reference}")
    return lines


def _source(spec: MethodSpec, option: str, field: FieldInfo) -> str:
    if option in spec.defaults:
        return f"what sets {spec.name} apart"
    extra: Any = field.json_schema_extra
    return str(extra["source"]) if isinstance(extra, dict) else ""


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(field: FieldInfo) -> str:
    """The type and limits of an option, such as `float, > 0`."""
    kind = field.annotation.__name__ if isinstance(field.annotation, type) else str(field.annotation)
    kind = kind.replace("typing.", "").replace("NoneType", "none").replace("None", "none")
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    limits = [
        f"{sign} {getattr(part, name)}"
        for part in field.metadata
        for name, sign in signs.items()
        if hasattr(part, name)
    ]
    return "(" + ", ".join([kind, *limits]) + ")"
