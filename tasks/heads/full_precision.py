"""Detectors of MMDetection that compute in fp32 behind a backbone that computes in bf16."""

from typing import Any

import torch
from torch import Tensor


class FullPrecision:
    """Put before a detector: its backbone takes part in autocast, neck, heads and losses do not.

    Losses take logarithms of confident scores, boxes differences of coordinates, and neither bears eight bits. A pyramid
    that goes on beyond the backbone convolves maps of a single pixel with stride 2, of whose weights oneDNN's bf16 gradient
    is whatever lay in memory (docs/decisions/085). Maps are laid out plainly, since heads view them as rows.
    """

    backbone: Any
    neck: Any
    with_neck: bool
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
        with torch.autocast(batch_inputs.device.type, self._arithmetic, enabled=self._arithmetic is not None):
            maps = self.backbone(batch_inputs)
        plain = tuple(each.float().contiguous() for each in maps)
        return tuple(each.contiguous() for each in self.neck(plain)) if self.with_neck else plain


def in_full_precision(detector: type[Any]) -> type[Any]:
    """A detector class that computes in fp32 behind its backbone."""
    return type(detector.__name__, (FullPrecision, detector), {})
