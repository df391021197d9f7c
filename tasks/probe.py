"""Probing: scene classification from the pooled features of a frozen backbone, scored as `cls`."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import DataError
from bench.metrics.classified import ImageOutcomes
from bench.metrics.confusion import IGNORE, confusion, image_scores
from tasks import predictions, selection
from tasks.classifiers import Classifier, Fitted
from tasks.cls import best_class
from tasks.frozen import POOLINGS, Frozen
from tasks.labels.image_class import LABEL as CLASS
from tasks.splits import Parts
from tasks.task import Result, Start, Task
from tasks.tuning import grid


class Probe(Task):
    """One classification protocol on frozen features; subsets are stratified by class.

    Nothing of the network is trained: its maps are pooled once for each image, and a classifier is fitted to the features
    of the subset.
    """

    label = CLASS

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every image."""
        # Its scores depend on sums alone, and one sum is counted faster than each sample.
        shown, there = (self.counts(part).sum(axis=0, keepdims=True) for part in (train, test))
        return best_class(self.scheme.classes, shown, there, self.protocol.metric)

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fit on `train`, choose the classifier's strength as the protocol says, and read the test split once."""
        make_deterministic(context.seed, torch.get_num_threads())
        begun = time.monotonic()
        used = [at for at, k in zip(train, self.strata(train), strict=True) if k != IGNORE]
        if not used:
            raise DataError(f"{self.data.path}: no training sample has a class of protocol {self.protocol.id}")
        frozen, found = self._race(start, used, parts, context)
        fitted_at = time.monotonic()
        outcomes = self._test(frozen, found.fitted, parts.test, context) if parts.test else None
        return Result(
            metrics=outcomes.scores() if outcomes else {},
            outcomes=outcomes,
            steps=0,
            train_seconds=fitted_at - begun,
            test_seconds=time.monotonic() - fitted_at,
            selection=found.rule,
            selected_on=found.choosing,
            tuned=found.fitted.chosen,
            design={"bn": frozen.bn},
        )

    def _race(self, start: Start, used: list[int], parts: Parts, context: Context) -> tuple[Frozen, "_Choice"]:
        """The features that do best by the labels that choose: of each point of the protocol's grid, the first of equals.

        A grid of sizes and input statistics is the same for every row; without one there is one point.
        """
        classifier = Classifier.model_validate(self.protocol.network)
        points, raced = grid(self.protocol), []
        for point in points:
            frozen = Frozen(type(self)(point.protocol, self.data), start, context, parts, POOLINGS[classifier.pooling])
            raced.append((frozen, _Fitting(self, classifier, frozen).choose(used, parts, context.seed)))
        at = max(range(len(points)), key=lambda each: raced[each][1].score)
        frozen, found = raced[at]
        if found.fitted.chosen and len(points) > 1:
            trials = float(found.fitted.chosen["trials"]) * len(points)
            found.fitted.chosen |= points[at].values | {"trials": trials}
        return frozen, found

    def _test(self, frozen: Frozen, fitted: Fitted, test: list[int], context: Context) -> ImageOutcomes:
        truth, (found, margin) = np.array(self.strata(test)), fitted.answer(frozen.features(test))
        of = {at: (int(true), int(guess)) for at, true, guess in zip(test, truth, found, strict=True)}
        pictured = predictions.chosen([at for at in test if of[at][0] != IGNORE], context.prediction_count)
        predictions.write(self, pictured, [of[at] for at in pictured], context)
        return ImageOutcomes(self.scheme.classes, truth, found, margin)


@dataclass(frozen=True)
class _Choice:
    """A classifier with its strength.

    Attributes:
        fitted: to all samples.
        rule: who chose its strength.
        choosing: samples that chose it.
        score: by them, higher is better, to be compared between features of the same samples; 0 where nothing chose.
    """

    fitted: Fitted
    rule: str
    choosing: list[int]
    score: float = 0.0


class _Fitting:
    """A classifier on the features of some samples."""

    def __init__(self, task: Probe, classifier: Classifier, frozen: Frozen) -> None:
        self._task, self._classifier, self._frozen = task, classifier, frozen

    def choose(self, used: list[int], parts: Parts, seed: int) -> _Choice:
        """Fit to all samples with the strength that the protocol's rule chooses.

        Ridge leaves out one after the other under `cv`. All else is fitted with every strength to what a rule leaves to
        learn from, and the protocol's metric on the rest decides, of equal strengths the first. Labels that are too few
        to choose by (`untuned`) take the one in the middle.
        """
        selects, strengths = self._task.protocol.selects, self._classifier.strengths
        if not strengths:
            return _Choice(self._fit(used, None), "last", [])
        if self._classifier.classifier == "ridge" and selects == "cv":
            fitted = self._fit(used, None)
            return (
                _Choice(fitted, "leave-one-out", used, -fitted.error) if fitted.chosen else _Choice(fitted, "last", [])
            )
        labels = selection.divide(self._task, used, parts, seed)
        best, score = len(strengths) // 2, 0.0
        if labels.choosing:
            looks = [[self._look(*fold, strength) for fold in labels.folds] for strength in strengths]
            means = np.mean(looks, axis=1)
            best, score = int(means.argmax()), float(means.max())
        fitted = self._fit(used, strengths[best])
        fitted.chosen = {"strength": strengths[best], "trials": float(len(strengths))} if labels.choosing else {}
        return _Choice(fitted, labels.rule, labels.choosing, score)

    def _look(self, learnt: list[int], scored: list[int], strength: float) -> float:
        found, _ = self._fit(learnt, strength).answer(self._frozen.features(scored))
        counted = confusion(found, self._classes(scored), len(self._task.scheme.classes))
        return image_scores(counted, self._task.scheme.classes)[self._task.protocol.metric]

    def _fit(self, samples: list[int], strength: float | None) -> Fitted:
        return self._classifier.fit(self._frozen.features(samples), self._classes(samples), strength)

    def _classes(self, samples: list[int]) -> NDArray[np.int64]:
        return np.array(self._task.strata(samples), dtype=np.int64)
