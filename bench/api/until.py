"""Seeds until intervals are narrow: a study's seeds, added one block at a time until its intervals are narrow enough."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.console import Console

from bench.store.questions import Questions, Stopping
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.plan import Plan, make_plan
from bench.studies.runner import Outcome
from bench.studies.study import Study
from bench.studies.until import LEAST_SEEDS, Until, check_asked, seeds_begun

if TYPE_CHECKING:
    from results.widths import Widest


def stated(asked: Questions, until: Until, plan: Plan) -> Questions:
    """What is asked, with how the number of seeds is chosen.

    Raises:
        StudyError: no question is between two rows of the plan, so that no interval could say when to stop.
    """
    from results.stats.stopping import LEVEL

    check_asked(asked, plan.cells)
    return asked.model_copy(update={"until": Stopping(width=until.width / 100, most=until.most, level=LEVEL)})


def grow(
    study: Study,
    until: Until,
    asked: Questions,
    inputs: Inputs,
    store: Store,
    run: Callable[[Study, Plan], Outcome],
    console: Console,
) -> tuple[Plan, Outcome]:
    """Run a study with more and more seeds, and return its last plan with how that ended.

    Args:
        study: with the seeds to start from.
        until: when to stop.
        asked: its questions; they must lie in the store.
        inputs: its corpus and data sets.
        store: where it goes on from.
        run: runs what a plan has and the store has not.
        console: told of each look.
    """
    begun = seeds_begun(make_plan(study.of_seeds(until.most), inputs).cells, store, asked.questions)
    seeds = max(study.seeds, LEAST_SEEDS, begun)
    while True:
        now = study.of_seeds(seeds)
        plan = make_plan(now, inputs)
        outcome = run(now, plan)
        if outcome.failures:
            _say(console, f"{seeds} seeds: some work failed, so no seed is added")
            return plan, outcome
        found = _widest(plan, store)
        _say(console, f"{seeds} seeds: the widest interval is {found}; ±{until.width:g} points are asked for")
        if found.half <= until.width / 100:
            return plan, outcome
        if seeds >= until.most:
            _say(console, f"stopped at the most seeds, {until.most}: the intervals are still wider")
            return plan, outcome
        seeds += 1


def _widest(plan: Plan, store: Store) -> "Widest":
    """The widest interval of the primary questions among a plan's records."""
    from results import answers, widths

    found, mine = answers.answers_of(store.root, [(cell.key, cell.row) for cell in plan.cells])
    return widths.widest(answers.primary_among(found, mine))


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
