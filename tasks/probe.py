"""Probing: scene classification from the pooled features of a frozen backbone, scored as `cls`."""

import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from bench.backbones import weights
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import DataError, DivergedError
from bench.metrics.classified import ImageOutcomes
from bench.metrics.confusion import IGNORE
from bench.pretraining import batch_norm
from bench.pretraining.probe import pooled
from tasks import predictions
from tasks.classifiers import Classifier, Fitted
from tasks.cls import ImagePreprocessor, best_class
from tasks.labels.image_class import LABEL as CLASS
from tasks.samples import as_tensor
from tasks.splits import Parts
from tasks.task import Result, Start, Task

# Images at a time; nothing depends on it.
BATCH = 128


class Probe(Task):
    """One classification protocol on frozen features; subsets are stratified by class.

    Nothing of the network is trained: its pooled coarsest map is computed once for each image, and a classifier of
    scikit-learn is fitted to those of the subset.
    """

    label = CLASS

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every image."""
        return best_class(self.scheme.classes, self.counts(train), self.counts(test), self.protocol.metric)

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fit on `train`, choose the classifier's strength inside it, and read the test split once, at the end."""
        make_deterministic(context.seed, torch.get_num_threads())
        begun = time.monotonic()
        frozen = Frozen(self, start, context)
        adapted = frozen.adapt(start, parts.train, context.seed)
        classifier = Classifier.model_validate(self.protocol.network)
        fitted, used = self._fit(classifier, frozen, train)
        fitted_at = time.monotonic()
        outcomes = self._test(frozen, fitted, parts.test, context) if parts.test else None
        return Result(
            metrics=outcomes.scores() if outcomes else {},
            outcomes=outcomes,
            steps=0,
            train_seconds=fitted_at - begun,
            test_seconds=time.monotonic() - fitted_at,
            selection="leave-one-out" if fitted.chosen else "last",
            selected_on=used if fitted.chosen else [],
            tuned=fitted.chosen,
            design={"bn": adapted},
        )

    def _fit(self, classifier: Classifier, frozen: "Frozen", train: list[int]) -> tuple[Fitted, list[int]]:
        """The classifier of some samples, and those of them that have a class of the protocol."""
        classes = dict(zip(train, self.strata(train), strict=True))
        used = [at for at in train if classes[at] != IGNORE]
        if not used:
            raise DataError(f"{self.data.path}: no training sample has a class of protocol {self.protocol.id}")
        return classifier.fit(frozen.features(used), np.array([classes[at] for at in used], dtype=np.int64)), used

    def _test(self, frozen: "Frozen", fitted: Fitted, test: list[int], context: Context) -> ImageOutcomes:
        truth, (found, margin) = np.array(self.strata(test)), fitted.answer(frozen.features(test))
        of = {at: (int(true), int(guess)) for at, true, guess in zip(test, truth, found, strict=True)}
        pictured = predictions.chosen([at for at in test if of[at][0] != IGNORE], context.prediction_count)
        predictions.write(self, pictured, [of[at] for at in pictured], context)
        return ImageOutcomes(self.scheme.classes, truth, found, margin)


class Frozen:
    """A backbone as it was pretrained, and what its images become before they enter it.

    Args:
        task: whose images.
        start: the backbone.
        context: its device, and who is told how far it is.
    """

    def __init__(self, task: Task, start: Start, context: Context) -> None:
        self._task = task
        self._name = start.backbone
        self._progress = context.progress
        evaluation = task.protocol.evaluation
        self._inputs = ImagePreprocessor([], task.statistics(start), task.data, evaluation.size).to(context.device)
        restored = weights.restore(start.backbone, start.weights, f"the pretraining of {start.backbone}")
        self._net = restored.to(context.device).to(memory_format=torch.channels_last)

    def adapt(self, start: Start, train: list[int], seed: int) -> str:
        """Take batch norm's statistics from the images that the protocol names; says whose they are.

        Args:
            start: holds the corpus.
            train: the training part, whose labels are not looked at.
            seed: draws the images.
        """
        bn = self._task.protocol.bn
        if not batch_norm.has_batch_norm(self._net):
            return "none in the network"
        if bn == "corpus":
            assert start.corpus is not None
            drawn = batch_norm.draw(len(start.corpus), seed)
            batch_norm.estimate(self._net, (self._ready(start.corpus.tiles(at)) for at in drawn))
        elif bn == "target":
            drawn = [np.array(train)[at] for at in batch_norm.draw(len(train), seed)]
            batch_norm.estimate(self._net, (self._ready(self._task.data.images[at]) for at in drawn))
        return bn

    def features(self, positions: list[int]) -> NDArray[np.float32]:
        """Pooled last feature maps of some slices in full precision, N x C.

        Raises:
            DivergedError: they are not finite.
        """
        loader = DataLoader(self._task.samples(positions), BATCH)
        batches = []
        for batch in loader:
            batches.append(pooled(self._net, self._inputs.inputs(batch["image"], None)))
            self._progress(min(len(batches) * BATCH, len(positions)), len(positions), "features")
        found = np.concatenate(batches)
        if not np.isfinite(found).all():
            raise DivergedError(f"features of {self._name} are not finite: pretrain it again with a lower rate")
        return found

    def _ready(self, stored: NDArray[Any]) -> Tensor:
        inputs: Tensor = self._inputs.inputs(as_tensor(stored), None)
        return inputs
