"""Samples of a prepared set as torch data sets, and what turns their batches into a network's input."""

from typing import Any

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from bench.backbones.normalisation import Channels, Normalisation
from tasks import augment
from tasks.prepared import Prepared


class LabelledSlices(Dataset[dict[str, Tensor]]):
    """Some slices of a prepared set: `image` uint8 H x W x C and `label`, uint8 H x W or a number.

    Args:
        data: the prepared set.
        samples: positions in it.
        lookup: class of each stored label.
    """

    def __init__(self, data: Prepared, samples: list[int], lookup: NDArray[np.uint8]) -> None:
        self._data = data
        self._samples = samples
        self._lookup = lookup

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        at = self._samples[position]
        label = np.asarray(self._lookup[self._data.labels[at]])
        return {"image": torch.from_numpy(np.array(self._data.images[at])), "label": torch.from_numpy(label)}


class Preprocessor(BaseDataPreprocessor):
    """Normalises stored slices on the device, and draws the moves of a training batch.

    Args:
        augmentations: names of the augmentations on training batches.
        statistics: of the input that the pretrained weights were trained with.
        dates: images side by side in the bands of a sample.
    """

    def __init__(self, augmentations: list[Any], statistics: Normalisation, dates: int = 1) -> None:
        super().__init__()
        self._augmentations = augmentations
        self.register_buffer("mean", _per_band(statistics.mean, dates), persistent=False)
        self.register_buffer("std", _per_band(statistics.std, dates), persistent=False)

    def inputs(self, images: Tensor, moves: augment.Moves | None) -> Tensor:
        """Turn images B x H x W x C, uint8, into moved and normalised inputs B x C x H x W, channels last."""
        # Stored as H x W x C, so the permuted view already is channels_last.
        stacked = images.to(self.device).permute(0, 3, 1, 2)
        if moves is not None:
            stacked = augment.move_rasters(stacked, moves)
        normalised: Tensor = (stacked - self.mean) / self.std
        return normalised.contiguous(memory_format=torch.channels_last)

    def moves(self, count: int, *, training: bool) -> augment.Moves | None:
        """The moves of a batch; None when not training."""
        return augment.draw(count, self._augmentations) if training else None


def _per_band(values: Channels, dates: int) -> Tensor:
    return torch.tensor(values * dates).view(1, 3 * dates, 1, 1) * 255
