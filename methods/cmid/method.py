"""The method: what runs through student and teacher, and how the three losses meet."""

import math
from collections.abc import Callable

import torch
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import update_momentum
from lightly.utils.scheduler import cosine_schedule
from timm.optim.adan import Adan
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment import views
from methods.augment.views import Drawn
from methods.cmid import masks
from methods.cmid.assignment import PrototypeHead, assignment_loss, teacher_temperature
from methods.cmid.matching import centres, nearest_pairs, pick
from methods.cmid.reconstruction import PixelHead, fit, focal_frequency, focal_l1
from methods.moco import queue_constant, queue_loss
from methods.options.cmid import CMIDOptions
from methods.teacher import teacher_of


class CMID(Method[CMIDOptions]):
    """A student that sees masked views and a mean teacher that sees them whole; the student is exported."""

    centre: Tensor
    step: Tensor

    def __init__(self, backbone: Backbone, options: CMIDOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        channels = backbone.channels[-1]
        self.projector = MoCoProjectionHead(channels, options.hidden, options.dim)
        self.local = PrototypeHead(channels, options.hidden, options.prototypes)
        self.teacher = teacher_of(backbone)
        self.teacher_projector = teacher_of(self.projector)
        self.teacher_local = teacher_of(self.local)
        self.painter = PixelHead(channels, backbone.strides[-1], len(self.bands))
        self.token = masks.MaskToken(backbone)
        self.contrast = queue_loss(options.temperature, options.queue, options.dim)
        self.register_buffer("centre", torch.zeros(options.prototypes))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self.views = list(views.views_of(self).values())

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Masked-image, global and local loss, each the mean of both directions."""
        count, _, height, width = batch.images.shape
        drawn = [views.draw(view.recipe, count, height, width, batch.generator) for view in self.views]
        # Both views go through each network as one batch: first view, then second.
        clean = torch.cat([view.apply(batch.images, one) for view, one in zip(self.views, drawn, strict=True)])
        grid = self.options.size // self.options.cell
        cells = masks.draw_masks(2 * count, grid, self.options.mask, batch.generator).to(clean.device)
        pixels = masks.enlarge(cells, self.options.size, self.options.size)
        seen, pool_seen = self._student(masks.hide(clean, pixels), cells)
        with torch.no_grad():
            known, pool_known = self.teacher.map_and_pooling(clean)
        painted = fit(self.painter(seen), self.options.size)
        query = self.projector(pool_seen())
        with torch.no_grad():
            key = self.teacher_projector(pool_known())
        student, teacher = self._assignments(seen, known)
        with torch.autocast(clean.device.type, enabled=False):
            return {
                "masked": self._masked(painted.float(), clean, pixels),
                # The key of a view is its tile's other view; one call, so that neither meets its own tile in the queue.
                "global": self.contrast(query.float(), torch.cat(key.float().chunk(2)[::-1])),
                "local": self._local(student.float(), teacher.float(), drawn, seen.shape[2:]),
            }

    def _student(self, hidden: Tensor, cells: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
        self.token.mask = cells
        try:
            return self.backbone.map_and_pooling(hidden)
        finally:
            self.token.mask = None

    def _masked(self, painted: Tensor, clean: Tensor, pixels: Tensor) -> Tensor:
        # Spectra are averaged over a minibatch, and each view is one.
        both = zip(painted.chunk(2), clean.chunk(2), pixels.chunk(2), strict=True)
        frequency = torch.stack([focal_frequency(*view) for view in both]).mean()
        return focal_l1(painted, clean, pixels) + self.options.frequency * frequency

    def _assignments(self, seen: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Similarities of every position to every prototype, 2B x (H W) x K."""

        def through(head: nn.Module, feature_map: Tensor) -> Tensor:
            positions = feature_map.flatten(2).transpose(1, 2)
            similarity: Tensor = head(positions.reshape(-1, positions.shape[2]))
            return similarity.view(*positions.shape[:2], -1)

        with torch.no_grad():
            teacher = through(self.teacher_local, known)
        return through(self.local, seen), teacher

    def _local(self, student: Tensor, teacher: Tensor, drawn: list[Drawn], shape: torch.Size) -> Tensor:
        options = self.options
        first, second = (
            centres(one.boxes, one.left_right, one.up_down, one.turns, *shape).to(student.device) for one in drawn
        )
        at_first, at_second = nearest_pairs(first, second, options.pairs)
        # Student on the first view with teacher on the second, and the other way round.
        mine = pick(student, torch.cat((at_first, at_second)))
        theirs = pick(torch.cat(teacher.chunk(2)[::-1]), torch.cat((at_second, at_first)))
        sharpness = teacher_temperature(
            int(self.step), self.length.steps, options.teacher_temperature, options.teacher_temperature_end
        )
        loss = assignment_loss(mine, theirs, self.centre, options.student_temperature, sharpness)
        if self.training:
            self.centre.lerp_(teacher.mean(dim=(0, 1)), 1 - options.centre_momentum)
        return loss

    def constant_losses(self) -> dict[str, float]:
        """InfoNCE of equal features, and the cross-entropy of an assignment that prefers no prototype, log K.

        The masked-image loss has no such bound that is worth the name: it depends on the tiles' own contrast.
        """
        return {"global": queue_constant(self.options.queue), "local": math.log(self.options.prototypes)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """Adan with warm-up and cosine; no weight decay on norms, biases and the mask token."""
        trained = [self.backbone, self.projector, self.local, self.painter]
        groups = schedules.decay_groups(trained, self.options.weight_decay)
        groups.append({"params": [self.token.token], "weight_decay": 0.0})
        optimiser = Adan(groups, lr=self.options.peak_lr())
        return optimiser, schedules.cosine(optimiser, self.length, self.options.warmup_epochs)

    def after_step(self, step: int) -> None:
        """Move encoder, projector and local head of the teacher, less and less."""
        self.step.fill_(step)
        keep = cosine_schedule(step - 1, self.length.steps, self.options.momentum, 1.0)
        update_momentum(self.backbone, self.teacher, keep)
        update_momentum(self.projector, self.teacher_projector, keep)
        update_momentum(self.local, self.teacher_local, keep)
