"""GeoKR (Li et al., TGRS 2021): land-cover proportions as supervision, steadied by a mean teacher."""

import numpy as np
import torch
from lightly.models.utils import update_momentum
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench import backbones
from bench.backbones.initial import load_initial
from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import class_balance
from bench.pretraining.method import Batch, Length, Method, entropy
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.landcover import supervised
from methods.options.geokr import ClassificationOptions, GeoKROptions
from methods.teacher import teacher_of


def representation_loss(landcover: Tensor, student: Tensor) -> Tensor:
    """L_s of Eq. 9: cross-entropy between land-cover proportions and the student's prediction.

    Args:
        landcover: proportions A, B x K.
        student: log S, the log-softmax of the student's logits, B x K.

    Returns:
        The loss of each tile, B.
    """
    return -(landcover * student).sum(dim=1)


def consistency_loss(student: Tensor, teacher: Tensor, form: str) -> Tensor:
    """L_t of Eq. 10, or a Kullback-Leibler divergence in its place.

    Eq. 10 as printed has no entropy term: it pulls the student towards the teacher's most likely class and is no
    divergence, although the paper calls it one.

    Args:
        student: log S, B x K.
        teacher: log T, B x K, without gradient.
        form: `paper` for -sum S log T, `kl_student_teacher` for KL(S || T), `kl_teacher_student` for KL(T || S).

    Returns:
        The loss of each tile, B.
    """
    if form == "paper":
        return -(student.exp() * teacher).sum(dim=1)
    if form == "kl_student_teacher":
        return (student.exp() * (student - teacher)).sum(dim=1)
    return (teacher.exp() * (teacher - student)).sum(dim=1)


class GeoKR(Method[GeoKROptions]):
    """Student and teacher, each a backbone with a linear layer on its pooled last feature map."""

    def __init__(self, backbone: Backbone, options: GeoKROptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        corpus = supervised(corpus, options)
        self.head = nn.Linear(backbone.channels[-1], len(corpus.classes))
        self.teacher, self.teacher_head = self._teacher()
        (self.view,) = views_of(self).values()
        self._weights = class_balance(corpus.dominant) if options.balance else None

    def _teacher(self) -> tuple[Backbone, nn.Linear]:
        if self.options.teacher_init == "copy":
            teacher, head = teacher_of(self.backbone), teacher_of(self.head)
        else:
            other = backbones.build(self.backbone.name, self.backbone.bands)
            load_initial(other, self.options.init)
            teacher = teacher_of(other)
            head = teacher_of(nn.Linear(self.head.in_features, self.head.out_features))
        if self.options.teacher_buffers != "own":
            for module in teacher.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001 - the common base has no public name
                    # It still normalises with its batch's statistics, but keeps none of them.
                    module.momentum = 0.0
        return teacher, head

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """L_s and L_t with their weights (Eq. 11)."""
        assert batch.landcover is not None
        images = self.view(batch.images, batch.generator)
        student = self.head(gathered(self.backbone.pooled(images))).float().log_softmax(dim=1)
        losses = {"landcover": self.options.gamma_student * self._mean(representation_loss(batch.landcover, student))}
        if self.options.consistency != "none":
            with torch.no_grad():
                teacher = self.teacher_head(gathered(self.teacher.pooled(images))).float().log_softmax(dim=1)
            loss = consistency_loss(student, teacher, self.options.consistency)
            losses["consistency"] = self.options.gamma_teacher * self._mean(loss)
        return losses

    def _mean(self, losses: Tensor) -> Tensor:
        mean = losses.mean()
        return mean / self.head.out_features if self.options.reduction == "batch_and_classes" else mean

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """Adam, its learning rate falling after every epoch (section III-C)."""
        return _adam(self)

    def after_step(self, step: int) -> None:
        """Move the teacher (Eq. 7) where the schedule says so."""
        if not self.options.update_due(step, self.length):
            return
        alpha = self.options.alpha
        update_momentum(self.backbone, self.teacher, alpha)
        update_momentum(self.head, self.teacher_head, alpha)
        if self.options.teacher_buffers != "own":
            keep = alpha if self.options.teacher_buffers == "ema" else 0.0
            for mine, student in zip(self.teacher.buffers(), self.backbone.buffers(), strict=True):
                if mine.is_floating_point():
                    mine.mul_(keep).add_(student, alpha=1 - keep)

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Rare dominant classes more often, unless `balance` is off."""
        return self._weights

    def constant_losses(self) -> dict[str, float]:
        """L_s of the mean proportions under the sampler's weights, which is their entropy; L_t has no such bound."""
        assert self.corpus is not None
        if not self.options.gamma_student:
            return {}
        classes = self.head.out_features if self.options.reduction == "batch_and_classes" else 1
        drawn = np.ones(len(self.corpus)) if self._weights is None else self._weights
        return {"landcover": self.options.gamma_student * entropy(drawn @ self.corpus.landcover) / classes}

    def export(self) -> dict[str, Tensor]:
        """The teacher's or the student's backbone."""
        chosen = self.teacher if self.options.export == "teacher" else self.backbone
        weights: dict[str, Tensor] = chosen.state_dict()
        return weights


def _adam(method: "GeoKR | LandCoverClassification") -> tuple[Optimizer, LRScheduler]:
    of = method.options
    return schedules.decaying_adam([method.backbone, method.head], of.lr, of.lr_decay, of.weight_decay, method.length)


class LandCoverClassification(Method[ClassificationOptions]):
    """The ablation of Table X that knows only each tile's dominant class."""

    def __init__(
        self, backbone: Backbone, options: ClassificationOptions, corpus: Corpus | None, length: Length
    ) -> None:
        super().__init__(backbone, options, corpus, length)
        corpus = supervised(corpus, options)
        self.head = nn.Linear(backbone.channels[-1], len(corpus.classes))
        (self.view,) = views_of(self).values()
        self._weights = class_balance(corpus.dominant) if options.balance else None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy with the class of the largest proportion (the first of equals)."""
        assert batch.landcover is not None
        logits = self.head(gathered(self.backbone.pooled(self.view(batch.images, batch.generator)))).float()
        return {"class": functional.cross_entropy(logits, batch.landcover.argmax(dim=1))}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """As GeoKR's."""
        return _adam(self)

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Rare dominant classes more often, unless `balance` is off."""
        return self._weights

    def constant_losses(self) -> dict[str, float]:
        """Cross-entropy of the dominant classes' shares under the sampler's weights, which is their entropy."""
        assert self.corpus is not None
        return {"class": entropy(np.bincount(self.corpus.dominant, self._weights))}
