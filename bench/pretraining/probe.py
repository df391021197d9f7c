"""Probing frozen features: how well a nearest-neighbour and a linear classifier do on what a backbone has learned.

A loss that falls proves little; this asks whether classes can be told apart. Classifiers and cross-validation are
scikit-learn's.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from bench.backbones.normalisation import Normalisation
from bench.backbones.pyramid import Backbone
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError
from bench.pretraining import batch_norm

FOLDS = 5
NEIGHBOURS = 20
# Inverse strength of the linear probe's penalty; features are standardised, so one value serves all backbones.
PENALTY = 0.01
BATCH = 128


@dataclass(frozen=True)
class ProbeSet:
    """What features are probed on.

    Attributes:
        images: uint8 or uint16, N x S x S x C.
        labels: class of each, N.
        groups: samples of one group never stand on both sides of a split, N.
        bands: of the images.
    """

    images: NDArray[np.unsignedinteger[Any]]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    bands: Bands = RGB


@dataclass(frozen=True)
class Probe:
    """The result of a probe.

    Attributes:
        knn: accuracy of 20 nearest neighbours by cosine, in [0, 1].
        linear: accuracy of logistic regression on standardised features, in [0, 1].
        spread: mean standard deviation of the normalised features' components.
        collapse: 1 / (2 sqrt(d)); features with a smaller spread have collapsed.
        count: number of samples.
    """

    knn: float
    linear: float
    spread: float
    collapse: float
    count: int


def probe(backbone: Backbone, statistics: Normalisation, samples: ProbeSet) -> tuple[Probe, Probe]:
    """Probe a backbone's pooled features by five-fold grouped cross-validation.

    Args:
        backbone: what is probed; its running statistics change.
        statistics: those of the input that its weights were trained with.
        samples: what it is probed on.

    Returns:
        The probe of the backbone as it was trained, and that with batch norm's means and variances of the samples' images,
        without their labels. The second tells features that have collapsed from features whose statistics fit other
        images, such as the views of a pretraining. Both are one where the backbone has no batch norm.

    Raises:
        WeightsError: the weights are for other bands than the samples have.
    """
    if not statistics.fits(samples.bands):
        raise WeightsError(
            f"weights for {', '.join(statistics.bands)} cannot be probed on images of {samples.bands}: name a corpus of "
            "their bands with --corpus"
        )
    trained = _probe(features(backbone, statistics, samples.images), samples)
    if not batch_norm.has_batch_norm(backbone):
        return trained, trained
    drawn = batch_norm.draw(len(samples.images), seed=0)
    batch_norm.estimate(backbone, (_input(samples.images[at], statistics) for at in drawn))
    return trained, _probe(features(backbone, statistics, samples.images), samples)


def _probe(found: NDArray[np.float32], samples: ProbeSet) -> Probe:
    normed = found / np.linalg.norm(found, axis=1, keepdims=True).clip(1e-12)
    folds = GroupKFold(min(FOLDS, len(np.unique(samples.groups))))
    smallest = min(len(train) for train, _ in folds.split(normed, groups=samples.groups))
    neighbours = KNeighborsClassifier(min(NEIGHBOURS, smallest), metric="cosine")
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = [
            cross_val_score(classifier, values, samples.labels, groups=samples.groups, cv=folds).mean()
            for classifier, values in ((neighbours, normed), (linear, found))
        ]
    return Probe(
        knn=float(scores[0]),
        linear=float(scores[1]),
        spread=float(normed.std(axis=0).mean()),
        collapse=float(1 / (2 * np.sqrt(found.shape[1]))),
        count=len(found),
    )


def features(
    backbone: Backbone, statistics: Normalisation, images: NDArray[np.unsignedinteger[Any]]
) -> NDArray[np.float32]:
    """Pooled features in full precision, N x C."""
    starts = range(0, len(images), BATCH)
    return np.concatenate([pooled(backbone, _input(images[at : at + BATCH], statistics)) for at in starts])


@torch.no_grad()
def pooled(backbone: Backbone, inputs: Tensor) -> NDArray[np.float32]:
    """One vector an image from a frozen backbone, as its own classifier reads it, N x C, for inputs N x bands x H x W."""
    backbone.eval()
    found: NDArray[np.float32] = backbone.pooled(inputs).cpu().numpy()
    return found


def _input(images: NDArray[np.unsignedinteger[Any]], statistics: Normalisation) -> Tensor:
    """Normalised images, B x C x S x S."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (statistics.mean, statistics.std))
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / np.iinfo(images.dtype).max
    normalised: Tensor = (pixels - mean) / std
    return normalised
