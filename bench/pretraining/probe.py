"""Probing frozen features: how well a nearest-neighbour and a linear classifier do on what a backbone has learned.

A loss that falls proves little; this asks whether classes can be told apart. Classifiers and cross-validation are
scikit-learn's.
"""

import warnings
from collections.abc import Iterator
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
from torch.optim.swa_utils import update_bn

from bench.backbones.normalisation import Normalisation
from bench.backbones.pyramid import Backbone
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError

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


def probe(backbone: Backbone, statistics: Normalisation, samples: ProbeSet, adabn: bool = False) -> Probe:
    """Probe a backbone's pooled last feature map by five-fold grouped cross-validation.

    Args:
        backbone: what is probed; with `adabn` its running statistics change.
        statistics: those of the input that its weights were trained with.
        samples: what it is probed on.
        adabn: take batch norm's means and variances from the samples' images first, without their labels (Li et al.,
            Revisiting batch normalization for practical domain adaptation, 2016). Tells features that have collapsed
            from features whose statistics fit other images, such as the views of a pretraining.

    Raises:
        WeightsError: the weights are for other bands than the samples have.
    """
    if not statistics.fits(samples.bands):
        raise WeightsError(
            f"weights for {', '.join(statistics.bands)} cannot be probed on images of {samples.bands}: name a corpus of "
            "their bands with --corpus"
        )
    if adabn:
        update_bn(_batches(samples.images, statistics), backbone)
    found = features(backbone, statistics, samples.images)
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


@torch.no_grad()
def features(
    backbone: Backbone, statistics: Normalisation, images: NDArray[np.unsignedinteger[Any]]
) -> NDArray[np.float32]:
    """Pooled last feature maps in full precision, N x C."""
    backbone.eval()
    return torch.cat([backbone(batch)[-1].mean(dim=(2, 3)) for batch in _batches(images, statistics)]).numpy()


def _batches(images: NDArray[np.unsignedinteger[Any]], statistics: Normalisation) -> Iterator[Tensor]:
    """Normalised batches, B x C x S x S."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (statistics.mean, statistics.std))
    highest = np.iinfo(images.dtype).max
    for start in range(0, len(images), BATCH):
        pixels = torch.from_numpy(images[start : start + BATCH]).permute(0, 3, 1, 2).float() / highest
        yield (pixels - mean) / std
