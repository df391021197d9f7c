"""Classifiers of frozen features, scikit-learn's, and what a protocol's `network` says of them."""

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

# Strengths that ridge chooses from. Features are standardised, so the largest eigenvalue of N samples of d features is at
# most N d, about 1e6 for a ResNet-18 and 2,000 images; a strength beyond that shrinks everything to nothing.
STRENGTHS = np.logspace(-3, 6, 19)


class Classifier(BaseModel):
    """What stands on frozen features.

    Attributes:
        classifier: `ridge` regression on targets of -1 and 1, whose strength is chosen by leave-one-out inside the
            training samples, in closed form; multinomial `logistic` regression; or the nearest neighbours by cosine, `knn`.
        penalty: inverse strength of `logistic`'s penalty.
        neighbours: of `knn`; no more are asked than a class has samples on average.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    classifier: Literal["ridge", "logistic", "knn"]
    penalty: float | None = Field(default=None, gt=0)
    neighbours: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> "Classifier":
        for name, owner in (("penalty", "logistic"), ("neighbours", "knn")):
            if (getattr(self, name) is None) == (self.classifier == owner):
                raise ValueError(f"classifier {owner} needs {name}, and no other has one")
        return self

    @property
    def selects(self) -> Literal["cv", "last"]:
        """The protocol's word for what chooses its strength: folds inside the training samples, or nothing."""
        return "cv" if self.classifier == "ridge" else "last"

    def fit(self, features: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> "Fitted":
        """Fit to features N x C and classes N."""
        from sklearn.dummy import DummyClassifier
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
        from sklearn.neighbors import KNeighborsClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import Normalizer, StandardScaler

        classes = len(np.unique(labels))
        model: Any
        if classes < 2:
            model = DummyClassifier(strategy="most_frequent")
        elif self.classifier == "ridge":
            model = make_pipeline(StandardScaler(), RidgeClassifierCV(STRENGTHS))
        elif self.classifier == "logistic":
            model = make_pipeline(StandardScaler(), LogisticRegression(C=self.penalty, max_iter=1000))
        else:
            assert self.neighbours is not None
            asked = min(self.neighbours, max(1, len(labels) // classes))
            model = make_pipeline(Normalizer(), KNeighborsClassifier(asked, metric="cosine"))
        with warnings.catch_warnings():
            # 1,000 steps are enough for the answer, if not for the last digits of the weights.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return Fitted(model.fit(features.astype(np.float64), labels))


class Fitted:
    """A classifier that has seen its training samples."""

    def __init__(self, model: "ClassifierMixin") -> None:
        self._model: Any = model

    def answer(self, features: NDArray[np.floating[Any]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Classes N of features N x C, and how far each is ahead of the next class.

        That margin is of decision values (`ridge`, `logistic`) or of shares of the neighbours (`knn`).
        """
        decide = getattr(self._model, "decision_function", None) or self._model.predict_proba
        scores = decide(features.astype(np.float64))
        if scores.ndim == 1:  # of two classes scikit-learn gives the second one's value, the other's is its opposite
            scores = np.stack([-scores, scores], axis=1)
        best = np.sort(scores, axis=1)[:, ::-1]
        margin = best[:, 0] - best[:, 1] if best.shape[1] > 1 else best[:, 0]
        return self._model.classes_[scores.argmax(axis=1)].astype(np.int64), margin

    @property
    def chosen(self) -> dict[str, float | str]:
        """The strength that leave-one-out chose and the number it was chosen from; empty where nothing was."""
        strength = getattr(getattr(self._model, "steps", [(None, None)])[-1][1], "alpha_", None)
        return {} if strength is None else {"strength": float(strength), "trials": float(len(STRENGTHS))}
