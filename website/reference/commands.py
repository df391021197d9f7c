"""Every command and option of `bench`, from the click commands themselves."""

import textwrap
from collections.abc import Iterator

import click

from bench.cli import COMMANDS, cli
from website.markdown import code, plain, table
from website.pages import Pages

FOLDER = "reference/commands"


def walk(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """A command and all below it, each with the context that its usage is written from."""
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            if not below.hidden:
                yield from walk(below, click.Context(below, info_name=name, parent=context))


def add_commands(pages: Pages) -> list[str]:
    """A page for each command of `bench` and one that lists them; returns their paths, the list first."""
    root = click.Context(cli, info_name="bench")
    paths = [f"{FOLDER}/index.md"]
    rows = []
    for name, (_, summary) in COMMANDS.items():
        command = cli.get_command(root, name)
        assert command is not None
        path = f"{FOLDER}/{name}.md"
        parts = [_described(*each) for each in walk(command, click.Context(command, info_name=name, parent=root))]
        pages.add(path, "\n".join(parts))
        paths.append(path)
        rows.append((f"[`bench {name}`](/{path})", plain(summary)))
    text = "# Commands\n\nEvery command of `bench` with its options, as `--help` prints them.\n\n"
    pages.add(paths[0], text + table(["command", "what it does"], rows))
    return paths


def _described(command: click.Command, context: click.Context) -> str:
    above = context.parent.parent if context.parent else None
    depth = 1 if above is None else 2
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"{'#' * depth} {context.command_path}", f"```text\n{context.command_path} {usage}\n```", _help(command)]
    options = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
    parts.append(table(["option", "meaning"], [(code(names), plain(text)) for names, text in options]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _help(command: click.Command) -> str:
    """The help as paragraphs; those that click prints as they stand become code."""
    text = textwrap.dedent((command.help or "").partition("\f")[0]).strip()
    paragraphs = []
    for paragraph in text.split("\n\n"):
        if paragraph.startswith("\b\n"):
            paragraphs.append(f"```text\n{paragraph[2:]}\n```")
        else:
            paragraphs.append(plain(" ".join(paragraph.split())))
    return "\n\n".join(paragraphs)
