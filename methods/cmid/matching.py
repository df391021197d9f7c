"""Which positions of two views' feature maps look at the same ground."""

import torch
from torch import Tensor


def centres(boxes: Tensor, left_right: Tensor, up_down: Tensor, turns: Tensor, height: int, width: int) -> Tensor:
    """Centres of a feature map's cells in the coordinates of the tile that the view was cut from.

    A view was cut out of the tile, mirrored, and turned counter-clockwise (`methods.augment.views`); its cells are
    followed back the other way.

    Args:
        boxes: top, left, height, width of each view's crop, pixels of the tile, B x 4.
        left_right: whether the view was mirrored left to right, bool, B.
        up_down: whether it was mirrored top to bottom, bool, B.
        turns: quarter turns of the view, int64, B.
        height: rows of the feature map.
        width: columns of the feature map.

    Returns:
        Row and column in pixels, row by row of the map, B x (height width) x 2.
    """
    shape = (len(boxes), height, width)
    top, left, box_height, box_width = boxes.float()[:, :, None, None].unbind(1)
    left_right, up_down, turns = (drawn[:, None, None] for drawn in (left_right, up_down, turns))
    # Places in cells, and how many cells there are: a quarter turn exchanges the sides.
    down = (torch.arange(height, device=boxes.device) + 0.5)[:, None].expand(shape)
    across = (torch.arange(width, device=boxes.device) + 0.5).expand(shape)
    tall, wide = (torch.full((1, 1, 1), float(side), device=boxes.device) for side in (height, width))
    for quarter in (1, 2, 3):
        back = turns >= quarter
        down, across = torch.where(back, across, down), torch.where(back, tall - down, across)
        tall, wide = torch.where(back, wide, tall), torch.where(back, tall, wide)
    down = torch.where(up_down, tall - down, down)
    across = across / wide
    across = torch.where(left_right, 1 - across, across)
    return torch.stack((top + down * box_height / tall, left + across * box_width), dim=-1).flatten(1, 2)


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
