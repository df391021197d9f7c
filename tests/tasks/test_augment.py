"""Image, mask and boxes move together."""

import pytest
import torch

from tasks import augment
from tasks.augment import Moves, move_boxes, move_rasters

SIZE = 12


def _all_moves():
    return [
        Moves([across], [down], [turns]) for across in (False, True) for down in (False, True) for turns in range(4)
    ]


@pytest.mark.parametrize("moves", _all_moves())
def test_a_marked_pixel_a_mask_and_a_box_end_at_the_same_place(moves):
    image = torch.zeros(1, 3, SIZE, SIZE)
    mask = torch.zeros(1, SIZE, SIZE, dtype=torch.uint8)
    image[..., 2, 7:9] = 1
    mask[..., 2, 7:9] = 1
    boxes = torch.tensor([[7.0, 2.0, 9.0, 3.0]])
    moved_image, moved_mask = move_rasters(image, moves), move_rasters(mask, moves)
    assert torch.equal(moved_image[0, 0].bool(), moved_mask[0].bool())
    left, top, right, bottom = move_boxes(boxes, moves, 0, SIZE)[0].int().tolist()
    drawn = torch.zeros(SIZE, SIZE, dtype=torch.uint8)
    drawn[top:bottom, left:right] = 1
    assert torch.equal(drawn, moved_mask[0])


def test_drawn_moves_carry_image_and_mask_alike_for_every_sample_of_a_batch():
    torch.manual_seed(0)
    mask = torch.randint(0, 255, (64, SIZE, SIZE), dtype=torch.uint8)
    image = mask[:, None].repeat(1, 3, 1, 1)
    moves = augment.draw(64, ["flip", "rotate"])
    assert torch.equal(move_rasters(image, moves)[:, 0], move_rasters(mask, moves))


def test_all_eight_symmetries_are_drawn():
    torch.manual_seed(0)
    marked = torch.zeros(200, SIZE, SIZE, dtype=torch.uint8)
    marked[:, 1, 3] = 1
    moved = move_rasters(marked, augment.draw(200, ["flip", "rotate"]))
    assert len({tuple(sample.nonzero()[0].tolist()) for sample in moved}) == 8


def test_flip_alone_never_turns_and_rotate_alone_never_flips():
    torch.manual_seed(0)
    assert set(augment.draw(100, ["flip"]).turns) == {0}
    turned = augment.draw(100, ["rotate"])
    assert not any(turned.across)
    assert not any(turned.down)


def test_without_augmentations_nothing_moves():
    images = torch.arange(2 * 3 * 16).view(2, 3, 4, 4)
    assert torch.equal(move_rasters(images, augment.draw(2, [])), images)


def test_the_same_torch_seed_draws_the_same_moves():
    torch.manual_seed(3)
    first = augment.draw(20, ["flip", "rotate"])
    torch.manual_seed(3)
    assert first == augment.draw(20, ["flip", "rotate"])
