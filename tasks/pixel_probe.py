"""Probing by pixel: segmentation from one map of a frozen backbone and a linear classifier, scored as `seg`.

The classifier is least squares on the class indicators of all labelled pixels, where each pixel has the features of the
place that it lies in. That is solved from counts of classes under each place. Scores of places become those of pixels by
bilinear interpolation, and the largest wins.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import interpolate

from bench import backbones
from bench.backbones import BackboneSpec
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.errors import DataError
from bench.metrics.classified import PixelOutcomes
from bench.metrics.confusion import IGNORE, confusion, pixel_scores
from tasks import predictions, selection
from tasks.classifiers import PIXEL_STRENGTHS, PixelClassifier
from tasks.frozen import Frozen, Reading, interpolated_map, whole_map
from tasks.labels.mask import LABEL as MASK
from tasks.ridge import Moments
from tasks.scoring import best_constant
from tasks.splits import Parts
from tasks.task import Result, Start, Task

# Slices whose pixels are looked at together.
AT_ONCE = 32
Floats = NDArray[np.float64]
Masks = NDArray[np.uint8]


class PixelProbe(Task):
    """One segmentation protocol on a frozen feature map; subsets are stratified by each slice's dominant class."""

    label = MASK

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every pixel."""
        # Its scores depend on sums alone, and one sum is counted faster than each sample.
        shown, there = (self.counts(part).sum(axis=0, keepdims=True) for part in (train, test))
        classes, metric = self.scheme.classes, self.protocol.metric
        return best_constant(lambda counts: pixel_scores(counts.sum(axis=0), classes), shown, there, metric)

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fit on `train`, choose the strength as the protocol says, and read the test split once, at the end."""
        make_deterministic(context.seed, torch.get_num_threads())
        begun = time.monotonic()
        network = PixelClassifier.model_validate(self.protocol.network)
        frozen = Frozen(self, start, context, parts, _reading(backbones.get(start.backbone), network.stride))
        if not self.counts(train).any():
            raise DataError(f"{self.data.path}: no training pixel has a class of protocol {self.protocol.id}")
        labels = selection.divide(self, train, parts, context.seed)
        coefficients, strength = self._fit(frozen, train, labels)
        fitted_at = time.monotonic()
        outcomes = self._test(frozen, coefficients, parts.test, context) if parts.test else None
        return Result(
            metrics=outcomes.scores() if outcomes else {},
            outcomes=outcomes,
            steps=0,
            train_seconds=fitted_at - begun,
            test_seconds=time.monotonic() - fitted_at,
            selection=labels.rule,
            selected_on=labels.choosing,
            tuned={"strength": strength, "trials": float(len(PIXEL_STRENGTHS))} if labels.choosing else {},
            design={"bn": frozen.bn},
        )

    def _fit(self, frozen: Frozen, train: list[int], labels: selection.Labels) -> tuple[Floats, float]:
        """Coefficients (1 + C) x K from all training slices, with the strength that errs least on pixels left out.

        The error is the square over indicators. Labels that are too few to choose by take the strength in the middle.
        """
        if not labels.choosing:
            strength = PIXEL_STRENGTHS[len(PIXEL_STRENGTHS) // 2]
            return self._moments(frozen, train).solve(np.array([strength]))[0], float(strength)
        scored = [self._moments(frozen, held) for _, held in labels.folds]
        if labels.rule == "folds":  # what a fold learns from is all others
            learnt = [_sum(scored[:at] + scored[at + 1 :]) for at in range(len(scored))]
            every = _sum(scored)
        else:
            learnt = [self._moments(frozen, kept) for kept, _ in labels.folds]
            every = learnt[0] + scored[0] if labels.rule == "within" else learnt[0]
        pairs = zip(learnt, scored, strict=True)
        errors = np.mean([held.errors(kept.solve(PIXEL_STRENGTHS)) for kept, held in pairs], axis=0)
        strength = PIXEL_STRENGTHS[errors.argmin()]
        return every.solve(np.array([strength]))[0], float(strength)

    def _moments(self, frozen: Frozen, samples: list[int]) -> Moments:
        return _sum([
            Moments(found.reshape(-1, found.shape[-1]), self._under_places(masks, found.shape[1:3]))
            for _, found, masks in self._chunks(frozen, samples)
        ])  # fmt: skip

    def _under_places(self, masks: Masks, places: tuple[int, ...]) -> NDArray[np.int64]:
        """How many pixels of each class lie under each place of the map: masks N x H x W to N h w x K."""
        count, height, width = masks.shape
        rows, columns = (np.arange(size) * cut // size for size, cut in zip((height, width), places, strict=True))
        slices = np.arange(count)[:, None, None] * places[0] + rows[:, None]
        cells, classes = slices * places[1] + columns, len(self.scheme.classes)
        kept = masks != IGNORE
        pairs = cells[kept] * classes + masks[kept]
        total = count * places[0] * places[1]
        return np.bincount(pairs, minlength=total * classes).reshape(total, classes)

    def _chunks(self, frozen: Frozen, samples: list[int]) -> Iterator[tuple[list[int], NDArray[np.float32], Masks]]:
        """Slices with their features, B x h x w x C, and the classes of their pixels, B x H x W."""
        for at in range(0, len(samples), AT_ONCE):
            chunk = samples[at : at + AT_ONCE]
            yield chunk, frozen.features(chunk), self.scheme.lookup[self.data.labels[chunk]]

    def _test(self, frozen: Frozen, coefficients: Floats, test: list[int], context: Context) -> PixelOutcomes:
        classes = len(self.scheme.classes)
        pictured = predictions.chosen(test, context.prediction_count)
        counted: list[NDArray[np.int64]] = []
        pairs: dict[int, tuple[Masks, NDArray[np.int64]]] = {}
        for chunk, features, masks in self._chunks(frozen, test):
            found = _classes_of_pixels(features, coefficients, masks.shape[1:])
            counted += [confusion(guess, mask, classes) for guess, mask in zip(found, masks, strict=True)]
            pairs |= {at: (mask, guess) for at, mask, guess in zip(chunk, masks, found, strict=True) if at in pictured}
        predictions.write(self, pictured, [pairs[at] for at in pictured], context)
        return PixelOutcomes(self.scheme.classes, np.stack(counted))


def _reading(backbone: BackboneSpec, stride: int) -> Reading:
    """The map of a stride; a plain transformer's one map is interpolated where that has another."""
    if stride in backbone.strides:
        return whole_map(backbone.strides.index(stride))
    return interpolated_map(stride)


def _sum(moments: list[Moments]) -> Moments:
    total = moments[0]
    for each in moments[1:]:
        total = total + each
    return total


def _classes_of_pixels(features: NDArray[np.float32], coefficients: Floats, size: tuple[int, ...]) -> NDArray[np.int64]:
    """The class of the largest score at each pixel, B x H x W; scores of places are interpolated."""
    scores = features @ coefficients[1:].astype(np.float32) + coefficients[0].astype(np.float32)
    fine = interpolate(torch.from_numpy(scores).permute(0, 3, 1, 2), size=size, mode="bilinear")
    found: NDArray[np.int64] = fine.argmax(dim=1).numpy()
    return found
