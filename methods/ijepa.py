"""I-JEPA (Assran et al., CVPR 2023) from lightly's parts."""

import math

import torch
from lightly.models import utils
from lightly.models.modules import IJEPAPredictorTIMM
from lightly.models.utils import update_momentum
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment.views import views_of
from methods.options.patches import IJEPAOptions
from methods.options.updates import linear_momentum
from methods.patches import PatchEncoder
from methods.teacher import teacher_of

# Momenta of AdamW (torch's own; the release states none).
BETAS = (0.9, 0.999)
# Draws of an image's blocks before its context is left some of a target's patches.
TRIES = 20


def block_size(
    grid: int, scale: tuple[float, float], ratio: tuple[float, float], generator: torch.Generator
) -> tuple[int, int]:
    """Height and width of a block, in patches: a share of the grid and a ratio of its sides, both drawn evenly.

    At least one patch, at most the grid.
    """
    shares, ratios = torch.rand(2, generator=generator).tolist()
    area = (scale[0] + shares * (scale[1] - scale[0])) * grid * grid
    of_sides = ratio[0] + ratios * (ratio[1] - ratio[0])
    height, width = (round(math.sqrt(each)) for each in (area * of_sides, area / of_sides))
    return min(max(1, height), grid), min(max(1, width), grid)


def draw_blocks(count: int, grid: int, size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """A block of one size at a random place of each image: True inside, B x (grid grid)."""
    place = torch.arange(grid)
    inside = []
    for side in size:
        first = torch.randint(grid - side + 1, (count, 1), generator=generator)
        inside.append((place >= first) & (place < first + side))
    rows, columns = inside
    return (rows[:, :, None] & columns[:, None, :]).flatten(1)


def draw_masks(count: int, grid: int, options: IJEPAOptions, generator: torch.Generator) -> tuple[Tensor, list[Tensor]]:
    """Numbers of the patches of context and targets of each image (section 3, multi-block masking).

    All target blocks of a batch have one size, and all contexts one, at places of their own. A context is without the
    targets; all are cut to as many patches as the smallest has, those first in a random order. Where one has fewer than
    `least`, its image is drawn again, and after 20 times the context keeps its whole block.

    Args:
        count: images, B.
        grid: patches along a side.
        options: scales, ratios and number of the blocks.
        generator: on the CPU.

    Returns:
        Context, B x N, and for each target block B x M.
    """
    target = block_size(grid, options.target_scale, options.target_ratio, generator)
    context = block_size(grid, options.context_scale, (1.0, 1.0), generator)
    least = max(1, min(options.least, grid * grid // 4))
    blocks = torch.zeros(options.targets, count, grid * grid, dtype=torch.bool)
    seen = torch.zeros(count, grid * grid, dtype=torch.bool)
    open_ = torch.ones(count, dtype=torch.bool)
    for _ in range(TRIES):
        again = int(open_.sum())
        for block in blocks:
            block[open_] = draw_blocks(again, grid, target, generator)
        whole = draw_blocks(again, grid, context, generator)
        seen[open_] = whole & ~blocks[:, open_].any(dim=0)
        open_ = seen.sum(dim=1) < least
        if not open_.any():
            break
    seen[open_] = draw_blocks(int(open_.sum()), grid, context, generator)
    # Those of the context come first, in a random order, and of these as many as every image has.
    order = (torch.rand(seen.shape, generator=generator) - seen.float()).argsort(dim=1)
    kept = order[:, : int(seen.sum(dim=1).min())].sort(dim=1).values
    return kept, [block.nonzero()[:, 1].view(count, -1) for block in blocks]


class IJEPA(Method[IJEPAOptions]):
    """A student that sees a context, and a predictor of what a mean teacher gives for other blocks of the same view."""

    def __init__(self, backbone: Backbone, options: IJEPAOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        options.check_backbone(backbone.spec)
        self.encoder = PatchEncoder(backbone, options.init)
        self.grid = options.size // backbone.strides[-1]
        self.predictor = IJEPAPredictorTIMM(
            num_patches=self.grid**2,
            depth=options.predictor_depth,
            mlp_dim=backbone.channels[-1],
            predictor_embed_dim=options.predictor_dim,
            num_heads=options.predictor_heads,
        )
        self.teacher = teacher_of(backbone)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Smooth L1 distance of predictions and the teacher's normed features, over the patches of all targets."""
        images = self.view(batch.images, batch.generator)
        context, targets = draw_masks(len(images), self.grid, self.options, batch.generator)
        context, targets = context.to(images.device), [each.to(images.device) for each in targets]
        with torch.no_grad():
            known = self.teacher(images)[-1].flatten(2).transpose(1, 2).float()
            wanted = utils.apply_masks(functional.layer_norm(known, known.shape[-1:]), targets)
        found = self.predictor(self.encoder(images, context)[:, self.encoder.prefix :], context, targets)
        with torch.autocast(images.device.type, enabled=False):
            return {"features": functional.smooth_l1_loss(found.float(), wanted)}

    def constant_losses(self) -> dict[str, float]:
        """None: features that are the same for every patch and tile are predicted without an error."""
        return {}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """AdamW with warm-up and cosine; the learning rate grows with the batch."""
        of = self.options
        optimiser = schedules.adamw([self.backbone, self.predictor], of.peak_lr(), of.weight_decay, BETAS)
        return optimiser, schedules.cosine(optimiser, self.length, of.warmup_epochs)

    def after_step(self, step: int) -> None:
        """Move the teacher, less and less (linearly from `momentum` to 1)."""
        keep = linear_momentum(step - 1, self.length.steps, self.options.momentum)
        update_momentum(self.backbone, self.teacher, keep)

    def export(self) -> dict[str, Tensor]:
        """The teacher, which is what the paper evaluates (section 4)."""
        weights: dict[str, Tensor] = self.teacher.state_dict()
        return weights
