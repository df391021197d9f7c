"""Detectors of MMDetection whose heads compute in fp32 where the backbone computes in bf16."""

from typing import Any

import torch
from torch import Tensor


class FullPrecisionHeads:
    """Put before a detector: backbone and neck take part in autocast, heads and losses do not.

    Losses take logarithms of confident scores, boxes differences of coordinates, and neither bears eight bits. Features
    are laid out plainly, since heads view them as rows.
    """

    _arithmetic: torch.dtype | None = None

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[Any]) -> dict[str, Any]:
        """The detector's losses of a batch."""
        kind = batch_inputs.device.type
        self._arithmetic = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
        with torch.autocast(kind, enabled=False):
            losses: dict[str, Any] = super().loss(batch_inputs, batch_data_samples)  # type: ignore[misc]  # the detector's
        self._arithmetic = None
        return losses

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """The maps of backbone and neck, in fp32."""
        kind = batch_inputs.device.type
        with torch.autocast(kind, self._arithmetic, enabled=self._arithmetic is not None):
            maps = super().extract_feat(batch_inputs)  # type: ignore[misc]  # the detector's
        return tuple(each.float().contiguous() for each in maps)


def in_full_precision(detector: type[Any]) -> type[Any]:
    """A detector class with heads in fp32."""
    return type(detector.__name__, (FullPrecisionHeads, detector), {})
