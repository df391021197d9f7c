"""Running a study: what `gb.run` and `bench run` do."""

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import methods
from bench.api import until
from bench.api.notices import inputs_of, say_left_out, say_overlaps, say_warnings
from bench.api.progress import watching
from bench.api.studies import Named, Place, given
from bench.core.errors import FailedError
from bench.pretraining.options import PretrainOptions
from bench.store.grids import Grid
from bench.store.questions import Questions
from bench.store.store import Store
from bench.studies.design import design
from bench.studies.inputs import Inputs
from bench.studies.jobs import PretrainJob
from bench.studies.plan import Plan, make_plan, plan_file, plan_pretraining
from bench.studies.questions import questions
from bench.studies.runner import Outcome, Watcher, execute, modules_of
from bench.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

# Who is told how a run of so many jobs goes, and whose logs are in a store.
Watch = Callable[[int, Store], AbstractContextManager[Watcher]]


@dataclass(frozen=True)
class Ran:
    """What has become of a study.

    Attributes:
        plan: all of it, or the part that was asked for; of the last seeds, where some were added.
        store: where its records are.
        outcome: what failed.
    """

    plan: Plan
    store: Store
    outcome: Outcome

    @property
    def done(self) -> list[tuple[str, str | None]]:
        """Key of each of the study's records, and the study's name for the row, None for the method's own."""
        return [(cell.key, cell.row) for cell in self.plan.cells if self.store.has_record(cell.key)]


def run(
    study: Named = "demo",
    store: Place | None = None,
    *,
    workers: int | Literal["auto"] | None = None,
    device: str | None = None,
    progress: bool = True,
    retry_failed: bool = False,
    predictions: int = 0,
    failures: Literal["raise", "warn"] = "raise",
) -> "pd.DataFrame":
    """Run a study, and give its records; what the store holds is not done again, so the same call goes on.

    Args:
        study: a study, or the name or file of one.
        store: folder of the results; None for the study's own.
        workers: jobs that run at the same time; None for the study's own.
        device: `auto`, `cpu`, `cuda` or `cuda:N`; None for the study's own.
        progress: whether to show how far it is: bars in a terminal, one line that changes in a notebook, a line a job
            elsewhere.
        retry_failed: try again what diverged in an earlier run.
        predictions: test samples of each cell whose predictions are kept as pictures.
        failures: what happens when jobs failed and all others are done: an error, or a warning for each.

    Returns:
        The study's records with the columns of `results.frame.COLUMNS`, under its names for the rows.

    Raises:
        StudyError: the study cannot be run.
        FailedError: some jobs failed.
    """
    from rich.console import Console

    from bench.api.reading import named
    from results.answers import answers_of

    console = Console(stderr=True)
    ran = carry_out(
        given(study, store, workers=workers, device=device),
        console,
        lambda total, store: watching(console, total, store, shown=progress),
        predictions=predictions,
        retry_failed=retry_failed,
    )
    lost = [f"{job.label}: {text}" for job, text in ran.outcome.failures]
    if lost and (failures == "raise" or not ran.done):
        more = f", and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise FailedError(
            f"{lost[0]}{more}: what is done is kept in {ran.store.root}, run the study again to go on", lost
        )
    for line in lost:
        warnings.warn(f"failed: {line}", stacklevel=2)
    return named(answers_of(ran.store.root, ran.done)[1], ran.store.root)


def carry_out(
    study: Study,
    console: "Console",
    watch: Watch,
    *,
    part: Callable[[Plan], Plan] = lambda plan: plan,
    asked: Callable[[Study, Inputs], Questions] | None = None,
    predictions: int = 0,
    retry_failed: bool = False,
    tensorboard: Path | None = None,
) -> Ran:
    """Run what a study has and its store has not.

    Args:
        study: what is asked for.
        console: told what is left out or doubtful, and of each look at the intervals.
        watch: opened for all jobs that are open.
        part: takes the part of the plan that is to be run.
        asked: gives the questions that are written down; those of the study by default.
        predictions: test samples of each cell whose predictions are kept.
        retry_failed: try again what diverged.
        tensorboard: folder for curves of all trainings; None for none.

    Raises:
        StudyError: it cannot be run; nothing was begun.
    """
    store = Store(Path(study.store))
    study = study.in_one_arithmetic(store)
    inputs = inputs_of(console)
    whole = make_plan(study, inputs)
    plan = part(whole)
    say_left_out(plan, console)
    say_overlaps(plan, console)
    stated = (asked or questions_of)(study, inputs)
    if study.until:
        stated = until.stated(stated, study.until, plan)
    _open(plan, study, store, retry_failed=retry_failed)
    store.write_questions(stated)
    if plan.grid:
        store.write_grid(Grid.of(study.name, plan.grid))

    def run_plan(study: Study, plan: Plan) -> Outcome:
        store.write_plan(plan_file(study.name, plan if study.until else whole))
        # The sheet counts FLOPs, which imports torch: a run that has nothing to do makes none anew.
        cells = plan.open_cells(store, retry_failed=retry_failed)
        if cells:
            study.engine.prepare(modules_of([*cells, *plan.open_pretrains(store, retry_failed=retry_failed)]))
        if cells or not store.has_design(study.name):
            store.write_design(design(study, inputs))
        return _execute(
            plan, store, study, console, watch, predictions, retry_failed=retry_failed, tensorboard=tensorboard
        )

    if study.until:
        plan, outcome = until.grow(study, study.until, stated, inputs, store, run_plan, console)
        return Ran(plan, store, outcome)
    return Ran(plan, store, run_plan(study, plan))


def carry_out_pretraining(
    study: Study, console: "Console", watch: Watch, *, retry_failed: bool = False, tensorboard: Path | None = None
) -> Ran:
    """Pretrain a study's rows and fine-tune nothing; as `carry_out`."""
    store = Store(Path(study.store))
    study = study.in_one_arithmetic(store)
    plan = plan_pretraining(study, inputs_of(console))
    say_left_out(plan, console)
    _open(plan, study, store, retry_failed=retry_failed)
    store.write_plan(plan_file(f"{study.name} (pretrainings)", plan))
    outcome = _execute(plan, store, study, console, watch, retry_failed=retry_failed, tensorboard=tensorboard)
    return Ran(plan, store, outcome)


def questions_of(study: Study, inputs: Inputs) -> Questions:
    """What a study asks; rows that no table ranks are asked about where the study names them."""
    from results.variants import stands_apart

    return questions(study, inputs, ranked=lambda method: not stands_apart(method))


def _open(plan: Plan, study: Study, store: Store, *, retry_failed: bool) -> None:
    """Open the store for a run, once it is sure that its pretrainings can start."""
    _check_starts(plan.open_pretrains(store, retry_failed=retry_failed))
    store.open_for_writing(study.precision)


def _execute(
    plan: Plan,
    store: Store,
    study: Study,
    console: "Console",
    watch: Watch,
    predictions: int = 0,
    *,
    retry_failed: bool,
    tensorboard: Path | None,
) -> Outcome:
    pretrains = plan.open_pretrains(store, retry_failed=retry_failed)
    earlier = Outcome([] if retry_failed else plan.failed(store))
    say_warnings(pretrains, console)
    jobs = len(plan.open_cells(store, retry_failed=retry_failed)) + len(pretrains)
    if not jobs:
        console.print("nothing is left to do" if earlier.failures else "everything is done already")
        return earlier
    with watch(jobs, store) as view:
        outcome = execute(
            plan, store, study.engine, view, predictions, retry_failed=retry_failed, tensorboard=tensorboard
        )
    return Outcome(earlier.failures + outcome.failures)


def _check_starts(jobs: list[PretrainJob]) -> None:
    """Refuse weights that a backbone cannot start from; torch is imported only where a job starts from some."""
    asked: dict[tuple[str, str, int], tuple[PretrainOptions, PretrainJob]] = {}
    for job in jobs:
        options = methods.get(job.method).options.model_validate(job.options)
        asked[job.backbone, options.starts_at(), len(job.bands)] = options, job
    for _, (options, job) in sorted(asked.items(), key=lambda each: each[0]):
        options.check_start(job.backbone, job.bands)
