"""`bench run`, `bench pretrain` and `bench plan`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
import yaml
from rich.console import Console
from rich.table import Table

import methods
from bench.backbones.sources import RANDOM
from bench.cli import options as shared
from bench.cli import until
from bench.cli.design import Form, show_design
from bench.cli.progress import RunProgress
from bench.core.errors import StudyError
from bench.store.questions import Questions
from bench.store.store import Store
from bench.studies import duplicates
from bench.studies.design import design
from bench.studies.estimates import estimate
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.plan import Plan, make_plan, plan_pretraining
from bench.studies.questions import questions
from bench.studies.runner import Outcome, execute
from bench.studies.study import Study, load_study

Command = TypeVar("Command", bound=Callable[..., Any])

STATES = ("in all", "done", "failed")
# Of what is known of a pretraining before it runs, what fits a terminal.
SHOWN_FACTS = ("steps", "student_views", "teacher_views", "start_left")

# option -> key of the study, and how its text becomes a value
LISTS = {
    "methods": str,
    "tasks": str,
    "datasets": str,
    "backbones": str,
    "fractions": float,
    "labels": str,
    "references": str,
    "init": str,
}


def study_options(command: Command) -> Command:
    """The options by which a study is chosen and changed."""
    for option in reversed(
        [
            click.option("--study", default="demo", show_default=True, help="A study file, or one that is shipped."),
            click.option("--methods", help="Comma-separated methods, such as geokr,moco."),
            click.option("--tasks", help="Comma-separated tasks, such as seg."),
            click.option("--datasets", help="Comma-separated data sets to keep, such as demo-city."),
            click.option("--backbones", help="Comma-separated backbones, such as resnet18."),
            click.option("--fractions", help="Comma-separated fractions of the labels in (0, 1], such as 0.01,1.0."),
            click.option(
                "--labels", help="Comma-separated amounts in place of fractions: 5shot (a class), 50 (samples), 1%."
            ),
            click.option("--seeds", type=int, help="Repeats with their own subset and training seed."),
            click.option("--references", help="Comma-separated rows to compare with, such as random,imagenet."),
            click.option("--no-references", is_flag=True, help="Compare with no row but those of --methods."),
            click.option("--init", help="Comma-separated starts of trained rows: random, imagenet, or weights files."),
            shared.store("Folder of the results; the study's own where not given.", default=None),
            click.option("--device", help="auto, cpu, cuda or cuda:N."),
            click.option("--workers", help="Jobs that run at the same time, or auto."),
            click.option("--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value."),
        ]
    ):
        command = option(command)
    return command


retrying = click.option("--retry-failed", is_flag=True, help="Try again what diverged in an earlier run.")
one_repeat = click.option(
    "--repeat",
    type=click.IntRange(min=0),
    metavar="N",
    help="Repeat N alone, from 0: a block of every row and protocol.",
)


@click.command()
@study_options
@click.option(
    "--save-predictions",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Predictions of N test samples for each cell that this run does, as pictures.",
)
@click.option(
    "--until",
    type=click.FloatRange(min=0, max=100, min_open=True, max_open=True),
    metavar="POINTS",
    help="Add seeds until no interval of the primary questions reaches further than ±POINTS.",
)
@click.option("--most-seeds", type=click.IntRange(min=1), help="Seeds after which none is added  [default: 20].")
@one_repeat
@retrying
def run(save_predictions: int, repeat: int | None, retry_failed: bool, **options: Any) -> None:
    """Run a study: pretrain, fine-tune, print and write the table.

    What the store already holds is not done again, so the same command goes on after an interruption. Exit code 0: all
    cells are done; 1: some failed; 2: the study cannot be run.

    Of the failed, those that were killed, ran out of memory or met a full disk are tried again by the same command.
    Those that diverged (a loss or weights that are not finite) would diverge again: they are tried again with
    --retry-failed, or when their options change.

    With --until the study's seeds are where it starts. Intervals are wider for having been looked at, so that they err no
    more at the stop; verdicts say so.
    """
    console = Console(stderr=True)
    study = study_from(options)
    store = Store(Path(study.store))
    inputs = _inputs(console)
    plan = _block(make_plan(study, inputs), study, repeat)
    _say_left_out(plan, console)
    asked = _asked(options, study, inputs)
    if study.until and repeat is not None:
        raise StudyError("--repeat makes one repeat alone, and until adds repeats: leave one of them out")
    if study.until:
        asked = until.stated(asked, study.until, plan)
    _open(plan, store, retry_failed=retry_failed)
    store.write_questions(asked)

    def run_plan(study: Study, plan: Plan) -> Outcome:
        # The sheet counts FLOPs, which imports torch: a run that has nothing to do makes none anew.
        if plan.open_cells(store, retry_failed=retry_failed) or not store.has_design(study.name):
            store.write_design(design(study, inputs))
        return _execute(plan, store, study, console, save_predictions, retry_failed=retry_failed)

    if study.until:
        plan, outcome = until.grow(study, study.until, asked, inputs, store, run_plan, console)
    else:
        outcome = run_plan(study, plan)
    _show_tables(study, plan, store)
    if repeat is not None:
        click.echo(f"the table is of one repeat: number {repeat} of 0 to {study.seeds - 1}")
    _exit(outcome, console)


@click.command()
@study_options
@retrying
def pretrain(retry_failed: bool, **options: Any) -> None:
    """Pretrain a study's methods and fine-tune nothing; look at the weights with `bench probe`.

    Exit codes and --retry-failed are those of `bench run`.

    Each method is pretrained once a repeat (`--seeds`), or `--set pretrain_seeds=N` times; an initialisation is drawn anew in
    each repeat. A later `bench run` of the same study takes these weights.
    """
    console = Console(stderr=True)
    study = study_from(options)
    store = Store(Path(study.store))
    plan = plan_pretraining(study, _inputs(console))
    _say_left_out(plan, console)
    _open(plan, store, retry_failed=retry_failed)
    outcome = _execute(plan, store, study, console, retry_failed=retry_failed)
    for job in plan.pretrains:
        if store.has_weights(job.key):
            click.echo(f"{job.key}  {job.row or job.method:22} {job.backbone:14} seed {job.seed}")
    _exit(outcome, console)


def _block(plan: Plan, study: Study, repeat: int | None) -> Plan:
    """One repeat of a study's plan, where a command asks for one; refuses one that the study has not."""
    if repeat is None:
        return plan
    if repeat >= study.seeds:
        raise StudyError(f"--repeat {repeat}: study {study.name} has the repeats 0 to {study.seeds - 1}: choose one")
    return plan.of_repeat(repeat)


def _open(plan: Plan, store: Store, *, retry_failed: bool) -> None:
    """Open the store for a run, once it is sure that its pretrainings can start."""
    _check_starts(plan.open_pretrains(store, retry_failed=retry_failed))
    store.open_for_writing()


def _execute(
    plan: Plan, store: Store, study: Study, console: Console, predictions: int = 0, *, retry_failed: bool
) -> Outcome:
    pretrains = plan.open_pretrains(store, retry_failed=retry_failed)
    earlier = Outcome([] if retry_failed else plan.failed(store))
    _say_warnings(pretrains, console)
    jobs = len(plan.open_cells(store, retry_failed=retry_failed)) + len(pretrains)
    if not jobs:
        console.print("nothing is left to do" if earlier.failures else "everything is done already")
        return earlier
    with RunProgress(console, jobs) as progress:
        outcome = execute(plan, store, study.engine, progress, predictions, retry_failed=retry_failed)
    return Outcome(earlier.failures + outcome.failures)


def _say_warnings(jobs: list[PretrainJob], console: Console) -> None:
    """What makes a pretraining doubtful before it runs, once a method and backbone."""
    lines = {f"warning: {job.label}: {name}: {text}" for job in jobs for name, text in job.warnings.items()}
    for line in sorted(lines):
        console.print(line, style="yellow", markup=False, highlight=False)


def _say_left_out(plan: Plan, console: Console) -> None:
    for line in plan.left_out:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _exit(outcome: Outcome, console: Console) -> None:
    for job, text in outcome.failures:
        console.print(f"failed: {job.label}: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
    if outcome.failures:
        raise click.exceptions.Exit(1)


@click.command()
@study_options
@click.option("--design", "as_design", is_flag=True, help="Print the design sheet: what each row is given.")
@click.option("--format", "form", type=click.Choice(get_args(Form)), help="Form of the sheet  [default: text].")
@click.option("--spread", type=click.FloatRange(min=0, min_open=True), help="S.d. of one score over seeds, in points.")
@one_repeat
def plan(as_design: bool, form: Form | None, spread: float | None, repeat: int | None, **options: Any) -> None:
    """Show what a run would do, what is done, how long the rest should take, and what difference it can call.

    Differences follow from how the store's records spread over seeds, or from --spread.

    With --design, show instead what rows and protocols are given, where they differ, and what each planned sentence can
    be about; an absent corpus or data set is said there, and keeps nothing else from being shown.
    """
    if form is not None and not as_design:
        raise StudyError("--format is of the design sheet: add --design, or leave it out")
    if as_design and repeat is not None:
        raise StudyError("--repeat is of a run, and the design sheet of a whole study: leave one out")
    console = Console()
    study = study_from(options)
    inputs = _inputs(Console(stderr=True))
    if as_design:
        show_design(design(study, inputs), form or "text")
        return
    store = Store(Path(study.store))
    whole = _block(make_plan(study, inputs), study, repeat)
    console.print(_pretrain_table(whole, store))
    console.print(_cell_table(whole, store))
    for job, reason in whole.failed(store):
        console.print(f"failed: {job.label}: {reason}", markup=False, highlight=False, soft_wrap=True)
    _say_left_out(whole, console)
    _say_warnings(whole.pretrains, console)
    for found in filter(None, duplicates.count(study, inputs)):
        console.print(str(found), markup=False, highlight=False, soft_wrap=True)
    asked = _asked(options, study, inputs)
    if study.until:
        asked = until.stated(asked, study.until, whole)
    _say_power(asked, study, store, spread)
    if study.until:
        console.print(
            f"Seeds are added until ±{study.until.width:g} points, at most {study.until.most}.", highlight=False
        )
    guess = estimate(whole, study, store, inputs)
    basis = "from this store's own times" if guess.measured else "a rough guess, nothing like it is in the store yet"
    left, failed = len(whole.open_cells(store)), sum(isinstance(job, Cell) for job, _ in whole.failed(store))
    more = f", {failed} failed (tried again with --retry-failed)" if failed else ""
    console.print(f"{left} of {len(whole.cells)} cells to do{more}, about {_duration(guess.seconds)} ({basis})")


def _say_power(asked: Questions, study: Study, store: Store, spread: float | None) -> None:
    """What the study can call, read against all that was ever asked in its store."""
    from results import answers, frame, power
    from results.stats.simultaneous import ALPHA
    from results.tables import formats

    every = list(dict.fromkeys([*(each for list_ in store.questions() for each in list_.questions), *asked.questions]))
    known = (store.root / "records").is_dir()
    records = frame.from_records(frame.scan(store.root).records) if known else None
    compared = None if records is None or records.empty else answers.answers(store.root, records).comparisons
    stated = None if spread is None else spread / 100
    level = min(each.until.level if each.until else ALPHA for each in (*store.questions(), asked))
    if every:
        formats.show([power.power(every, compared, study.seeds, study.pretrainings, stated, level)], Console())


def _pretrain_table(plan: Plan, store: Store) -> Table:
    """The pretrainings of each row, and what is known of them before they run."""
    known = [fact for fact in SHOWN_FACTS if any(fact in job.facts for job in plan.pretrains)]
    table = Table("pretraining", "backbone", *(fact.replace("_", " ") for fact in known), *STATES)
    rows: dict[tuple[str, ...], list[PretrainJob]] = {}
    for job in plan.pretrains:
        name = f"{job.row or job.method}{f' {job.protocol.id}' if job.protocol else ''}"
        facts = [_number(job.facts[fact]) if fact in job.facts else "" for fact in known]
        rows.setdefault((name, job.backbone, *facts), []).append(job)
    for row, jobs in rows.items():
        done = [store.has_weights(job.key) for job in jobs]
        failed = [not ready and store.diverged(job.key) is not None for ready, job in zip(done, jobs, strict=True)]
        table.add_row(*row, str(len(jobs)), str(sum(done)), str(sum(failed)))
    return table


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def _cell_table(plan: Plan, store: Store) -> Table:
    table = Table("cells of", "backbone", "protocol", "labels", *STATES)
    rows: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in plan.cells:
        name = cell.row or cell.pretrain.method
        rows.setdefault((name, cell.backbone, cell.protocol.id, cell.amount), []).append(cell)
    failed = {job.key for job, _ in plan.failed(store)}
    for (name, backbone, protocol, amount), cells in rows.items():
        done = sum(store.has_record(cell.key) for cell in cells)
        lost = sum(cell.key in failed for cell in cells)
        table.add_row(name, backbone, protocol, amount, str(len(cells)), str(done), str(lost))
    return table


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
        ("store", "store"),
        ("device", "engine.device"),
        ("workers", "engine.workers"),
        ("until", "until.width"),
        ("most_seeds", "until.most"),
    ):
        if options.get(name) is not None:
            overrides[key] = _yaml_value(name, str(options[name])) if name == "workers" else _plain(options[name])
    if options["no_references"]:
        if options["references"] is not None:
            raise StudyError("--references and --no-references exclude each other: leave one out")
        overrides["references"] = []
    return load_study(options["study"], overrides)


def _split(name: str, text: str, kind: type) -> list[Any]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise StudyError(f"--{name} is empty: give at least one, or leave the option out")
    try:
        return [kind(part) for part in parts]
    except ValueError:
        raise StudyError(f"--{name} {text}: every part must be a number, such as 0.01,1.0") from None


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _yaml_value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise StudyError(f"--set {key}: {text!r} is not a YAML value") from None


def _inputs(console: Console) -> Inputs:
    return Inputs(lambda text: console.print(text, markup=False, highlight=False))


def _check_starts(jobs: list[PretrainJob]) -> None:
    """Refuse weights that a backbone cannot start from; torch is imported only where a job starts from some."""
    options = {job.key: methods.get(job.method).options.model_validate(job.options) for job in jobs}
    starts = {(job.backbone, options[job.key].starts_at(), len(job.bands)) for job in jobs}
    for backbone, start, bands in sorted(starts):
        if start != RANDOM:
            from bench.backbones.initial import check_initial

            check_initial(backbone, start, bands)


def _asked(options: dict[str, Any], study: Study, inputs: Inputs) -> Questions:
    """What a study asks: all rows of its file are asked about, whichever of them --methods runs now."""
    from results.variants import stands_apart

    try:
        whole = study_from({**options, "methods": None})
    except StudyError:  # a row that is not run now cannot go with the other options
        whole = study
    more = [row for row in study.methods if row not in whole.methods]
    every = whole.model_copy(update={"methods": [*whole.methods, *more]})
    return questions(every, inputs, ranked=lambda method: not stands_apart(method))


def _show_tables(study: Study, plan: Plan, store: Store) -> None:
    """Print and write the study's tables and its answers, under the names that it gives its rows."""
    from results import answers, tables

    done = [(cell.key, cell.row) for cell in plan.cells if store.has_record(cell.key)]
    if not done:
        return
    found, table = answers.answers_of(store.root, done)
    console = Console()
    tables.print_tables(table, console, found.comparisons)
    for path in tables.write_tables(table, store.root / "tables" / study.name, found.comparisons):
        console.print(f"wrote {path}", markup=False, highlight=False, soft_wrap=True)
    for line in answers.summary(found, table):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
