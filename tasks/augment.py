"""Augmentation of labelled samples: image and label move together, whole batches at a time.

A move is one of the eight symmetries of the square: flip left-right, flip up-down, then turn by quarters.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moves:
    """The move of each sample of a batch.

    Attributes:
        across: whether to flip left-right, B.
        down: whether to flip up-down, B.
        turns: quarter turns counter-clockwise, in 0..3, B.
    """

    across: list[bool]
    down: list[bool]
    turns: list[int]


def draw(count: int, names: list[str]) -> Moves:
    """Draw a move for each sample from torch's global generator.

    Args:
        count: samples in the batch.
        names: `flip` (left-right and up-down, half of the time each) and `rotate` (by 0, 90, 180 or 270 degrees).
    """
    turns = torch.randint(0, 4, (count,)) if "rotate" in names else torch.zeros(count, dtype=torch.long)
    flips = torch.randint(0, 2, (2, count)) if "flip" in names else torch.zeros(2, count)
    return Moves(flips[0].bool().tolist(), flips[1].bool().tolist(), turns.tolist())


def move_rasters(rasters: Tensor, moves: Moves) -> Tensor:
    """Move images B x C x S x S or labels B x S x S; square where anything is turned by 90 degrees."""
    moved = torch.empty_like(rasters)
    for i, (across, down, turns) in enumerate(zip(moves.across, moves.down, moves.turns, strict=True)):
        axes = [axis for axis, flip in ((-1, across), (-2, down)) if flip]
        moved[i] = torch.rot90(rasters[i].flip(axes) if axes else rasters[i], turns, (-2, -1))
    return moved


def move_boxes(boxes: Tensor, moves: Moves, at: int, size: int) -> Tensor:
    """Move one sample's boxes M x 4 (left, top, right, bottom) in a square of `size` pixels, as its image moves."""
    left, top, right, bottom = boxes.unbind(1)
    if moves.across[at]:
        left, right = size - right, size - left
    if moves.down[at]:
        top, bottom = size - bottom, size - top
    for _ in range(moves.turns[at]):
        # A quarter turn counter-clockwise takes the right border to the top and the top to the left.
        left, top, right, bottom = top, size - right, bottom, size - left
    return torch.stack([left, top, right, bottom], dim=1)
