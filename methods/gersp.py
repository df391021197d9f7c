"""GeRSP (Huang et al., TGRS 2024): contrast on tiles and classification of natural images in one encoder."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import update_momentum
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.core.errors import DataError
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining.labelled import LabelledImages, list_images
from bench.pretraining.method import Batch, Length, Method, entropy
from methods import schedules
from methods.augment import recipes
from methods.augment.views import View
from methods.moco import queue_constant, queue_loss, shuffled_keys
from methods.options.gersp import GeRSPOptions
from methods.teacher import pool, teacher_of

# Natural images are cut to squares somewhat larger than the views, 256 for 224 as is usual for ImageNet.
MARGIN = 256 / 224
READERS = 8


class LabelledFeed:
    """Batches of labelled images in an order that follows from the seed; short sets repeat, each time reshuffled.

    Args:
        images: the labelled set.
        batch: images in a batch.
        size: side they are read at, pixels.
        seed: of the order.
    """

    def __init__(self, images: LabelledImages, batch: int, size: int, seed: int) -> None:
        self.images = images
        self._batch = batch
        self._size = size
        self._seed = seed
        self._pool = ThreadPoolExecutor(READERS)
        self._ahead: tuple[int, list[Future[np.ndarray]]] | None = None

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Images, uint8, B x 3 x size x size, and labels, B; the next batch is read meanwhile."""
        if self._ahead is None or self._ahead[0] != step:
            self._ahead = (step, self._read(step))
        pixels = np.stack([future.result() for future in self._ahead[1]])
        self._ahead = (step + 1, self._read(step + 1))
        labels = torch.tensor([self.images.labels[index] for index in self.order(step)])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2), labels

    def order(self, step: int) -> Iterator[int]:
        """Positions of the images of a step, counted from 0."""
        count = len(self.images)
        shuffles: dict[int, np.ndarray] = {}
        for place in range(step * self._batch, (step + 1) * self._batch):
            turn, at = divmod(place, count)
            if turn not in shuffles:
                shuffles[turn] = np.random.default_rng(derive(self._seed, "labelled", turn)).permutation(count)
            yield int(shuffles[turn][at])

    def _read(self, step: int) -> list[Future[np.ndarray]]:
        return [self._pool.submit(self.images.read, index, self._size) for index in self.order(step)]


class GeRSP(Method[GeRSPOptions]):
    """A student on both sources at once, a mean teacher on tiles alone; the student is exported."""

    seed: Tensor
    step: Tensor

    def __init__(self, backbone: Backbone, options: GeRSPOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        if options.labelled is None:
            raise DataError("gersp trains on labelled images too: set options.gersp.labelled to an image folder")
        self.images = list_images(Path(options.labelled))
        channels = backbone.channels[-1]
        # The hidden layer is as wide as the features, 2048 for ResNet-50 (release).
        self.head = MoCoProjectionHead(channels, channels, options.dim)
        self.classifier = nn.Linear(channels, len(self.images.classes))
        self.teacher = teacher_of(backbone)
        self.teacher_head = teacher_of(self.head)
        self.contrast = queue_loss(options.temperature, options.queue, options.dim)
        self.view = View(
            recipes.adapted(recipes.GERSP, options), options.size, self.input.mean, self.input.std, self.bands.colours
        )
        self.register_buffer("seed", torch.randint(2**31, ()))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self._feed: LabelledFeed | None = None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """InfoNCE on the tiles plus cross-entropy on as many natural images, through one batch norm."""
        first, second = (self.view(batch.images, batch.generator) for _ in range(2))
        pictures, labels = self._labelled(batch.images.device)
        natural = self.view(pictures, batch.generator)
        features = pool(self.backbone(torch.cat((first, natural)))[-1])
        query = self.head(features[: len(first)])
        logits = self.classifier(features[len(first) :])
        key = shuffled_keys(self.teacher, self.teacher_head, second, self.options.shuffle, batch.generator)
        with torch.autocast(first.device.type, enabled=False):
            return {
                "contrast": self.contrast(query.float(), key.float()),
                "supervised": self.options.supervised * functional.cross_entropy(logits.float(), labels),
            }

    def _labelled(self, device: torch.device) -> tuple[Tensor, Tensor]:
        if self._feed is None:
            # Made late: the seed may have come from a checkpoint.
            size = round(self.options.size * MARGIN)
            self._feed = LabelledFeed(self.images, self.options.batch, size, int(self.seed))
        pictures, labels = self._feed.batch(int(self.step))
        return pictures.to(device, non_blocking=True), labels.to(device, non_blocking=True)

    def constant_losses(self) -> dict[str, float]:
        """InfoNCE of equal features, and the cross-entropy of the labels' shares, which is their entropy."""
        constant = {"contrast": queue_constant(self.options.queue)}
        if self.options.supervised:
            constant["supervised"] = self.options.supervised * entropy(np.bincount(self.images.labels))
        return constant

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD with weight decay on everything, a cosine learning rate that restarts."""
        options = self.options
        networks = [self.backbone, self.head, self.classifier]
        optimiser = schedules.sgd(networks, options.peak_lr(), options.weight_decay, spare=False)
        lowest = options.lr_min / options.lr
        return optimiser, schedules.cosine_restarts(optimiser, lowest, options.cycles, self.length)

    def after_step(self, step: int) -> None:
        """Move the teacher, its projector included (the release forgets the projector)."""
        self.step.fill_(step)
        update_momentum(self.backbone, self.teacher, self.options.momentum)
        update_momentum(self.head, self.teacher_head, self.options.momentum)
