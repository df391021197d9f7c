"""`bench plan`."""

from typing import TYPE_CHECKING, Any, get_args

import click
from rich.console import Console
from rich.table import Table

import methods
from bench.api import until
from bench.api.notices import inputs_of, say_left_out, say_overlaps, say_warnings
from bench.api.planning import RATE, STATES, lay_out, number, pretrainings, rate
from bench.cli import as_json as document
from bench.cli import options as shared
from bench.cli.design import Form, show_design
from bench.cli.plan_json import told
from bench.cli.slurm import script
from bench.cli.study import asked_of, one_repeat, part_of, study_from, study_options
from bench.core.arithmetic import AUTO
from bench.core.errors import StudyError
from bench.engines.local import LocalOptions
from bench.pretraining.options import TrainingOptions
from bench.store.questions import Questions
from bench.store.store import Store
from bench.studies import duplicates
from bench.studies.design import design
from bench.studies.plan import Plan
from bench.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd


@click.command()
@study_options
@click.option("--design", "as_design", is_flag=True, help="Print the design sheet: what each row is given.")
@click.option("--format", "form", type=click.Choice(get_args(Form)), help="Form of the sheet  [default: text].")
@click.option("--spread", type=click.FloatRange(min=0, min_open=True), help="S.d. of one score over seeds, in points.")
@click.option(
    "--slurm",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print a Slurm batch script that runs the study as N tasks on one store.",
)
@click.option("--gres", help="Of --slurm: what each task asks for, such as gpu:1.")
@one_repeat
@shared.as_json
def plan(
    as_design: bool,
    form: Form | None,
    spread: float | None,
    slurm: int | None,
    gres: str | None,
    repeat: int | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Show what a run would do, what is done, how long the rest should take, and what difference it can call.

    Differences follow from how the store's records spread over seeds, or from --spread.

    With --slurm, print a batch script in place of that. With --design, show instead what rows and protocols are given,
    where they differ, and what each planned sentence can be about; an absent corpus or data set is said there, and keeps
    nothing else from being shown.
    """
    _check(as_design=as_design, form=form, slurm=slurm, gres=gres, repeat=repeat)
    document.refuse_beside(as_json, {"--slurm": slurm, "--format": form})
    console = Console()
    study = study_from(options)
    part, inputs = part_of(study, repeat), inputs_of(Console(stderr=True))
    if as_design:
        show_design(design(study, inputs), form or "text", as_json=as_json)
        return
    if slurm is not None:
        cores = study.engine.workers if isinstance(study.engine, LocalOptions) else "auto"
        click.echo(script(study, slurm, 4 if cores == "auto" else cores, gres), nl=False)
        return
    planned = lay_out(study, inputs, part)
    study, whole, store, cost = planned.study, planned.plan, planned.store, planned.cost
    if as_json:
        document.echo(told(planned, inputs))
        return
    if whole.grid:
        console.print(f"{_grid(whole)}; {cost}", markup=False, highlight=False, soft_wrap=True)
    console.print(_pretrain_table(whole, store))
    console.print(_table(planned.cells))
    for job, reason in whole.failed(store):
        console.print(f"failed: {job.label}: {reason}", markup=False, highlight=False, soft_wrap=True)
    say_left_out(whole, console)
    say_warnings(whole.pretrains, console)
    say_overlaps(whole, console)
    for found in filter(None, duplicates.count(study, inputs)):
        console.print(str(found), markup=False, highlight=False, soft_wrap=True)
    asked = asked_of(options, study, inputs)
    if study.until:
        asked = until.stated(asked, study.until, whole)
    _say_power(asked, study, store, spread)
    if study.until:
        console.print(
            f"Seeds are added until ±{study.until.width:g} points, at most {study.until.most}.", highlight=False
        )
    console.print(cost)
    words = "each processor in its own arithmetic" if study.precision == AUTO else f"in {study.precision}"
    console.print(f"It would run on {study.engine.describe()}, {words}.", highlight=False)
    if study.engine.ranks > 1 and (alone := _cannot_be_shared(whole)):
        console.print(f"One process each pretrains {', '.join(alone)}, which ranks cannot share.", highlight=False)


def _cannot_be_shared(plan: Plan) -> list[str]:
    """Methods of a plan that train, and in one process alone."""
    used = [methods.get(name) for name in sorted({job.method for job in plan.pretrains})]
    return [spec.name for spec in used if issubclass(spec.options, TrainingOptions) and not spec.parallel]


def _check(*, as_design: bool, form: str | None, slurm: int | None, gres: str | None, repeat: int | None) -> None:
    """Refuse options that do not go together."""
    if form is not None and not as_design:
        raise StudyError("--format is of the design sheet: add --design, or leave it out")
    if gres is not None and slurm is None:
        raise StudyError("--gres is of a batch script: add --slurm, or leave it out")
    if as_design and repeat is not None:
        raise StudyError("--repeat is of a run, and the design sheet of a whole study: leave one out")
    if slurm is not None and (as_design or repeat is not None):
        raise StudyError("--slurm prints a script for the whole study: leave --design and --repeat out")


def _grid(plan: Plan) -> str:
    """The levels of each axis, how many points they make, and how many trainings these share."""
    at = [cell.axes for cell in plan.cells if "methods" in cell.axes]
    axes = {axis: list(dict.fromkeys(levels[axis] for levels in at)) for axis in (at[0] if at else ())}
    sizes = " x ".join(f"{len(levels)} {axis} ({', '.join(levels)})" for axis, levels in axes.items())
    points = len({tuple(levels.items()) for levels in at})
    trained = {cell.pretrain.key for cell in plan.cells if "methods" in cell.axes}
    return f"Grid: {sizes}: {points} points, {len(trained)} trainings for {len(at)} cells"


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
    found = pretrainings(plan, store)
    shown = {name: rate if name == RATE else number for name in found.columns[2 : -len(STATES)]}
    return _table(found.assign(**{name: found[name].map(show) for name, show in shown.items()}))


def _table(found: "pd.DataFrame") -> Table:
    table = Table(*found.columns)
    for row in found.itertuples(index=False):
        table.add_row(*map(str, row))
    return table
