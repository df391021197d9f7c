"""I-JEPA: which blocks are hidden, what is predicted of them, and how its teacher follows, by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from lightly.models.utils import apply_masks
from torch.nn import functional

import methods
from bench import backbones
from bench.pretraining.method import Batch, Length, Method
from methods.ijepa import block_size, draw_blocks, draw_masks
from methods.options import updates
from methods.options.patches import IJEPAOptions

NARROW = {"batch": 4, "size": 64, "precision": "fp32", "predictor_dim": 16, "predictor_depth": 1, "predictor_heads": 2}


def build(**options) -> Method:
    torch.manual_seed(0)
    values = IJEPAOptions.model_validate({**NARROW, **options})
    return methods.get("ijepa").load()(backbones.build("timm:test_vit"), values, None, Length(10, 5))


def batch() -> Batch:
    images = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return Batch(images, None, torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("grid", "share", "ratio", "expected"),
    [
        (14, 0.2, 1.0, (6, 6)),  # 39.2 patches
        (14, 0.15, 1.5, (7, 4)),  # 29.4 patches: the roots of 44.1 and 19.6
        (4, 0.2, 0.75, (2, 2)),  # 3.2 patches: the roots of 2.4 and 4.27
        (14, 1.0, 1.0, (14, 14)),
        (2, 0.15, 1.0, (1, 1)),
        (4, 1.0, 2.0, (4, 3)),  # never beyond the grid
    ],
)
def test_a_block_has_the_share_and_the_ratio_of_sides_that_were_drawn(grid, share, ratio, expected):
    assert expected == block_size(grid, (share, share), (ratio, ratio), torch.Generator().manual_seed(0))


def test_blocks_are_rectangles_at_places_of_their_own_and_every_place_comes():
    blocks = draw_blocks(200, 4, (3, 2), torch.Generator().manual_seed(0)).view(-1, 4, 4)
    corners = set()
    for block in blocks:
        top, left = block.nonzero().min(dim=0).values.tolist()
        assert block[top : top + 3, left : left + 2].all()
        corners.add((top, left))
    assert (6 * 200, {(top, left) for top in range(2) for left in range(3)}) == (int(blocks.sum()), corners)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 16), st.integers(1, 6), st.integers(0, 1000))
def test_context_and_targets_are_apart_and_as_many_in_every_image(grid, targets, seed):
    options = IJEPAOptions(targets=targets)
    context, blocks = draw_masks(6, grid, options, torch.Generator().manual_seed(seed))
    assert (targets, 1) == (len(blocks), len({each.shape for each in blocks}))
    assert context.shape[1] >= max(1, min(10, grid * grid // 4))
    for image in range(6):
        seen = context[image].tolist()
        assert sorted(set(seen)) == seen
        assert max(seen) < grid * grid
        # On the smallest grids four blocks can cover all, and then a context keeps its own.
        if grid > 5 and targets <= 4:
            assert not set(seen) & {each for block in blocks for each in block[image].tolist()}


def test_the_loss_is_the_smooth_distance_to_the_normed_features_of_the_teacher():
    """A predictor that answers zeros: half the square of what is below 1, else less a half."""
    method = build()
    torch.nn.init.zeros_(method.predictor.predictor_proj.weight)
    torch.nn.init.zeros_(method.predictor.predictor_proj.bias)
    step = batch()
    found = method(step)["features"].item()
    again = batch()
    images = method.view(again.images, again.generator)
    _, targets = draw_masks(4, 4, method.options, again.generator)
    with torch.no_grad():
        known = functional.layer_norm(method.teacher(images)[-1].flatten(2).transpose(1, 2), (64,))
    wanted = torch.cat([known[at, block[at]] for block in targets for at in range(4)]).abs()
    expected = torch.where(wanted < 1, 0.5 * wanted**2, wanted - 0.5).mean().item()
    assert pytest.approx(expected, rel=1e-5) == found
    assert {} == method.constant_losses()


def test_predictions_stand_in_the_order_of_the_features_that_they_are_compared_with():
    """Without blocks, a prediction is what its patch's position alone gives."""
    method = build()
    predictor = method.predictor
    predictor.decoder.blocks = torch.nn.Sequential()
    context, targets = draw_masks(4, 4, method.options, torch.Generator().manual_seed(0))
    numbers = torch.arange(16.0).view(1, 16, 1).expand(4, -1, -1)
    asked = apply_masks(numbers, targets)[..., 0].long()
    assert torch.equal(torch.cat(targets), asked)
    with torch.no_grad():
        found = predictor(torch.rand(4, context.shape[1], 64), context, targets)
        tokens = predictor.decoder.mask_token + predictor.decoder.pos_embed[0, asked]
        assert torch.allclose(predictor.predictor_proj(predictor.decoder.norm(tokens)), found, atol=1e-6)


def test_the_teacher_follows_linearly_less_and_is_what_is_exported():
    """Momenta of 0.5, 0.55, ... in a run of ten steps: after the second step 0.5 x 0.55 of the start are left."""
    method = build(momentum=0.5)
    with torch.no_grad():
        for weight in method.teacher.parameters():
            weight.zero_()
        for weight in method.backbone.parameters():
            weight.fill_(1.0)
    for step in (1, 2):
        method.after_step(step)
    exported = method.export()["blocks.0.attn.qkv.weight"]
    assert torch.allclose(torch.full_like(exported, 1 - 0.5 * 0.55), exported)


def test_the_share_of_the_start_that_is_left_is_the_product_of_the_momenta():
    """0.5, 0.625, 0.75 and 0.875 over four steps."""
    assert pytest.approx(0.5 * 0.625 * 0.75 * 0.875) == updates.linear_left(4, 0.5)
