"""What a run would do, what is done, and how long the rest should take: `gb.plan`, and most of `bench plan`."""

import html
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import methods
from bench.api.notices import inputs_of
from bench.api.studies import Named, Place, given
from bench.core.errors import StudyError
from bench.pretraining.options import TrainingOptions
from bench.store.store import Store
from bench.studies.estimates import Estimate, estimate
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.plan import Plan, make_plan
from bench.studies.study import Study

if TYPE_CHECKING:
    import pandas as pd

STATES = ("in all", "done", "failed")
# Of what is known of a pretraining before it runs, what fits a terminal.
SHOWN_FACTS = ("steps", "student_views", "teacher_views", "start_left", "loaded_share")
RATE = "peak lr"


@dataclass(frozen=True, repr=False)
class Planned:
    """A study's plan, held against its store.

    Attributes:
        study: in the arithmetic that the store has.
        plan: all jobs, or those of the part that was asked for.
        store: what is done.
        estimate: seconds that the rest should take.
    """

    study: Study
    plan: Plan
    store: Store
    estimate: Estimate

    @cached_property
    def pretrainings(self) -> "pd.DataFrame":
        """The pretrainings of each row: what is known of them before they run, how many there are, done and failed."""
        return pretrainings(self.plan, self.store)

    @cached_property
    def cells(self) -> "pd.DataFrame":
        """The cells of each row, backbone, protocol and amount of labels: in all, done and failed."""
        return cells(self.plan, self.store)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the study asks for and the plan has not, a line each."""
        return self.plan.left_out

    @property
    def to_do(self) -> int:
        """Cells that a run would do."""
        return len(self.plan.open_cells(self.store))

    @property
    def cost(self) -> str:
        """What is left to do, and how long it should take, in words."""
        measured = self.estimate.measured
        basis = "from this store's own times" if measured else "a rough guess, nothing like it is in the store yet"
        failed = sum(isinstance(job, Cell) for job, _ in self.plan.failed(self.store))
        more = f", {failed} failed (tried again with --retry-failed)" if failed else ""
        seconds = _duration(self.estimate.seconds)
        return f"{self.to_do} of {len(self.plan.cells)} cells to do{more}, about {seconds} ({basis})"

    def __repr__(self) -> str:
        return "\n".join(
            [self.pretrainings.to_string(index=False), self.cells.to_string(index=False), *self.left_out, self.cost]
        )

    def _repr_html_(self) -> str:
        tables = [each.to_html(index=False, na_rep="") for each in (self.pretrainings, self.cells)]
        lines = "<br>".join(html.escape(line) for line in (*self.left_out, self.cost))
        return f"{''.join(tables)}<p>{lines}</p>"


def plan(study: Named = "demo", store: Place | None = None) -> Planned:
    """What `run` would do of a study, what is done, and how long the rest should take.

    Args:
        study: a study, or the name or file of one.
        store: folder of the results; None for the study's own.

    Raises:
        StudyError: the study cannot be run.
    """
    from rich.console import Console

    return lay_out(given(study, store), inputs_of(Console(stderr=True)))


def lay_out(study: Study, inputs: Inputs, part: Callable[[Plan], Plan] = lambda plan: plan) -> Planned:
    """A study's plan with its store.

    Args:
        study: what is asked for.
        inputs: its corpus and data sets.
        part: takes the part of the plan that is meant.
    """
    store = Store(Path(study.store))
    with suppress(StudyError):  # a cluster that cannot be asked now says so when it is to run
        study = study.in_one_arithmetic(store)
    whole = part(make_plan(study, inputs))
    return Planned(study, whole, store, estimate(whole, study, store, inputs))


def pretrainings(plan: Plan, store: Store) -> "pd.DataFrame":
    """The pretrainings of a plan, a row for those of one method that are alike."""
    import pandas as pd

    known = [fact for fact in SHOWN_FACTS if any(fact in job.facts for job in plan.pretrains)]
    rates = {job.key: _rate(job) for job in plan.pretrains}
    lr = [RATE] if any(rates.values()) else []
    rows: dict[tuple[str, ...], list[PretrainJob]] = {}
    for job in plan.pretrains:
        name = f"{job.row or job.method}{f' {job.protocol.id}' if job.protocol else ''}"
        # What is told apart by no digit that is shown, is not told apart.
        facts = [number(job.facts.get(fact)) for fact in known]
        rows.setdefault((name, job.backbone, *facts, rate(rates[job.key])), []).append(job)
    found = []
    for (name, backbone, *_), jobs in rows.items():
        done = [store.has_weights(job.key) for job in jobs]
        failed = [not ready and store.diverged(job.key) is not None for ready, job in zip(done, jobs, strict=True)]
        own = [*(jobs[0].facts.get(fact) for fact in known), *([rates[jobs[0].key]] if lr else [])]
        found.append((name, backbone, *own, len(jobs), sum(done), sum(failed)))
    names = [fact.replace("_", " ") for fact in known]
    return pd.DataFrame(found, columns=["pretraining", "backbone", *names, *lr, *STATES])


def cells(plan: Plan, store: Store) -> "pd.DataFrame":
    """The cells of a plan, a row for those of one row, backbone, protocol and amount of labels."""
    import pandas as pd

    rows: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in plan.cells:
        name = cell.row or cell.pretrain.method
        rows.setdefault((name, cell.backbone, cell.protocol.id, cell.amount), []).append(cell)
    failed = {job.key for job, _ in plan.failed(store)}
    found = [
        (
            *place,
            len(there),
            sum(store.has_record(cell.key) for cell in there),
            sum(cell.key in failed for cell in there),
        )
        for place, there in rows.items()
    ]
    return pd.DataFrame(found, columns=["cells of", "backbone", "protocol", "labels", *STATES])


def _rate(job: PretrainJob) -> float | None:
    """The learning rate that the optimiser is given: the recipe's, scaled with the batch by the method's own rule."""
    options = methods.get(job.method).options.model_validate(job.options)
    return options.peak_lr() if isinstance(options, TrainingOptions) else None


def rate(value: float | None) -> str:
    """A learning rate as it is shown; nothing where there is none."""
    return "" if value is None or math.isnan(value) else f"{value:.3g}"


def number(value: float | None) -> str:
    """A fact as it is shown; nothing where it is not known."""
    if value is None or math.isnan(value):
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:.3g}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
