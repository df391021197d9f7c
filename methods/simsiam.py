"""SimSiam (Chen and He, CVPR 2021) from lightly's parts."""

import torch
from lightly.loss import NegativeCosineSimilarity
from lightly.models.modules import SimSiamPredictionHead, SimSiamProjectionHead
from lightly.utils.scheduler import cosine_schedule
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.simsiam import SimSiamOptions


class SimSiam(Method[SimSiamOptions]):
    """An encoder trained to predict its own projection of the other view, through which no gradient goes."""

    def __init__(self, backbone: Backbone, options: SimSiamOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = SimSiamProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        self.predictor = SimSiamPredictionHead(options.dim, options.bottleneck, options.dim)
        self.loss = NegativeCosineSimilarity()
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Mean of the negative cosines in both directions (Eq. 2); each view has its own batch norm."""
        views = [self.view(batch.images, batch.generator) for _ in range(2)]
        first, second = (self.head(gathered(self.backbone.pooled(view))) for view in views)
        guess_first, guess_second = self.predictor(first).float(), self.predictor(second).float()
        with torch.autocast(views[0].device.type, enabled=False):
            loss = self.loss(guess_first, second.detach().float()) + self.loss(guess_second, first.detach().float())
            return {"similarity": loss / 2}

    def constant_losses(self) -> dict[str, float]:
        """None: features that are the same for every tile reach the least value there is, -1."""
        return {}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD without weight decay on norms and biases; a cosine, from which the predictor is spared."""
        lr, decay = self.options.peak_lr(), self.options.weight_decay
        optimiser = schedules.sgd([self.backbone, self.head], lr, decay)
        falling = len(optimiser.param_groups)
        for group in schedules.decay_groups([self.predictor], decay):
            optimiser.add_param_group(group)

        def cosine(step: int) -> float:
            rate: float = cosine_schedule(min(step, self.length.steps - 1), self.length.steps, 1.0, 0.001)
            return rate

        kept = cosine if self.options.predictor_decay else lambda _: 1.0
        staying = len(optimiser.param_groups) - falling
        return optimiser, LambdaLR(optimiser, [cosine] * falling + [kept] * staying)
