"""Position embeddings of a ViT that was trained on images of another size: interpolated, as timm and DINO do."""

import math

from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor

NAME = "pos_embed"
# Tokens before those of the patches: a class token, none, a second token, or registers beside it.
BEFORE = (1, 0, 2, 5)
Shape = tuple[int, ...]


def prefix_tokens(name: str, own: Shape, theirs: Shape) -> int | None:
    """Tokens before those of the patches, where two position embeddings differ in their square grid alone.

    Args:
        name: of the weight.
        own: 1 x tokens x width.
        theirs: as `own`.

    Returns:
        None where they differ otherwise.
    """
    if name.rpartition(".")[2] != NAME or len(own) != 3 or len(theirs) != 3 or own[::2] != theirs[::2]:
        return None
    return next((count for count in BEFORE if _side(own, count) and _side(theirs, count)), None)


def _side(shape: Shape, before: int) -> int:
    """Side of the grid of patches; 0 where it is no square."""
    patches = shape[1] - before
    side = math.isqrt(max(patches, 0))
    return side if side * side == patches else 0


def resample(name: str, value: Tensor, own: Shape) -> Tensor:
    """A position embedding on the backbone's grid; any other weight, and one of this grid, as it is."""
    theirs = tuple(value.shape)
    before = None if theirs == own else prefix_tokens(name, own, theirs)
    if before is None:
        return value
    side = _side(own, before)
    resampled: Tensor = resample_abs_pos_embed(
        value.float(), (side, side), (_side(theirs, before),) * 2, num_prefix_tokens=before, interpolation="bicubic"
    )
    return resampled
