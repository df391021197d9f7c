"""Masks: which cells of a view the student does not see, in pixels and after the stem."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.backbones.pyramid import Backbone
from methods.options.cmid import stem_of


def draw_masks(count: int, grid: int, share: float, generator: torch.Generator) -> Tensor:
    """Mask the same number of cells, drawn at random, in every view.

    Args:
        count: views, B.
        grid: cells along a side.
        share: share of the cells that are masked, rounded up to whole cells (30 of 49 at 0.6).
        generator: on the CPU.

    Returns:
        True where masked, B x grid x grid.
    """
    cells = grid * grid
    # The small term keeps a product that is whole in decimals, such as 0.7 x 30, from being rounded up.
    masked = math.ceil(share * cells - 1e-9)
    ranks = torch.rand((count, cells), generator=generator).argsort(dim=1).argsort(dim=1)
    return (ranks < masked).view(count, grid, grid)


def enlarge(mask: Tensor, height: int, width: int) -> Tensor:
    """Spread a mask of cells over pixels, B x grid x grid to B x 1 x height x width, 0 or 1, float."""
    return functional.interpolate(mask[:, None].float(), size=(height, width), mode="nearest")


def hide(images: Tensor, mask: Tensor) -> Tensor:
    """Put each image's mean of each band in place of its masked pixels.

    Args:
        images: normalised, B x C x H x W.
        mask: 0 or 1, B x 1 x H x W.
    """
    return torch.lerp(images, images.mean(dim=(2, 3), keepdim=True), mask)


class MaskToken(nn.Module):
    """A learned vector that is added to the stem's output at masked positions; it starts at zero.

    Args:
        backbone: the network whose stem it follows; it gets a forward hook, so copy it before.

    Raises:
        StudyError: it is not known where the network's stem ends.
    """

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        stem = stem_of(backbone.spec)
        self.token = nn.Parameter(torch.zeros(stem.channels))
        self.mask: Tensor | None = None
        self._axis = stem.axis
        backbone.get_submodule(stem.module).register_forward_hook(self._add)

    def _add(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        del module, inputs
        if self.mask is None:
            return output
        if self._axis == 1:
            return output + enlarge(self.mask, *output.shape[2:]) * self.token.view(1, -1, 1, 1)
        return output + enlarge(self.mask, *output.shape[1:3]).permute(0, 2, 3, 1) * self.token
