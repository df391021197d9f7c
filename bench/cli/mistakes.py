"""What the command line says of words that click does not take: one line, with the one that was meant."""

import re

import click

from bench.core.suggest import among, closest

_UNKNOWN_COMMAND = re.compile(r"No such command '(.*?)'")
_UNKNOWN_VALUE = re.compile(r"'(.*?)' is not one of ")


def said(error: click.UsageError) -> str:
    """A usage error as one line: what, of which command, and what to do.

    Args:
        error: as click raises it, with the context of the command that was asked.
    """
    context = error.ctx
    path = context.command_path if context else "bench"
    message = " ".join(error.message.split()).rstrip(".")
    if isinstance(error, click.NoSuchOption) and context:
        return _unknown_option(error.option_name, context)
    unknown = _UNKNOWN_COMMAND.match(message)
    if unknown and context and isinstance(context.command, click.Group):
        of = f" of {path}" if context.parent else ""
        known = context.command.list_commands(context)
        return f"unknown command {unknown[1]!r}{of}{among(unknown[1], known, f'{path} --help')}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        return _bad_value(error, error.param, message, path)
    return f"{message} ({path} --help says more)"


def _unknown_option(name: str, context: click.Context) -> str:
    known = [text for each in context.command.get_params(context) for text in (*each.opts, *each.secondary_opts)]
    near = closest(name, [text for text in known if text.startswith("--")])
    meant = "" if near is None else f"; did you mean {near}?"
    path = context.command_path
    return f"unknown option {name!r} of {path}{meant} ({path} --help lists them)"


def _bad_value(error: click.BadParameter, parameter: click.Parameter, message: str, path: str) -> str:
    name = parameter.opts[-1] if isinstance(parameter, click.Option) else parameter.human_readable_name.upper()
    if isinstance(error, click.MissingParameter):
        return f"{path} needs {name}: give it ({path} --help says more)"
    found = _UNKNOWN_VALUE.match(message)
    if found and isinstance(parameter.type, click.Choice):
        return f"{name}: unknown value {found[1]!r}{among(found[1], map(str, parameter.type.choices))}"
    return f"{name}: {message} ({path} --help says more)"
