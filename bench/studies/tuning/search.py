"""The search: trial by trial of all methods alike, pretrained on an engine, judged, entered in the ledger."""

from dataclasses import replace
from pathlib import Path

from bench.core.context import Say
from bench.core.paths import data_home
from bench.corpus.registry import registry as corpora
from bench.engines.engine import EngineOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.jobs import PretrainJob
from bench.studies.plan import Plan, plan_pretraining
from bench.studies.probe_sets import folder_samples
from bench.studies.runner import Outcome, Watcher, execute
from bench.studies.tuning.judge import judge, score
from bench.studies.tuning.ledger import Entry, Ledger, read_ledger
from bench.studies.tuning.spaces import Tuning


class Search:
    """One tuning in one store; everything is planned, and so checked, before anything runs.

    What the store holds is not done again, and what its ledger holds is not judged again.

    Args:
        tuning: what is tried.
        store: where weights are kept, and the ledger as `tuning/<name>.csv`.
        say: told what is being made.

    Raises:
        BenchError: the tuning does not fit its corpus, or something that it names is absent.
    """

    def __init__(self, tuning: Tuning, store: Store, say: Say) -> None:
        inputs = Inputs(say)
        self.tuning = tuning
        self.path = store.root / "tuning" / f"{tuning.name}.csv"
        self._store = store
        self._plans = [plan_pretraining(tuning.study(number), inputs) for number in range(1, tuning.trials + 1)]
        self._folder = _folder_of(tuning.images, say)
        self._samples = folder_samples(self._folder, tuning.size)

    @property
    def open(self) -> int:
        """Number of pretrainings that are left."""
        return sum(len(plan.open_pretrains(self._store)) for plan in self._plans)

    def run(self, engine: EngineOptions, view: Watcher) -> Outcome:
        """Run what is left. All methods come to their n-th trial together, so that a search cut short is fair too.

        Returns:
            The jobs that failed but did not diverge, and so are no trials: the next run tries them again.
        """
        self._store.open_for_writing()
        failed = Outcome()
        ledger = read_ledger(self.path) if self.path.is_file() else Ledger()
        for number, plan in enumerate(self._plans, 1):
            if plan.open_pretrains(self._store):
                outcome = execute(plan, self._store, engine, view)
                failed.failures += [each for each in outcome.failures if self._store.diverged(each[0].key) is None]
            ledger = self._judge(number, plan, ledger)
        return failed

    def _judge(self, number: int, plan: Plan, ledger: Ledger) -> Ledger:
        """Enter the trials of this number that are done, or diverged, and not yet in the ledger."""
        known = {(each.key, each.images, each.method, each.trial) for each in ledger.entries}
        for job in plan.pretrains:
            reason = self._store.diverged(job.key)
            done = self._store.has_weights(job.key) or reason is not None
            if done and (job.key, self._folder.name, job.method, number) not in known:
                ledger = ledger.add(self._entry(job, number, reason))
                ledger.write(self.path)
        return ledger

    def _entry(self, job: PretrainJob, number: int, reason: str | None) -> Entry:
        entry = Entry(
            method=job.method,
            trial=number,
            options=self.tuning.trials_of(job.method)[number - 1].options,
            seed=job.seed,
            key=job.key,
            images=self._folder.name,
            steps=int(job.facts.get("steps", 0)),
            views=int(job.facts.get("student_views", 0)),
            diverged=reason or "",
        )
        if not self._store.has_weights(job.key):
            return entry
        measures = judge(self._store.weights(job.key), job.backbone, self._samples)
        warnings = tuple(self._store.card(job.key)["warnings"])
        return replace(entry, diverged="", score=score(measures), measures=measures, warnings=warnings)


def _folder_of(images: str, say: Say) -> Path:
    made = corpora.all().get(images)
    return made.make(data_home(), say) if made else Path(images)
