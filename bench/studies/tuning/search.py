"""The search: trial by trial of all methods alike, pretrained and judged by cells of the grid, entered in the ledger."""

from dataclasses import replace
from statistics import fmean

from bench.core.context import Say
from bench.core.keys import content_hash
from bench.engines.engine import EngineOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.plan import Plan, make_plan
from bench.studies.runner import Outcome, Watcher, execute
from bench.studies.tuning.ledger import Entry, Ledger, read_ledger
from bench.studies.tuning.spaces import Tuning
from tasks.amounts import share


class Search:
    """One tuning in one store; everything is planned, and so checked, before anything runs.

    What the store holds is not done again.

    Args:
        tuning: what is tried.
        store: where weights and records are kept, and the ledger as `tuning/<name>.csv`.
        say: told what is being made.

    Raises:
        BenchError: the tuning does not fit its corpus or its data sets, or something that it names is absent.
    """

    def __init__(self, tuning: Tuning, store: Store, say: Say) -> None:
        inputs = Inputs(say)
        self.tuning = tuning
        self.path = store.root / "tuning" / f"{tuning.name}.csv"
        self._store = store
        studies = [tuning.study(number).in_one_arithmetic(store) for number in range(1, tuning.trials + 1)]
        self._precision = studies[0].precision
        self._plans = [make_plan(study, inputs) for study in studies]

    @property
    def open(self) -> int:
        """Number of jobs that are left."""
        return sum(len(plan.open_pretrains(self._store) + plan.open_cells(self._store)) for plan in self._plans)

    def run(self, engine: EngineOptions, view: Watcher) -> Outcome:
        """Run what is left. All methods come to their n-th trial together, so that a search cut short is fair too.

        Returns:
            The jobs that failed but did not diverge, and so are no trials: the next run tries them again.
        """
        self._store.open_for_writing(self._precision)
        failed = Outcome()
        ledger = read_ledger(self.path) if self.path.is_file() else Ledger()
        for number, plan in enumerate(self._plans, 1):
            if plan.open_cells(self._store):
                outcome = execute(plan, self._store, engine, view)
                stopped = {job.key for job, _ in plan.failed(self._store)}
                failed.failures += [each for each in outcome.failures if each[0].key not in stopped]
            ledger = self._judge(number, plan, ledger)
        return failed

    def _judge(self, number: int, plan: Plan, ledger: Ledger) -> Ledger:
        """Enter the trials of this number that are done, or diverged."""
        for job in plan.pretrains:
            cells = [cell for cell in plan.cells if cell.pretrain.key == job.key]
            reason = self._store.diverged(job.key)
            if reason is not None or all(self._store.has_record(cell.key) for cell in cells):
                entry = self._entry(job, cells, number, reason)
                if entry not in [replace(each, chosen=False) for each in ledger.entries]:
                    ledger = ledger.add(entry)
                    ledger.write(self.path)
        return ledger

    def _entry(self, job: PretrainJob, cells: list[Cell], number: int, reason: str | None) -> Entry:
        entry = Entry(
            method=job.method,
            trial=number,
            options=self.tuning.trials_of(job.method)[number - 1].options,
            seed=job.seed,
            key=job.key,
            cells=content_hash(sorted(cell.key for cell in cells)),
            steps=int(job.facts.get("steps", 0)),
            views=int(job.facts.get("student_views", 0)),
            diverged=reason or "",
        )
        if not self._store.has_weights(job.key):
            return entry
        measures = self._measures(cells)
        warnings = tuple(self._store.card(job.key)["warnings"])
        return replace(entry, diverged="", score=fmean(measures.values()), measures=measures, warnings=warnings)

    def _measures(self, cells: list[Cell]) -> dict[str, float]:
        """Of each protocol and amount the mean score over the draws of labels."""
        found: dict[str, list[float]] = {}
        for cell in cells:
            name = f"{cell.protocol.id}@{cell.labels or share(cell.fraction).text}"
            found.setdefault(name, []).append(self._store.read_record(cell.key).score)
        return {name: fmean(values) for name, values in found.items()}
