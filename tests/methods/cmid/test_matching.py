"""Positions of two feature maps over one ground."""

import torch

from methods.cmid.matching import centres, nearest_pairs, pick


def test_centres_of_a_map_that_is_not_square_run_row_by_row():
    """Rows 4 to 10 in three and columns 8 to 12 in two: 5, 7, 9 and 9, 11."""
    found = centres(torch.tensor([[4, 8, 6, 4]]), torch.tensor([False]), 3, 2)
    assert [[[5, 9], [5, 11], [7, 9], [7, 11], [9, 9], [9, 11]]] == found.tolist()


def test_a_mirrored_view_of_three_columns_runs_backwards_and_rows_stay():
    boxes = torch.tensor([[0, 6, 2, 6], [0, 6, 2, 6]])
    plain, mirrored = centres(boxes, torch.tensor([False, True]), 2, 3)
    assert [[0.5, 7], [0.5, 9], [0.5, 11]] == plain[:3].round(decimals=4).tolist()
    assert [[0.5, 11], [0.5, 9], [0.5, 7]] == mirrored[:3].round(decimals=4).tolist()
    assert 1.5 == mirrored[3, 0]


def test_each_view_of_a_batch_has_its_own_box():
    found = centres(torch.tensor([[0, 0, 2, 2], [10, 20, 4, 8]]), torch.tensor([False, False]), 1, 1)
    assert [[[1, 1]], [[12, 24]]] == found.tolist()


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
