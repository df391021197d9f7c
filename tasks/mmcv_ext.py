"""A stand-in for mmcv's compiled operators, so that nothing needs a compiler.

MMCV's wheels for today's torch carry no compiled `mmcv._ext`, and importing MMSegmentation or MMDetection asks for it.
Of all its operators the models of this harness call only `nms`, which torchvision has. Any other operator raises
NotImplementedError with its name when it is called. With a real built mmcv the stand-in steps aside.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torchvision.ops import nms as torchvision_nms

NAME = "mmcv._ext"


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Non-maximum suppression with mmcv's signature.

    Args:
        boxes: N x 4 corners (x1, y1, x2, y2), pixels.
        scores: N.
        iou_threshold: boxes that overlap a better one by more are dropped, in [0, 1].
        offset: 1 if a box from pixel 0 to pixel 0 is one pixel wide, else 0.

    Returns:
        Positions of the kept boxes, best first.
    """
    # torchvision counts sides as x2 - x1; moving the far corner by the offset gives mmcv's x2 - x1 + offset.
    shift = boxes.new_tensor([0, 0, offset, offset])
    kept: Tensor = torchvision_nms((boxes + shift).to(torch.float32), scores.to(torch.float32), iou_threshold)
    return kept


class _Operators(ModuleType):
    """A module that has every operator by name; all but `nms` say what they are when called."""

    nms = staticmethod(nms)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def missing(*_: object, **__: object) -> None:
            raise NotImplementedError(f"mmcv operator {name!r} is not in this build: install mmcv with its operators")

        return missing


def provide() -> bool:
    """Make `mmcv._ext` importable; returns whether the stand-in was needed. Call before importing mmseg or mmdet."""
    if isinstance(sys.modules.get(NAME), _Operators):
        return True
    if importlib.util.find_spec(NAME) is not None:
        return False
    module = _Operators(NAME)
    module.__spec__ = importlib.util.spec_from_loader(NAME, loader=None)
    sys.modules[NAME] = module
    return True


@contextmanager
def without_mmdet() -> Iterator[None]:
    """Import MMSegmentation as if MMDetection were absent, which it allows for.

    Its heads of the MaskFormer family, which this harness does not build, import all models of MMDetection, and with them
    scikit-learn, pandas and matplotlib: 113 MiB of a worker (docs/decisions/080). Nothing is hidden where MMDetection was
    imported before; whoever wants those heads imports it first.
    """
    if "mmdet" in sys.modules:
        yield
        return
    sys.modules["mmdet"] = None  # type: ignore[assignment] # how Python marks a module that must not be found
    try:
        yield
    finally:
        del sys.modules["mmdet"]
