"""`bench run`, `bench pretrain` and `bench plan`."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml
from rich.console import Console
from rich.table import Table

from bench.backbones.sources import RANDOM
from bench.cli.progress import RunProgress
from bench.errors import StudyError
from bench.estimates import estimate
from bench.inputs import Inputs
from bench.jobs import PretrainJob
from bench.plan import Plan, make_plan, plan_pretraining
from bench.runner import Outcome, execute
from bench.store import Store
from bench.study import Study, load_study

Command = TypeVar("Command", bound=Callable[..., Any])

# option -> key of the study, and how its text becomes a value
LISTS = {"methods": str, "tasks": str, "datasets": str, "backbones": str, "fractions": float}


def study_options(command: Command) -> Command:
    """The options by which a study is chosen and changed."""
    for option in reversed(
        [
            click.option("--study", default="demo", show_default=True, help="A study file, or one that is shipped."),
            click.option("--methods", help="Comma-separated methods, such as geokr,moco."),
            click.option("--tasks", help="Comma-separated tasks, such as seg."),
            click.option("--datasets", help="Comma-separated data sets to keep, such as demo-city."),
            click.option("--backbones", help="Comma-separated backbones, such as resnet18."),
            click.option("--fractions", help="Comma-separated shares of the labels in (0, 1], such as 0.01,1.0."),
            click.option("--seeds", type=int, help="Repeats with their own subset and training seed."),
            click.option("--reference/--no-reference", default=None, help="Add the reference row, or leave it out."),
            click.option("--init", help="Where every method's backbone starts: random, imagenet, or a weights file."),
            click.option("--store", help="Folder of weights, records and tables."),
            click.option("--device", help="auto, cpu, cuda or cuda:N."),
            click.option("--workers", help="Jobs that run at the same time, or auto."),
            click.option("--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value."),
        ]
    ):
        command = option(command)
    return command


@click.command()
@study_options
@click.option(
    "--save-predictions",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Pictures of N test samples for each cell that this run does.",
)
def run(save_predictions: int, **options: Any) -> None:
    """Run a study: pretrain, fine-tune, print and write the table.

    What the store already holds is not done again, so the same command goes on after an interruption. Exit code 0: all
    cells are done; 1: some failed, and are tried again by the same command; 2: the study cannot be run.
    """
    console = Console(stderr=True)
    study = study_from(options)
    store = Store(Path(study.store))
    plan = make_plan(study, _inputs(console))
    outcome = _execute(plan, store, study, console, save_predictions)
    _show_tables(study, plan, store)
    _exit(outcome, console)


@click.command()
@study_options
def pretrain(**options: Any) -> None:
    """Pretrain a study's methods and fine-tune nothing; look at the weights with `bench probe`.

    `--set pretrain_seeds=N` pretrains each method N times. A later `bench run` of the same study takes these weights.
    """
    console = Console(stderr=True)
    study = study_from(options)
    store = Store(Path(study.store))
    plan = plan_pretraining(study, _inputs(console))
    outcome = _execute(plan, store, study, console)
    for job in plan.pretrains:
        if store.has_weights(job.key):
            click.echo(f"{job.key}  {job.method:22} {job.backbone:14} seed {job.seed}")
    _exit(outcome, console)


def _execute(plan: Plan, store: Store, study: Study, console: Console, panels: int = 0) -> Outcome:
    _check_starts(plan.open_pretrains(store))
    store.open_for_writing()
    jobs = len(plan.open_cells(store)) + len(plan.open_pretrains(store))
    if not jobs:
        console.print("everything is done already")
        return Outcome()
    with RunProgress(console, jobs) as progress:
        return execute(plan, store, study.engine, progress, panels)


def _exit(outcome: Outcome, console: Console) -> None:
    for job, text in outcome.failures:
        console.print(f"failed: {job.label}: {text}", style="red", markup=False, highlight=False)
    if outcome.failures:
        raise click.exceptions.Exit(1)


@click.command()
@study_options
def plan(**options: Any) -> None:
    """Show what a run would do, what is done, and how long the rest should take."""
    console = Console()
    study = study_from(options)
    store = Store(Path(study.store))
    inputs = _inputs(Console(stderr=True))
    whole = make_plan(study, inputs)
    table = Table("job", "method", "backbone", "protocol", "fraction", "in all", "done")
    for job in whole.pretrains:
        done = "1" if store.has_weights(job.key) else "0"
        table.add_row("pretrain", job.method, job.backbone, "", "", "1", done)
    rows = Counter((c.pretrain.method, c.pretrain.backbone, c.protocol.id, c.fraction) for c in whole.cells)
    still_open = Counter(
        (c.pretrain.method, c.pretrain.backbone, c.protocol.id, c.fraction) for c in whole.open_cells(store)
    )
    for row, count in rows.items():
        method, backbone, protocol, fraction = row
        table.add_row("cells", method, backbone, protocol, f"{fraction:.4g}", str(count), str(count - still_open[row]))
    console.print(table)
    guess = estimate(whole, study, store, inputs)
    basis = "from this store's own times" if guess.measured else "a rough guess, nothing like it is in the store yet"
    left = len(whole.open_cells(store))
    console.print(f"{left} of {len(whole.cells)} cells to do, about {_duration(guess.seconds)} ({basis})")


def study_from(options: dict[str, Any]) -> Study:
    """The study that a command's options ask for."""
    overrides: dict[str, Any] = {}
    for text in options["settings"]:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise StudyError(f"--set {text}: write it as key.path=value, such as pretrain.epochs=2")
        overrides[key] = _yaml_value(key, value)
    for name, kind in LISTS.items():
        if options[name] is not None:
            overrides[name] = _split(name, options[name], kind)
    for name, key in (
        ("seeds", "seeds"),
        ("init", "pretrain.init"),
        ("store", "store"),
        ("device", "engine.device"),
        ("workers", "engine.workers"),
    ):
        if options[name] is not None:
            overrides[key] = _yaml_value(name, str(options[name])) if name == "workers" else options[name]
    if options["reference"] is False:
        overrides["reference"] = None
    elif options["reference"]:
        overrides["reference"] = "random"
    return load_study(options["study"], overrides)


def _split(name: str, text: str, kind: type) -> list[Any]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise StudyError(f"--{name} is empty: give at least one, or leave the option out")
    try:
        return [kind(part) for part in parts]
    except ValueError:
        raise StudyError(f"--{name} {text}: every part must be a number, such as 0.01,1.0") from None


def _yaml_value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise StudyError(f"--set {key}: {text!r} is not a YAML value") from None


def _inputs(console: Console) -> Inputs:
    return Inputs(lambda text: console.print(text, markup=False, highlight=False))


def _check_starts(jobs: list[PretrainJob]) -> None:
    """Refuse weights that a backbone cannot start from; torch is imported only where a job starts from some."""
    starts = {(job.backbone, job.options.get("init") or job.options.get("weights", RANDOM)) for job in jobs}
    for backbone, start in sorted(starts):
        if start != RANDOM:
            from bench.backbones.initial import check_initial

            check_initial(backbone, start)


def _show_tables(study: Study, plan: Plan, store: Store) -> None:
    from results import frame, tables

    records = [store.read_record(cell.key) for cell in plan.cells if store.has_record(cell.key)]
    if not records:
        return
    table = frame.from_records(records)
    console = Console()
    tables.print_tables(table, console)
    for path in tables.write_tables(table, store.root / "tables" / study.name):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
