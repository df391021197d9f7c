"""Fine-tuning, the same for every task: which training's weights are tested, and one reading of the test split."""

import copy
import dataclasses
import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric

from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import DivergedError
from tasks import predictions, selection, training
from tasks.selection import Labels
from tasks.settled import loss_slope, score_slope, settled
from tasks.splits import Parts
from tasks.task import Result, Start, Task
from tasks.training import Samples, Trained
from tasks.tuning import Trial, grid


class FineTuned(Task):
    """A task that trains one mmengine model: a kind of problem says what the model is and what it answers."""

    @abstractmethod
    def build(self, start: Start) -> Any:
        """The model around the pretrained weights; its data preprocessor takes the batches of `samples`."""

    @abstractmethod
    def metric(self) -> BaseMetric:
        """What computes the protocol's metrics; a `tasks.scoring.OutcomeMetric` keeps what they are computed from."""

    @abstractmethod
    def pair(self, output: Any) -> tuple[Any, Any]:
        """Truth and prediction in the model's answer to one sample, as the kind of label draws them."""

    def constant(self, train: list[int]) -> float | None:  # noqa: ARG002 - overridden where it is known
        """Loss of the best constant prediction on the training samples; None where it is not known."""
        return None

    def picturable(self, test: list[int]) -> list[int]:
        """The test samples of which a picture says something."""
        return test

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune on `train`, choose as the protocol says, and read the test split once, at the end."""
        labels = selection.divide(self, train, parts, context.seed)
        trials = grid(self.protocol) if labels.choosing else [Trial(self.protocol)]
        chosen = _Search(self, start, labels, trials, context).run(train)
        # The chosen trial may feed its network otherwise than the protocol's own values do.
        task, tested = _at(self, chosen.trial), time.monotonic()
        metrics, outcomes = training.score(chosen.model, task.samples(parts.test), task.metric())
        seconds = time.monotonic() - tested
        pictured = predictions.chosen(self.picturable(parts.test), context.prediction_count)
        outputs = predictions.predict(chosen.model, task.samples(pictured))
        predictions.write(self, pictured, [self.pair(output) for output in outputs], context)
        return Result(
            metrics=metrics,
            steps=chosen.trained.steps,
            train_seconds=chosen.seconds,
            test_seconds=seconds,
            warnings=chosen.trained.warnings,
            outcomes=outcomes,
            backbone=chosen.model.backbone.net.state_dict(),
            selection=labels.rule,
            selected_on=labels.choosing,
            tuned=chosen.trial.values | {"trials": len(trials)} if labels.choosing and self.protocol.tuning else {},
            settled=chosen.settled,
        )


def _at(task: FineTuned, trial: Trial) -> FineTuned:
    """The task under the protocol of a trial."""
    other = copy.copy(task)
    other.protocol = trial.protocol
    return other


@dataclass
class _Tried:
    """A trial and how it went.

    Attributes:
        trial: the point of the grid.
        model: with the weights of the best look; of folds, those of the last.
        trained: of each fold.
        looks: the mean score of the folds at each look.
        scored: samples that these are over.
    """

    trial: Trial
    model: Any
    trained: list[Trained]
    looks: list[tuple[int, float]]
    scored: int

    @property
    def best(self) -> tuple[int, float]:
        """The look with the best score, of equals the latest; the end where nothing was looked at."""
        return max(self.looks, key=lambda look: look[::-1], default=(self.trial.protocol.schedule.total, 0.0))

    @property
    def settled(self) -> dict[str, float]:
        """See `tasks.settled`; a loss of folds is their mean."""
        falls = [fall for each in self.trained if (fall := loss_slope(each.losses)) is not None]
        rise = score_slope(self.looks, self.trial.protocol.schedule.total)
        return settled(float(np.mean(falls)) if falls else None, rise, self.scored)


@dataclass(frozen=True)
class _Chosen:
    """What is tested: a trial, the model, the training that gave its weights, and the seconds of all trainings."""

    trial: Trial
    model: Any
    trained: Trained
    settled: dict[str, float]
    seconds: float


class _Search:
    """All trainings of a cell; of their models, only the best so far is kept.

    Args:
        task: the task under its own protocol.
        start: what every training starts from.
        labels: what they learn from and are scored on.
        trials: the grid.
        context: its seed is that of every training.
    """

    def __init__(self, task: FineTuned, start: Start, labels: Labels, trials: list[Trial], context: Context) -> None:
        self._task, self._start, self._labels, self._trials = task, start, labels, trials
        refits = labels.rule == "folds"
        self._contexts = _numbered(context, len(trials) * len(labels.folds) + refits)
        self._seconds = 0.0

    def run(self, train: list[int]) -> _Chosen:
        """Try all, and train the best of folds once more, on all samples, to the step that was the best."""
        best = self._best()
        model, trained = best.model, best.trained[0]
        if self._labels.rule == "folds":
            best.model = None
            model, trained = self._train(best.trial, train, [], stop=best.best[0])
        return _Chosen(best.trial, model, trained, best.settled, self._seconds)

    def _best(self) -> _Tried:
        best: _Tried | None = None
        broken: DivergedError | None = None
        for trial in self._trials:
            try:
                tried = self._try(trial)
            except DivergedError as error:  # a rate of the grid that is too large loses, and the others go on
                broken = broken or error
                continue
            if best is None or tried.best[1] > best.best[1]:
                best = tried
        if best is None:
            assert broken is not None
            raise broken
        return best

    def _try(self, trial: Trial) -> _Tried:
        model, trained = None, []
        for learnt, scored in self._labels.folds:
            model = None  # before the next is built
            model, result = self._train(trial, learnt, scored)
            trained.append(result)
        looks = [
            (look[0][0], float(np.mean([score for _, score in look])))
            for look in zip(*(each.looks for each in trained), strict=True)
        ]
        return _Tried(trial, model, trained, looks, len(self._labels.choosing))

    def _train(
        self, trial: Trial, learnt: list[int], scored: list[int], stop: int | None = None
    ) -> tuple[Any, Trained]:
        task, context = _at(self._task, trial), next(self._contexts)
        make_deterministic(context.seed, torch.get_num_threads())  # before the model is built, for its head is drawn
        model = task.build(self._start)
        samples = Samples(task.samples(learnt), task.samples(scored) if scored else None, task.constant(learnt))
        trained = training.train(model, samples, task.metric(), trial, context, stop)
        self._seconds += trained.seconds
        return model, trained


def _numbered(context: Context, total: int) -> Iterator[Context]:
    """The context of each training, that says which of how many it is where there are several."""
    for number in range(1, total + 1):

        def report(done: int, steps: int, text: str, number: int = number) -> None:
            context.progress(done, steps, f"training {number} of {total}, {text}")

        curves = context.tensorboard / f"training-{number}" if context.tensorboard else None
        yield dataclasses.replace(context, progress=report, tensorboard=curves) if total > 1 else context
