"""Options of the methods that compare two views of a tile: MoCo, SimCLR, BYOL; GeRSP shares those of the views."""

import math
from typing import Any, ClassVar, Literal

from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts, Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options import updates
from methods.options.views import ViewOptions


class TwoViewOptions(ViewOptions):
    """How the method's own views are changed."""

    OWN: ClassVar[frozenset[str]] = frozenset({"jitter", "blur", "aerial"})

    jitter: float = option(
        1.0,
        "lightly's cj_strength; it advises 0.5 for small images",
        "factor on the strengths of the colour jitter",
        ge=0,
        le=1,
    )
    blur: float | None = option(
        None, "lightly's transform of the method; it advises 0 for small images", "probability of a blur", ge=0, le=1
    )
    aerial: bool = option(
        default=False,
        source="ours: a view from above has no upright",
        text="add random quarter turns and vertical flips to the views",
    )

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "two views of a tile; what they share is what is learned"

    def adapted(self, recipe: Recipe) -> Recipe:
        """The method's recipe changed as a study asks: for views from above, for small tiles."""
        recipe = recipes.aerial(recipe) if self.aerial else recipe
        return recipes.weakened(recipe, self.jitter, self.blur)


def check_queue(method: str, queue: int, corpus: CorpusFacts) -> None:
    """Refuse a queue that would hold keys of the tile it is compared with."""
    if queue > len(corpus):
        raise StudyError(
            f"{method}: option queue={queue} is larger than the corpus ({len(corpus)} tiles): "
            f"set options.{method}.queue to at most {len(corpus)}"
        )


class QueueOptions(TwoViewOptions):
    """Options of what contrasts against a queue of a slow encoder's keys, as MoCo does.

    The learning rate is that of a batch of 256 and scales with the batch. `family` names the method in messages.
    """

    family: ClassVar[str]

    epochs: int = option(200, "Chen et al. 2020", "passes over the corpus", gt=0)
    queue: int = option(65536, "He et al. 2020", "keys of other tiles to contrast against", gt=0)
    dim: int = option(128, "He et al. 2020", "length of the projected vectors", gt=0)
    momentum: float = option(0.999, "He et al. 2020", "share of the old key encoder in each update", ge=0, le=1)
    shuffle: int = option(
        8,
        "He et al. 2020, shuffling BN on 8 GPUs",
        "parts, of 16 tiles at least, in which shuffled keys go through batch norm; 1 for a single pass, as lightly's",
        gt=0,
    )
    lr: float = option(0.03, "He et al. 2020, at a batch of 256", "learning rate of SGD", gt=0)
    weight_decay: float = option(1e-4, "He et al. 2020", "not applied to norms and biases", ge=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a queue larger than the corpus."""
        super().check(corpus)
        check_queue(self.family, self.queue, corpus)

    def views_per_tile(self) -> ViewsPerTile:
        """A query and a key."""
        return ViewsPerTile(1, 1)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The key encoder's momentum, and the queue."""
        queue = updates.queue_within(self.queue, self.batch, steps * self.batch, tiles)
        return {"momentum": updates.momentum_within(steps, self.momentum), "queue": queue}

    def facts(self, tiles: int) -> Facts:
        """Steps, how far the key encoder moves, and how often the queue is filled."""
        steps = self.length(tiles).steps
        teacher = updates.teacher_facts(steps, self.momentum**steps)
        return super().facts(tiles) | teacher | updates.queue_facts(self.family, self.queue, steps * self.batch)


class MoCoOptions(QueueOptions):
    """Options of MoCo v2 (default) and v1."""

    family = "moco"

    version: Literal[1, 2] = option(2, "ours: the stronger; GeoKR's paper cites v1", "head, temperature and views")
    temperature: float | None = option(
        None, "0.2 in v2 (Chen et al. 2020), 0.07 in v1 (He et al. 2020)", "temperature of InfoNCE", gt=0
    )
    head_norm: bool = option(
        default=False,
        source="Chen et al. 2020; MoCo v3 has it",
        text="batch norm in v2's head; a short run learns sooner",
    )

    def own_recipes(self) -> dict[str, Recipe]:
        """Both views are alike."""
        return {"both": self.adapted(recipes.MOCO_V1 if self.version == 1 else recipes.MOCO_V2)}


class LarsOptions(TwoViewOptions):
    """Options of the methods trained by LARS with warm-up and cosine."""

    weight_decay: float = option(1e-6, "lightly's ImageNet benchmark", "not applied to norms and biases", ge=0)
    warmup_epochs: int = option(
        10, "Chen et al. 2020; Grill et al. 2020", "epochs of rising learning rate, at most a tenth of the run", ge=0
    )

    def facts(self, tiles: int) -> Facts:
        """Steps, and the warm-up among them."""
        return super().facts(tiles) | updates.warmup_facts(self.warmup_epochs, self.length(tiles))


class SimCLROptions(LarsOptions):
    """Options of SimCLR; the learning rate scales with the root of the batch."""

    temperature: float = option(0.1, "Chen et al. 2020, table 5", "temperature of NT-Xent", gt=0)
    lr: float = option(0.075, "Chen et al. 2020, appendix B", "learning rate of LARS, times sqrt(batch)", gt=0)
    hidden: int = option(2048, "Chen et al. 2020", "width of the projection head's hidden layer", gt=0)
    dim: int = option(128, "Chen et al. 2020", "length of the projected vector", gt=0)

    def peak_lr(self) -> float:
        """In proportion to the root of the batch."""
        return self.lr * math.sqrt(self.batch)

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through the one network."""
        return ViewsPerTile(2, 0)

    def own_recipes(self) -> dict[str, Recipe]:
        """Both views are alike."""
        return {"both": self.adapted(recipes.SIMCLR)}


class BYOLOptions(LarsOptions):
    """Options of BYOL; learning rate is that of a batch of 256 and scales with the batch."""

    lr: float = option(0.45, "lightly's ImageNet benchmark, at a batch of 256", "learning rate of LARS", gt=0)
    hidden: int = option(4096, "Grill et al. 2020", "width of the heads' hidden layers", gt=0)
    dim: int = option(256, "Grill et al. 2020", "length of the projected vector", gt=0)
    momentum: float = option(
        0.99,
        "Grill et al. 2020 at 300 epochs",
        "share of the old teacher at the start; rises to 1 as a cosine",
        ge=0,
        le=1,
    )

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through both networks."""
        return ViewsPerTile(2, 2)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The teacher's momentum at the start."""
        del tiles
        return {"momentum": updates.momentum_within(steps, self.momentum)}

    def own_recipes(self) -> dict[str, Recipe]:
        """The second view is hardly blurred, and solarised at times."""
        return {"first": self.adapted(recipes.BYOL_1), "second": self.adapted(recipes.BYOL_2)}

    def facts(self, tiles: int) -> Facts:
        """Steps, warm-up, and how far the teacher moves."""
        steps = self.length(tiles).steps
        return super().facts(tiles) | updates.teacher_facts(steps, updates.cosine_left(steps, self.momentum))
