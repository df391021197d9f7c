"""The study that `bench run`, `pretrain` and `plan` are about: its options, its questions, what is said before it runs."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml

from bench.api.running import questions_of
from bench.cli import completing
from bench.cli import options as shared
from bench.core.errors import StudyError
from bench.store.questions import Questions
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import Plan
from bench.studies.study import Study
from bench.studies.weight_rows import named_files
from tasks.amounts import read_fraction

Command = TypeVar("Command", bound=Callable[..., Any])

# option -> key of the study, and how its text becomes a value
LISTS: dict[str, Callable[[str], Any]] = {
    "methods": str,
    "tasks": str,
    "datasets": str,
    "backbones": str,
    "fractions": read_fraction,
    "labels": str,
    "references": str,
    "init": str,
}


def study_options(command: Command) -> Command:
    """The options by which a study is chosen and changed."""
    for option in reversed(
        [
            click.option(
                "--study",
                default="demo",
                show_default=True,
                help="A study file, or one that is shipped.",
                shell_complete=completing.studies,
            ),
            click.option(
                "--methods", help="Comma-separated methods, such as geokr,moco.", shell_complete=completing.methods
            ),
            click.option("--tasks", help="Comma-separated tasks, such as seg.", shell_complete=completing.tasks),
            click.option(
                "--datasets",
                help="Comma-separated data sets to keep, such as demo-city.",
                shell_complete=completing.datasets,
            ),
            click.option(
                "--backbones", help="Comma-separated backbones, such as resnet18.", shell_complete=completing.backbones
            ),
            click.option("--fractions", help="Comma-separated fractions of the labels in (0, 1], such as 0.01,1.0."),
            click.option(
                "--labels", help="Comma-separated amounts in place of fractions: 5shot (a class), 50 (samples), 1%."
            ),
            click.option("--seeds", type=int, help="Repeats with their own subset and training seed."),
            click.option(
                "--references",
                help="Comma-separated rows to compare with, such as random,imagenet.",
                shell_complete=completing.methods,
            ),
            click.option("--no-references", is_flag=True, help="Compare with no row but those of --methods."),
            click.option("--init", help="Comma-separated starts of trained rows: random, imagenet, or weights files."),
            click.option(
                "--weights",
                multiple=True,
                metavar="NAME=FILE",
                help="A row of a checkpoint's weights; may be given again.",
            ),
            shared.store("Folder of the results; the study's own where not given.", default=None),
            click.option("--device", help="auto, cpu, cuda or cuda:N."),
            click.option("--workers", help="Jobs that run at the same time, or auto."),
            click.option(
                "--allow-overlap", is_flag=True, default=None, help="Go on where test images lie under the corpus."
            ),
            click.option("--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value."),
        ]
    ):
        command = option(command)
    return command


one_repeat = click.option(
    "--repeat",
    type=click.IntRange(min=0),
    metavar="N",
    help="Repeat N alone, from 0: a block of every row and protocol.",
)


one_share = click.option(
    "--share",
    metavar="I/N",
    help="Share I of N, from 0: whole repeats; several runs may take one store.",
)


def study_from(options: dict[str, Any]) -> Study:
    """The study that a command's options ask for."""
    overrides = overrides_of(options["settings"])
    for name, kind in LISTS.items():
        if options[name] is not None:
            overrides[name] = split(name, options[name], kind)
    for name, key in (
        ("seeds", "seeds"),
        ("store", "store"),
        ("device", "engine.device"),
        ("workers", "engine.workers"),
        ("until", "until.width"),
        ("most_seeds", "until.most"),
        ("allow_overlap", "allow_overlap"),
    ):
        if options.get(name) is not None:
            overrides[key] = _yaml_value(name, str(options[name])) if name == "workers" else _plain(options[name])
    if options.get("weights"):
        overrides["weights"] = named_files(options["weights"])
    if options["no_references"]:
        if options["references"] is not None:
            raise StudyError("--references and --no-references exclude each other: leave one out")
        overrides["references"] = []
    return load_study(options["study"], overrides)


def overrides_of(settings: Iterable[str]) -> dict[str, Any]:
    """The values of `--set`, by dotted key."""
    overrides: dict[str, Any] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise StudyError(f"--set {text}: write it as key.path=value, such as pretrain.epochs=2")
        overrides[key] = _yaml_value(key, value)
    return overrides


def split(name: str, text: str, kind: Callable[[str], Any]) -> list[Any]:
    """The comma-separated values of an option."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise StudyError(f"--{name} is empty: give at least one, or leave the option out")
    try:
        return [kind(part) for part in parts]
    except ValueError as error:
        raise StudyError(f"--{name} {text}: {error}") from None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _yaml_value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise StudyError(f"--set {key}: {text!r} is not a YAML value") from None


def asked_of(options: dict[str, Any], study: Study, inputs: Inputs) -> Questions:
    """What a study asks: all rows of its file are asked about, whichever of them --methods runs now."""
    try:
        whole = study_from({**options, "methods": None})
    except StudyError:  # a row that is not run now cannot go with the other options
        whole = study
    more = [row for row in study.methods if row not in whole.methods]
    return questions_of(whole.model_copy(update={"methods": [*whole.methods, *more]}), inputs)


def part_of(study: Study, repeat: int | None, share: str | None = None) -> Callable[[Plan], Plan]:
    """What cuts one repeat, or one share, out of a study's plan; refuses at once, before any data is made, what cannot be."""
    if repeat is not None and repeat >= study.seeds:
        raise StudyError(f"--repeat {repeat}: study {study.name} has the repeats 0 to {study.seeds - 1}: choose one")
    number, slash, shares = ("0/1" if share is None else share).partition("/")
    if not (slash and number.isdecimal() and shares.isdecimal() and int(number) < int(shares)):
        raise StudyError(f"--share {share}: write it as I/N with I from 0 to N-1, such as 0/4")

    def cut(plan: Plan) -> Plan:
        plan = plan if repeat is None else plan.of_repeat(repeat)
        return plan if share is None else plan.share(int(number), int(shares))

    return cut
