"""Scores of multi-label classification: every image has each label or not, and a network gives each a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bench.metrics.means import mean
from bench.metrics.outcomes import Arrays, Outcomes, array

Truth = NDArray[np.integer[Any]]
Scores = NDArray[np.floating[Any]]

# A label is predicted where its probability is at least this: where it is likelier than not.
THRESHOLD = 0.5


def average_precision(truth: Truth, scores: Scores) -> float | None:
    """Area under the precision-recall steps of one label, without interpolation (scikit-learn's definition).

    With the samples in descending order of score, AP is the sum over thresholds n of (R_n - R_(n-1)) P_n. Samples of
    one score share a threshold, so that their order does not matter.

    Args:
        truth: N of 0 and 1.
        scores: N, larger where the label is likelier.

    Returns:
        AP in [0, 1]; None where no sample has the label.
    """
    positives = int(truth.sum())
    if positives == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision, recall = hits[last] / (last + 1), hits[last] / positives
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def multilabel_scores(truth: Truth, scores: Scores, labels: Sequence[str], threshold: float) -> dict[str, float]:
    """Macro mean average precision, and micro and macro F1 of the labels whose score reaches a threshold.

    Labels that no sample has are left out of mAP and have no entry. F1 is 2 TP / (2 TP + FP + FN); macro is its mean
    over all labels, where one that neither truth nor prediction has counts 0 (scikit-learn's default), micro is of the
    sums.

    Args:
        truth: N x K of 0 and 1; at least one 1.
        scores: N x K.
        labels: K names.
        threshold: a label is predicted where its score is at least this.

    Returns:
        `mAP`, `F1_micro`, `F1_macro` and `AP/<label>`, all in [0, 1].
    """
    each = {f"AP/{name}": average_precision(truth[:, k], scores[:, k]) for k, name in enumerate(labels)}
    known = {name: value for name, value in each.items() if value is not None}
    predicted = scores >= threshold
    right = (predicted & (truth == 1)).sum(axis=0)
    wrong = (predicted != (truth == 1)).sum(axis=0)
    f1 = [_f1(int(tp), int(errors)) for tp, errors in zip(right, wrong, strict=True)]
    return {
        "mAP": mean(known.values()),
        "F1_micro": _f1(int(right.sum()), int(wrong.sum())),
        "F1_macro": mean(f1),
        **known,
    }


def _f1(hits: int, errors: int) -> float:
    """Of true positives, and of false positives and false negatives together."""
    return 2 * hits / (2 * hits + errors) if hits + errors else 0.0


def further_multilabel_scores(
    truth: Truth, scores: Scores, labels: Sequence[str], threshold: float
) -> dict[str, float]:
    """What else papers print of a multi-label classification.

    Args:
        truth: N x K of 0 and 1; at least one 1.
        scores: N x K.
        labels: K names.
        threshold: a label is predicted where its score is at least this.

    Returns:
        `mAP_micro` (average precision of all pairs of image and label as one), `F1_samples` (mean over the images of
        2 TP / (2 TP + FP + FN), 0 for one that neither truth nor prediction gives a label) and `F1/<label>` of labels
        that truth or prediction has.
    """
    predicted = scores >= threshold
    right, wrong = predicted & (truth == 1), predicted != (truth == 1)
    by_image = [_f1(int(tp), int(errors)) for tp, errors in zip(right.sum(axis=1), wrong.sum(axis=1), strict=True)]
    by_label = zip(labels, right.sum(axis=0), wrong.sum(axis=0), strict=True)
    micro = average_precision(truth.ravel(), scores.ravel())
    return {
        **({} if micro is None else {"mAP_micro": micro}),
        "F1_samples": mean(by_image),
        **{f"F1/{name}": _f1(int(tp), int(errors)) for name, tp, errors in by_label if tp + errors},
    }


@dataclass(frozen=True, eq=False)
class LabelOutcomes(Outcomes):
    """Any number of labels of each image.

    Attributes:
        classes: K names.
        truth: N x K of 0 and 1.
        given: score of each label, N x K, in the precision in which the network gave them: AP rests on their order.
    """

    kind: ClassVar[str] = "label"
    classes: Sequence[str]
    truth: Truth
    given: Scores

    def __len__(self) -> int:
        return len(self.truth)

    def scores(self) -> dict[str, float]:
        """See `multilabel_scores`."""
        return multilabel_scores(self.truth, self.given, self.classes, THRESHOLD)

    def further(self) -> dict[str, float]:
        """See `further_multilabel_scores`."""
        return further_multilabel_scores(self.truth, self.given, self.classes, THRESHOLD)

    def take(self, at: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The outcomes of some images."""
        places = np.asarray(at, dtype=np.int64)
        return type(self)(self.classes, self.truth[places], self.given[places])

    def arrays(self) -> Arrays:
        """The truth in bits, the scores as they are."""
        return {"truth": np.packbits(self.truth.astype(bool), axis=1), "given": self.given}

    @classmethod
    def of_arrays(cls, classes: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Outcomes from what `arrays` gave."""
        given = array(arrays, "given", "f", (None, len(classes)))
        packed = array(arrays, "truth", "u", (len(given), -(-len(classes) // 8)))
        if packed.dtype != np.uint8:
            raise ValueError(f"its truth is {packed.dtype}")
        return cls(classes, np.unpackbits(packed, axis=1, count=len(classes)).astype(np.int64), given)
