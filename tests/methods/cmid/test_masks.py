"""Masks over cells, pixels and stems."""

import pytest
import torch

from methods.cmid.masks import draw_masks, enlarge, hide


def test_masks_follow_from_their_generator_and_are_true_where_masked():
    first, again, other = (draw_masks(3, 4, 0.25, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert (torch.bool, (3, 4, 4)) == (first.dtype, tuple(first.shape))
    assert [4, 4, 4] == first.sum(dim=(1, 2)).tolist()
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("share", "grid", "masked"), [(0.7, 10, 70), (1.0, 3, 9), (0.5, 3, 5), (0.01, 3, 1), (0.0, 3, 0)]
)
def test_a_share_is_rounded_up_to_whole_cells_but_not_for_a_rounding_error(share, grid, masked):
    """0.7 of 100 is 70 and not 71, though it is a little more in floating point."""
    assert [masked] == draw_masks(1, grid, share, torch.Generator()).sum(dim=(1, 2)).tolist()


def test_a_cell_becomes_a_rectangle_of_pixels():
    mask = torch.tensor([[[True, False], [False, False]], [[False, False], [False, True]]])
    pixels = enlarge(mask, 2, 4)
    assert torch.float32 == pixels.dtype
    assert [[[[1, 1, 0, 0], [0, 0, 0, 0]]], [[[0, 0, 0, 0], [0, 0, 1, 1]]]] == pixels.tolist()


def test_each_image_and_channel_hides_behind_its_own_mean_over_all_pixels():
    images = torch.tensor([[[[0.0, 4.0]], [[2.0, 2.0]]], [[[8.0, 0.0]], [[1.0, 3.0]]]])
    hidden = hide(images, torch.tensor([[[[1.0, 0.0]]], [[[0.0, 1.0]]]]))
    assert [[[[2, 4]], [[2, 2]]], [[[8, 4]], [[1, 2]]]] == hidden.tolist()
