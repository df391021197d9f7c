"""Options of GeRSP."""

from typing import Any, ClassVar

from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts, Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe, upright
from methods.augment import recipes
from methods.options import updates
from methods.options.contrastive import TwoViewOptions, check_queue
from methods.options.labelled import LabelledOptions

# Steps of a cosine, in a run that a budget cuts short: restarts in quick succession undo what the steps before learned.
SHORTEST_CYCLE = 100


class GeRSPOptions(LabelledOptions, TwoViewOptions):
    """Options of GeRSP (Huang et al. 2024); learning rates are those of a batch of 256 and scale with the batch."""

    METHOD: ClassVar[str] = "gersp"
    OWN: ClassVar[frozenset[str]] = TwoViewOptions.OWN

    epochs: int = option(100, "release", "passes over the corpus", gt=0)
    batch: int = option(256, "release", "tiles in one step, and as many natural images", gt=1)
    temperature: float = option(0.07, "release", "temperature of InfoNCE", gt=0)
    queue: int = option(65536, "release", "keys of other tiles to contrast against", gt=0)
    dim: int = option(128, "release", "length of the projected vector", gt=0)
    momentum: float = option(0.996, "paper; release: 0.999", "share of the old teacher in each update", ge=0, le=1)
    shuffle: int = option(
        8,
        "release, shuffling BN on 8 GPUs",
        "parts, of 16 tiles at least, in which shuffled keys go through batch norm; 1 for a single pass",
        gt=0,
    )
    supervised: float = option(1.0, "release", "weight of the cross-entropy on the natural images", ge=0)
    lr: float = option(0.007, "release, 8 GPUs x 32 tiles", "learning rate of SGD at a batch of 256", gt=0)
    lr_min: float = option(0.001, "release", "learning rate at the end of each cosine, at a batch of 256", ge=0)
    cycles: int = option(5, "release: 5 x 20 epochs", "cosines with a restart between them", gt=0)
    weight_decay: float = option(5e-4, "release", "applied to norms and biases too", ge=0)

    def own_recipes(self) -> dict[str, Recipe]:
        """Both views of a tile and that of a picture are alike (release)."""
        return dict.fromkeys(("tiles", "pictures"), self.adapted(recipes.GERSP))

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "two views of a tile; the pictures, from the ground, have an upright"

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """Photographs from the ground are neither turned nor stood on their heads."""
        return upright(recipe) if view == "pictures" else recipe

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a queue larger than the corpus, a learning rate that would rise, and more restarts than steps."""
        super().check(corpus)
        check_queue("gersp", self.queue, corpus)
        if self.lr_min > self.lr:
            raise StudyError(
                f"gersp: option lr_min={self.lr_min} is larger than lr={self.lr}: set options.gersp.lr_min to at most lr"
            )
        steps = self.length(len(corpus)).steps
        if self.cycles > steps:
            raise StudyError(
                f"gersp: option cycles={self.cycles} restarts the learning rate more often than the run has steps "
                f"({steps}): set options.gersp.cycles to 1"
            )

    def views_per_tile(self) -> ViewsPerTile:
        """The student sees a view of the tile and a natural image, the teacher the tile's other view."""
        return ViewsPerTile(2, 1)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The teacher's momentum, the queue, and as many cosines as have a hundred steps."""
        return {
            "momentum": updates.momentum_within(steps, self.momentum),
            "queue": updates.queue_within(self.queue, self.batch, steps * self.batch, tiles),
            "cycles": min(self.cycles, max(1, steps // SHORTEST_CYCLE)),
        }

    def facts(self, tiles: int) -> Facts:
        """Steps, how far the teacher moves, and how often the queue is filled."""
        steps = self.length(tiles).steps
        teacher = updates.teacher_facts(steps, self.momentum**steps)
        return super().facts(tiles) | teacher | updates.queue_facts("gersp", self.queue, steps * self.batch)
