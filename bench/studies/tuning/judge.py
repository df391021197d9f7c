"""How good a trial's frozen features are: on labels of a development task, and without any.

Nothing here is what a table scores. Batch norm takes its statistics from the pictures first, without their labels, for
how well running statistics fit other images is no question of a method's options.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from bench.backbones import weights
from bench.backbones.normalisation import Normalisation
from bench.pretraining import batch_norm
from bench.pretraining.diagnostics import describe_features
from bench.pretraining.probe import ProbeSet, features

Features = NDArray[np.float32]

SPLITS = 5
# Half of the pictures are tested on; of the others so many a class are labelled, or all.
TESTED = 0.5
FEW = 10
NEIGHBOURS = 5
# Strengths of the ridge; the training labels choose one by leaving one out.
STRENGTHS = np.logspace(-1, 5, 13)
# Batch norm's statistics, and what a turn moves, are taken from every third picture.
SHARE = 3
BATCH = 128


def judge(folder: Path, backbone: str, samples: ProbeSet) -> dict[str, float]:
    """Measure the weights in a folder on labelled pictures.

    Args:
        folder: of the weights.
        backbone: whose weights they are.
        samples: the pictures.

    Returns:
        `linear_few`, `linear_all`, `knn_few`, `knn_all`: accuracy of a ridge classifier on standardised features and of 5
        nearest neighbours by cosine with 10 labels a class and with those of half the pictures, means over five splits.
        `rank` and `spread` of the features as in `bench.pretraining.diagnostics`; `alignment`, the mean squared distance
        of a picture's normalised features to those of the picture turned by a quarter, and `uniformity`, the logarithm
        of the mean Gaussian potential of pairs, both the lower the better (Wang and Isola, ICML 2020, alpha = t = 2).
    """
    kept = weights.load(folder)
    network = weights.restore(backbone, kept.state, str(folder))
    torch.set_num_threads(1)
    batch_norm.estimate(network, _inputs(samples.images[::SHARE], kept.input))
    found = features(network, kept.input, samples.images)
    turned = features(network, kept.input, np.rot90(samples.images[::SHARE], axes=(1, 2)).copy())
    return {**_accuracies(found, samples.labels), **_without_labels(found, turned)}


def score(measures: dict[str, float]) -> float:
    """What trials are ranked by: the mean of the linear accuracies with few labels and with all."""
    return (measures["linear_few"] + measures["linear_all"]) / 2


def _accuracies(found: Features, labels: NDArray[np.int64]) -> dict[str, float]:
    scores: dict[str, list[float]] = {}
    for train, test in StratifiedShuffleSplit(SPLITS, test_size=TESTED, random_state=0).split(found, labels):
        few = np.concatenate([train[labels[train] == label][:FEW] for label in np.unique(labels)])
        for amount, used in (("few", few), ("all", train)):
            linear = make_pipeline(StandardScaler(), RidgeClassifierCV(STRENGTHS))
            neighbours = KNeighborsClassifier(NEIGHBOURS, metric="cosine")
            for name, classifier in (("linear", linear), ("knn", neighbours)):
                right = classifier.fit(found[used], labels[used]).score(found[test], labels[test])
                scores.setdefault(f"{name}_{amount}", []).append(right)
    return {name: float(np.mean(values)) for name, values in scores.items()}


def _without_labels(found: Features, turned: Features) -> dict[str, float]:
    described = describe_features(found)
    first, second = _normed(found), _normed(turned)
    squared = np.clip(2 - 2 * first @ first.T, 0, None)[np.triu_indices(len(first), 1)]
    return {
        "rank": described.rank,
        "spread": described.spread,
        "alignment": float(((first[::SHARE] - second) ** 2).sum(axis=1).mean()),
        "uniformity": float(np.log(np.exp(-2 * squared).mean())),
    }


def _normed(found: Features) -> NDArray[np.float64]:
    wide = found.astype(np.float64)
    normed: NDArray[np.float64] = wide / np.linalg.norm(wide, axis=1, keepdims=True).clip(1e-12)
    return normed


def _inputs(images: NDArray[np.unsignedinteger[Any]], statistics: Normalisation) -> Iterator[Tensor]:
    """Normalised batches of mixed classes, B x C x S x S."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1) for values in (statistics.mean, statistics.std))
    parts = -(-len(images) // BATCH)
    for part in range(parts):  # pictures lie by class, and the variances of one class are too small
        chosen = images[part::parts]
        yield (torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / np.iinfo(images.dtype).max - mean) / std
