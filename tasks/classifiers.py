"""Classifiers of frozen features, and what a protocol's `network` says of them."""

import math
import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

# Strengths that ridge chooses from. Features are standardised, so the largest eigenvalue of N samples of d features is at
# most N d, about 1e6 for a ResNet-18 and 2,000 images; a strength beyond that shrinks everything to nothing.
STRENGTHS = np.logspace(-3, 6, 19)
# The same of a per-pixel probe, whose strength is relative to the pixels: correlations have eigenvalues from 0 to d.
PIXEL_STRENGTHS = np.logspace(-6, 2, 17)

CHOOSING = ("cv", "within", "val")
Features = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


class _Network(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Classifier(_Network):
    """What stands on one vector of features an image.

    Attributes:
        classifier: `ridge` regression on targets of -1 and 1, multinomial `logistic` regression, or the nearest neighbours
            by cosine, `knn`.
        pooling: the `mean` or the `max` of each channel over the coarsest map, or the means of all maps (`levels`). In
            place of the `mean` a plain transformer gives what its own classifier reads, the class token of most.
        penalty: inverse strength of `logistic`'s penalty; a list is chosen from.
        neighbours: of `knn`; no more are asked than a class has samples on average.
    """

    classifier: Literal["ridge", "logistic", "knn"]
    pooling: Literal["mean", "max", "levels"] = "mean"
    penalty: float | list[float] | None = None
    neighbours: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> "Classifier":
        for name, owner in (("penalty", "logistic"), ("neighbours", "knn")):
            if (getattr(self, name) is None) == (self.classifier == owner):
                raise ValueError(f"classifier {owner} needs {name}, and no other has one")
        listed = self.penalty if isinstance(self.penalty, list) else [self.penalty or 1.0]
        if min(listed, default=0) <= 0 or len(set(listed)) < len(listed):
            raise ValueError("penalty is a number above 0, or a list of different ones")
        return self

    @property
    def strengths(self) -> list[float]:
        """The strengths that are chosen from; none where nothing is chosen."""
        if self.classifier == "ridge":
            return [float(strength) for strength in STRENGTHS]
        return self.penalty if isinstance(self.penalty, list) else []

    @property
    def selections(self) -> tuple[str, ...]:
        """The protocol's words for what may choose its strength."""
        return CHOOSING if self.strengths else ("last",)

    def fit(self, features: Features, labels: Labels, strength: float | None = None) -> "Fitted":
        """Fit to features N x C and classes N.

        Args:
            features: N x C.
            labels: N.
            strength: one of `strengths`; None lets ridge leave out one sample after the other, by squared error.
        """
        from sklearn.dummy import DummyClassifier

        if len(np.unique(labels)) < 2:
            return Fitted(DummyClassifier(strategy="most_frequent").fit(features, labels))
        if self.classifier == "ridge":
            return Fitted.by_ridge(features, labels, strength)
        model = self._of_scikit_learn(labels, strength)
        with warnings.catch_warnings():
            from sklearn.exceptions import ConvergenceWarning

            # 1,000 steps are enough for the answer, if not for the last digits of the weights.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return Fitted(model.fit(features, labels))

    def _of_scikit_learn(self, labels: Labels, strength: float | None) -> Any:
        from sklearn.linear_model import LogisticRegression
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import Normalizer, StandardScaler

        if self.classifier == "logistic":
            return make_pipeline(StandardScaler(), LogisticRegression(C=strength or self.penalty, max_iter=1000))
        assert self.neighbours is not None
        asked = min(self.neighbours, max(1, len(labels) // len(np.unique(labels))))
        return make_pipeline(Normalizer(), KNeighborsClassifier(asked, metric="cosine"))


class PixelClassifier(_Network):
    """What stands on every place of a feature map.

    Attributes:
        classifier: `ridge` regression on the classes' indicators at every labelled pixel.
        stride: input pixels per place of the map that is read; the backbone must have such a map.
    """

    classifier: Literal["ridge"]
    stride: int = Field(gt=0)

    @property
    def selections(self) -> tuple[str, ...]:
        """The protocol's words for what may choose its strength."""
        return CHOOSING


class Fitted:
    """A classifier that has seen its training samples.

    Args:
        model: a classifier by scikit-learn's names.
        chosen: the strength that leave-one-out chose, and the number it was chosen from; empty where nothing was.
        error: mean squared error of the samples that were left out one by one, with that strength; NaN where none was.
    """

    def __init__(self, model: Any, chosen: dict[str, float | str] | None = None, error: float = math.nan) -> None:
        self._model = model
        self.chosen = chosen or {}
        self.error = error

    @classmethod
    def by_ridge(cls, features: Features, labels: Labels, strength: float | None) -> "Fitted":
        """Ridge regression on targets of -1 and 1; of strengths that do equally well the smallest is taken."""
        from tasks.ridge import Ridge

        classes = np.unique(labels)
        ridge = Ridge(features, np.where(labels[:, None] == classes, 1.0, -1.0))
        chosen: dict[str, float | str] = {}
        error = math.nan
        if strength is None:
            errors = ridge.left_out(STRENGTHS)
            strength, error = float(STRENGTHS[errors.argmin()]), float(errors.min())
            chosen = {"strength": strength, "trials": float(len(STRENGTHS))}
        return cls(_Linear(classes, *ridge.solve(strength)), chosen, error)

    def answer(self, features: Features) -> tuple[Labels, NDArray[np.float64]]:
        """Classes N of features N x C, and how far each is ahead of the next class.

        That margin is of decision values (`ridge`, `logistic`) or of shares of the neighbours (`knn`).
        """
        decide = getattr(self._model, "decision_function", None) or self._model.predict_proba
        scores = np.asarray(decide(features), dtype=np.float64)
        if scores.ndim == 1:  # of two classes scikit-learn gives the second one's value, the other's is its opposite
            scores = np.stack([-scores, scores], axis=1)
        best = np.sort(scores, axis=1)[:, ::-1]
        margin = best[:, 0] - best[:, 1] if best.shape[1] > 1 else best[:, 0]
        return self._model.classes_[scores.argmax(axis=1)].astype(np.int64), margin


class _Linear:
    """A linear classifier, by scikit-learn's names."""

    def __init__(self, classes: Labels, weights: NDArray[np.float64], intercept: NDArray[np.float64]) -> None:
        self.classes_, self._weights, self._intercept = classes, weights, intercept

    def decision_function(self, features: Features) -> NDArray[np.float64]:
        found: NDArray[np.float64] = features @ self._weights + self._intercept
        return found[:, 1] if len(self.classes_) == 2 else found
