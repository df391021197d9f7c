"""Options of DenseCL."""

from typing import Any

from bench.pretraining.facts import CorpusFacts, Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options import updates
from methods.options.contrastive import TwoViewOptions, check_queue

PAPER = "Wang et al. 2021, section 3"


class DenseCLOptions(TwoViewOptions):
    """Options of DenseCL (Wang et al. 2021); learning rate is that of a batch of 256 and scales with the batch."""

    epochs: int = option(200, PAPER, "passes over the corpus", gt=0)
    dense: float = option(
        0.5, PAPER, "share of the positions' loss, lambda of Eq. 3; the tile's has the rest", ge=0, le=1
    )
    temperature: float = option(0.2, PAPER, "temperature of InfoNCE", gt=0)
    queue: int = option(65536, PAPER, "keys of other tiles, and of their positions, to contrast against", gt=0)
    hidden: int = option(2048, PAPER, "width of the heads' hidden layers", gt=0)
    dim: int = option(128, PAPER, "length of the projected vectors", gt=0)
    momentum: float = option(0.999, PAPER, "share of the old key encoder in each update", ge=0, le=1)
    shuffle: int = option(
        8,
        "He et al. 2020, shuffling BN on 8 GPUs",
        "parts, of 16 tiles at least, in which shuffled keys go through batch norm; 1 for a single pass",
        gt=0,
    )
    lr: float = option(0.03, "He et al. 2020, at a batch of 256", "learning rate of SGD", gt=0)
    weight_decay: float = option(1e-4, PAPER, "not applied to norms and biases", ge=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def own_recipes(self) -> dict[str, Recipe]:
        """MoCo v2's."""
        return {"both": self.adapted(recipes.MOCO_V2)}

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a queue larger than the corpus."""
        super().check(corpus)
        check_queue("densecl", self.queue, corpus)

    def views_per_tile(self) -> ViewsPerTile:
        """A query and a key."""
        return ViewsPerTile(1, 1)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The key encoder's momentum, and the queues."""
        queue = updates.queue_within(self.queue, self.batch, steps * self.batch, tiles)
        return {"momentum": updates.momentum_within(steps, self.momentum), "queue": queue}

    def facts(self, tiles: int) -> Facts:
        """Steps, how far the key encoder moves, and how often the tiles' queue is filled."""
        steps = self.length(tiles).steps
        teacher = updates.teacher_facts(steps, self.momentum**steps)
        return super().facts(tiles) | teacher | updates.queue_facts("densecl", self.queue, steps * self.batch)
