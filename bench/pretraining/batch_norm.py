"""Batch norm's statistics of images that a network was not trained on, without their labels.

A network as initialised has mean 0 and variance 1, which normalise nothing; a trained one has the statistics of the views
of its pretraining. Features of the two differ by that alone (Li et al., Revisiting batch normalization for practical
domain adaptation, 2016).
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import update_bn

# Images that statistics are taken from: means and variances of 2,560 images of 64 px are known to a few percent.
IMAGES = 2560
# Images at a time.
BATCH = 128


def has_batch_norm(network: nn.Module) -> bool:
    """Whether a network keeps running statistics."""
    return any(isinstance(module, _BatchNorm) and module.track_running_stats for module in network.modules())


def draw(count: int, seed: int) -> list[NDArray[np.int64]]:
    """Positions of up to `IMAGES` of `count` images in batches of nearly one size, in an order drawn by a seed.

    An order, since a data set lies by class and the variances of batches of one class are too small; of one size, since
    all batches weigh alike.
    """
    drawn = np.random.default_rng(seed).permutation(count)[:IMAGES]
    return np.array_split(drawn, -(-len(drawn) // BATCH))


def estimate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Replace the running statistics of a network by the means over batches of inputs, each as large as the others."""
    update_bn(batches, network)
