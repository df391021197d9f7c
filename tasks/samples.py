"""Samples of a prepared set as torch data sets, and what turns their batches into a network's input."""

from typing import Any

import numpy as np
import torch
from mmengine.model import BaseDataPreprocessor
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from bench.backbones.normalisation import Normalisation
from bench.core.errors import DataError
from tasks import augment
from tasks.prepared import Prepared
from tasks.scheme import Scheme


class LabelledSlices(Dataset[dict[str, Tensor]]):
    """Some slices of a prepared set: `image`, H x W x C of its stored values, and the targets of its kind of label.

    Args:
        data: the prepared set.
        samples: positions in it.
        scheme: the classes that are told apart.
    """

    def __init__(self, data: Prepared, samples: list[int], scheme: Scheme) -> None:
        self._data = data
        self._samples = samples
        self._scheme = scheme

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        at = self._samples[position]
        target = self._data.label.target(self._data.label_at(at), self._scheme.lookup, len(self._scheme.classes))
        return {
            "image": as_tensor(self._data.images[at]),
            **{name: torch.from_numpy(each) for name, each in target.items()},
        }

    def collate(self, samples: list[dict[str, Tensor]]) -> dict[str, Any]:
        """Stack a batch; labels that differ in size stay a list."""
        batch = {name: [sample[name] for sample in samples] for name in samples[0]}
        listed = self._data.label.ragged
        return {name: values if listed and name != "image" else torch.stack(values) for name, values in batch.items()}


class Preprocessor(BaseDataPreprocessor):
    """Normalises stored slices on the device, and draws the moves of a training batch.

    Args:
        augmentations: names of the augmentations on training batches.
        statistics: of the input, for values from 0 to 1.
        data: where the slices come from: their bands, the largest value of their type, and how labels move.
        size: side that images are scaled to, pixels; None leaves them as they are. Labels are not scaled.

    Raises:
        DataError: the statistics are of other bands than the slices have.
    """

    def __init__(
        self, augmentations: list[Any], statistics: Normalisation, data: Prepared, size: int | None = None
    ) -> None:
        super().__init__()
        check_bands(statistics, data)
        self._augmentations = augmentations
        self._label = data.label
        self._size = size
        self.register_buffer("mean", _per_band(statistics.mean, data), persistent=False)
        self.register_buffer("std", _per_band(statistics.std, data), persistent=False)

    def inputs(self, images: Tensor, moves: augment.Moves | None) -> Tensor:
        """Turn stored images B x H x W x C into moved, normalised and scaled inputs B x C x H x W, channels last."""
        # Stored as H x W x C, so the permuted view already is channels_last.
        stacked = images.to(self.device).permute(0, 3, 1, 2)
        if moves is not None:
            stacked = augment.move_rasters(stacked, moves)
        normalised: Tensor = (stacked - self.mean) / self.std
        if self._size is not None:
            normalised = interpolate(normalised, (self._size, self._size), mode="bilinear", antialias=True)
        return normalised.contiguous(memory_format=torch.channels_last)

    def split(self, data: dict[str, Any], *, training: bool) -> tuple[Tensor, dict[str, Any]]:
        """The inputs of a batch and its targets on the device; when training, both moved alike."""
        images = data["image"]
        moves = augment.draw(len(images), self._augmentations) if training else None
        targets = {name: self.cast_data(values) for name, values in data.items() if name != "image"}
        if moves is not None:
            targets = self._label.move(targets, moves, images.shape[1])
        return self.inputs(images, moves), targets


def _per_band(values: tuple[float, ...], data: Prepared) -> Tensor:
    return torch.tensor(values * data.dates).view(1, len(values) * data.dates, 1, 1) * data.bands.highest


def as_tensor(stored: NDArray[np.unsignedinteger[Any]]) -> Tensor:
    """A copy of stored pixels; torch moves no uint16, and int32 holds all its values."""
    return torch.from_numpy(np.array(stored, dtype=np.uint8 if stored.dtype == np.uint8 else np.int32))


def check_bands(statistics: Normalisation, data: Prepared) -> None:
    """Refuse weights that saw other bands than a data set's images have.

    Raises:
        DataError: they did.
    """
    if not statistics.fits(data.bands):
        raise DataError(
            f"{data.path} has {data.bands}, the weights are for {', '.join(statistics.bands)}: prepare the data "
            "set with the bands of the weights"
        )
