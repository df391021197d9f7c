"""Which positions of two views' feature maps look at the same ground."""

import torch
from torch import Tensor


def centres(boxes: Tensor, flipped: Tensor, height: int, width: int) -> Tensor:
    """Centres of a feature map's cells in the coordinates of the tile that the view was cut from.

    Args:
        boxes: top, left, height, width of each view's crop, pixels of the tile, B x 4.
        flipped: whether the view was mirrored left to right, bool, B.
        height: rows of the feature map.
        width: columns of the feature map.

    Returns:
        Row and column in pixels, row by row of the map, B x (height width) x 2.
    """
    top, left, box_height, box_width = boxes.float().unbind(1)
    rows = top[:, None] + (torch.arange(height, device=boxes.device) + 0.5) * box_height[:, None] / height
    across = (torch.arange(width, device=boxes.device) + 0.5) / width
    across = torch.where(flipped[:, None], 1 - across, across)
    columns = left[:, None] + across * box_width[:, None]
    grid = torch.stack((rows[:, :, None].expand(-1, -1, width), columns[:, None, :].expand(-1, height, -1)), dim=-1)
    return grid.flatten(1, 2)


def nearest_pairs(first: Tensor, second: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The pairs of positions whose centres are nearest, among all pairs of each sample.

    Args:
        first: centres of one view, B x P x 2.
        second: centres of the other, B x Q x 2.
        count: pairs to take; all of them where there are fewer.

    Returns:
        Index into the first and into the second, nearest first, each B x count.
    """
    # Differences, not matrix products: the expanded form loses the small distances that matter here.
    distance = (first[:, :, None] - second[:, None]).square().sum(dim=-1).flatten(1)
    chosen = distance.topk(min(count, distance.shape[1]), dim=1, largest=False, sorted=True).indices
    return chosen // second.shape[1], chosen % second.shape[1]


def pick(features: Tensor, index: Tensor) -> Tensor:
    """Features at chosen positions, B x P x C and B x N to B x N x C."""
    return features.gather(1, index[:, :, None].expand(-1, -1, features.shape[2]))
