"""BYOL (Grill et al., NeurIPS 2020) from lightly's parts."""

import torch
from lightly.loss import NegativeCosineSimilarity
from lightly.models.modules import BYOLPredictionHead, BYOLProjectionHead
from lightly.models.utils import update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.contrastive import BYOLOptions
from methods.teacher import teacher_of


class BYOL(Method[BYOLOptions]):
    """An encoder trained to predict its teacher's projection of the other view."""

    def __init__(self, backbone: Backbone, options: BYOLOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = BYOLProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        self.predictor = BYOLPredictionHead(options.dim, options.hidden, options.dim)
        self.teacher = teacher_of(backbone)
        self.teacher_head = teacher_of(self.head)
        self.loss = NegativeCosineSimilarity()
        self.views = list(views_of(self).values())

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Twice the negative cosine similarity in both directions, which is the paper's squared distance less 4."""
        first, second = (view(batch.images, batch.generator) for view in self.views)
        guess_first, guess_second = (
            self.predictor(self.head(gathered(self.backbone.pooled(view)))).float() for view in (first, second)
        )
        with torch.no_grad():
            target_first, target_second = (
                self.teacher_head(gathered(self.teacher.pooled(view))).float() for view in (first, second)
            )
        with torch.autocast(first.device.type, enabled=False):
            return {"similarity": 2 * (self.loss(guess_first, target_second) + self.loss(guess_second, target_first))}

    def constant_losses(self) -> dict[str, float]:
        """None: features that are the same for every tile reach the least value there is, -4."""
        return {}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """LARS; the learning rate grows with the batch."""
        lr = self.options.peak_lr()
        return schedules.lars([self.backbone, self.head, self.predictor], lr, self.options, self.length)

    def after_step(self, step: int) -> None:
        """Move the teacher, less and less (the paper's cosine from `momentum` to 1)."""
        keep = cosine_schedule(step - 1, self.length.steps, self.options.momentum, 1.0)
        update_momentum(self.backbone, self.teacher, keep)
        update_momentum(self.head, self.teacher_head, keep)
