"""Positions of two feature maps over one ground."""

import torch

from bench.pretraining.views import COMMON, Recipe
from methods.augment import views
from methods.cmid.matching import centres, nearest_pairs, pick


def unmoved(count):
    """No flip and no turn, for so many views."""
    return torch.zeros(count, dtype=torch.bool), torch.zeros(count, dtype=torch.bool), torch.zeros(count).long()


def test_centres_of_a_map_that_is_not_square_run_row_by_row():
    """Rows 4 to 10 in three and columns 8 to 12 in two: 5, 7, 9 and 9, 11."""
    found = centres(torch.tensor([[4, 8, 6, 4]]), *unmoved(1), 3, 2)
    assert [[[5, 9], [5, 11], [7, 9], [7, 11], [9, 9], [9, 11]]] == found.tolist()


def test_a_mirrored_view_of_three_columns_runs_backwards_and_rows_stay():
    boxes = torch.tensor([[0, 6, 2, 6], [0, 6, 2, 6]])
    plain, mirrored = centres(boxes, torch.tensor([False, True]), *unmoved(2)[1:], 2, 3)
    assert [[0.5, 7], [0.5, 9], [0.5, 11]] == plain[:3].round(decimals=4).tolist()
    assert [[0.5, 11], [0.5, 9], [0.5, 7]] == mirrored[:3].round(decimals=4).tolist()
    assert 1.5 == mirrored[3, 0]


def test_each_view_of_a_batch_has_its_own_box():
    found = centres(torch.tensor([[0, 0, 2, 2], [10, 20, 4, 8]]), *unmoved(2), 1, 1)
    assert [[[1, 1]], [[12, 24]]] == found.tolist()


def test_the_centres_of_turned_and_mirrored_views_are_where_their_pixels_come_from():
    """Tiles whose two bands are a pixel's row and column: the mean over a cell of a view is its centre in the tile.

    Views of the shared recipe, without crop and colours, and with a crop. 96 views have all arrangements of flips and turns.
    """
    size, cells = 64, 4
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    tiles = torch.stack((rows, columns)).to(torch.uint8).expand(96, -1, -1, -1).contiguous()
    for scale, tolerance in ((None, 1e-3), ((0.3, 1.0), 0.6)):
        recipe = Recipe(scale=scale, left_right=COMMON.left_right, up_down=COMMON.up_down, turns=COMMON.turns)
        drawn = views.draw(recipe, 96, size, size, torch.Generator().manual_seed(0))
        arrangements = torch.stack((drawn.left_right, drawn.up_down, drawn.turns), dim=1).unique(dim=0)
        assert 16 == len(arrangements)
        seen = views.View(recipe, size, (0.0, 0.0), (1.0, 1.0), None).apply(tiles, drawn) * 255 + 0.5
        expected = torch.nn.functional.avg_pool2d(seen, size // cells).flatten(2).transpose(1, 2)
        actual = centres(drawn.boxes, drawn.left_right, drawn.up_down, drawn.turns, cells, cells)
        assert (expected - actual).abs().max().item() < tolerance


def test_a_quarter_turn_of_a_map_that_is_not_square_exchanges_its_sides():
    """A tile of 2 x 3 pixels, turned counter-clockwise, is a view of 3 x 2 whose first row is the tile's last column."""
    still, _, _ = unmoved(1)
    found = centres(torch.tensor([[0, 0, 2, 3]]), still, still, torch.tensor([1]), 3, 2)
    assert [[[0.5, 2.5], [1.5, 2.5], [0.5, 1.5], [1.5, 1.5], [0.5, 0.5], [1.5, 0.5]]] == found.round(
        decimals=4
    ).tolist()


def test_without_turns_and_up_down_flips_centres_are_to_the_last_bit_the_sums_of_the_papers_views():
    generator = torch.Generator().manual_seed(3)
    boxes = torch.randint(1, 200, (500, 4), generator=generator)
    mirrored = torch.rand(500, generator=generator) < 0.5
    top, left, tall, wide = boxes.float().unbind(1)
    rows = top[:, None] + (torch.arange(7) + 0.5) * tall[:, None] / 7
    across = torch.where(mirrored[:, None], 1 - (torch.arange(7) + 0.5) / 7, (torch.arange(7) + 0.5) / 7)
    columns = left[:, None] + across * wide[:, None]
    found = centres(boxes, mirrored, *unmoved(500)[1:], 7, 7).view(500, 7, 7, 2)
    assert torch.equal(rows[:, :, None].expand(-1, -1, 7), found[..., 0])
    assert torch.equal(columns[:, None].expand(-1, 7, -1), found[..., 1])


def test_pairs_are_indices_into_maps_of_different_sizes_nearest_first():
    """Two positions against three: the second lies on the third, the first nearest to the first."""
    first = torch.tensor([[[0.0, 0.0], [9.0, 9.0]]])
    second = torch.tensor([[[1.0, 1.0], [5.0, 0.0], [9.0, 9.0]]])
    at_first, at_second = nearest_pairs(first, second, 3)
    assert ([[1, 0, 0]], [[2, 0, 1]]) == (at_first.tolist(), at_second.tolist())


def test_small_distances_far_from_the_origin_are_told_apart():
    """Positions 0.25 apart at 4000 pixels."""
    first = torch.tensor([[[4000.0, 4000.0]]])
    second = torch.tensor([[[4000.5, 4000.0], [4000.25, 4000.0], [4001.0, 4000.0]]])
    assert [[1, 0, 2]] == nearest_pairs(first, second, 3)[1].tolist()


def test_features_are_picked_sample_by_sample_with_all_their_channels():
    features = torch.arange(12).view(2, 3, 2)
    picked = pick(features, torch.tensor([[2, 0, 2, 1], [1, 1, 0, 2]]))
    assert [[[4, 5], [0, 1], [4, 5], [2, 3]], [[8, 9], [8, 9], [6, 7], [10, 11]]] == picked.tolist()
