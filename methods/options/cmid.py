"""Options of CMID."""

from typing import Any

from bench.backbones import BackboneSpec, Stem
from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts, Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options import updates
from methods.options.contrastive import check_queue
from methods.options.views import ViewOptions


def stem_of(backbone: BackboneSpec) -> Stem:
    """The stem of a network, after which CMID adds its mask token.

    Raises:
        StudyError: it is not known where the network's stem ends.
    """
    if backbone.stem is None:
        raise StudyError(
            f"cmid adds a mask token after the stem, and the stem of {backbone.name} is not known: "
            "choose another backbone for cmid, such as resnet18"
        )
    return backbone.stem


class CMIDOptions(ViewOptions):
    """Options of CMID (Muhtar et al. 2023); learning rate is that of a batch of 256 and scales with the batch."""

    epochs: int = option(200, "release", "passes over the corpus", gt=0)
    batch: int = option(256, "release", "tiles in one step", gt=1)
    size: int = option(224, "release", "side of the views, a multiple of cell, pixels", ge=32)
    cell: int = option(32, "release", "side of a cell of the mask, pixels", ge=4)
    mask: float = option(0.6, "release", "share of the cells that are masked", gt=0, lt=1)
    frequency: float = option(1.0, "release", "weight of the focal frequency loss in the masked-image loss", ge=0)
    temperature: float = option(0.2, "release", "temperature of the global InfoNCE", gt=0)
    queue: int = option(65536, "release", "keys of other tiles to contrast against", gt=0)
    dim: int = option(256, "release", "length of the globally projected vector", gt=0)
    hidden: int = option(2048, "release", "width of the hidden layers of projector and local head", gt=0)
    pairs: int = option(20, "release", "nearest pairs of positions that the local loss compares", gt=0)
    prototypes: int = option(2048, "release", "prototypes of the local loss", gt=1)
    student_temperature: float = option(0.1, "release", "temperature of the student's assignment", gt=0)
    teacher_temperature: float = option(0.04, "release", "the teacher's, at the start", gt=0)
    teacher_temperature_end: float = option(0.07, "release", "the teacher's, after an eighth of the run", gt=0)
    centre_momentum: float = option(0.9, "release", "share of the old centre of the teacher's logits", ge=0, lt=1)
    momentum: float = option(
        0.996, "release", "share of the old teacher at the start; rises to 1 as a cosine", ge=0, le=1
    )
    lr: float = option(
        4e-3, "release: 1e-3 x GPUs, at 4 GPUs x 64 tiles", "learning rate of Adan at a batch of 256", gt=0
    )
    weight_decay: float = option(0.02, "release", "not applied to norms and biases", ge=0)
    warmup_epochs: int = option(10, "release", "epochs of rising learning rate, at most a tenth of the run", ge=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def own_recipes(self) -> dict[str, Recipe]:
        """One view weakly changed, one strongly."""
        return {"weak": recipes.CMID_WEAK, "strong": recipes.CMID_STRONG}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "two views of a tile, where each position lies on it, and masks"

    def masks(self) -> str:
        """The student's views are masked, the teacher's are not."""
        return f"{self.mask:g} of the cells of {self.cell} px, student"

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a queue larger than the corpus, and views that cells do not tile."""
        super().check(corpus)
        check_queue("cmid", self.queue, corpus)
        if self.size % self.cell or self.size == self.cell:
            raise StudyError(
                f"cmid: option size={self.size} is not two or more times cell={self.cell}: "
                "set options.cmid.cell to a divisor of the size"
            )

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """Refuse a network without a known stem."""
        stem_of(backbone)

    def views_per_tile(self) -> ViewsPerTile:
        """The student sees both views masked, the teacher sees them whole."""
        return ViewsPerTile(2, 2)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The teacher's momentum at the start, and the queue, which takes both views of a tile."""
        queue = updates.queue_within(self.queue, self.batch, 2 * steps * self.batch, tiles)
        return {"momentum": updates.momentum_within(steps, self.momentum), "queue": queue}

    def facts(self, tiles: int) -> Facts:
        """Steps, warm-up, how far the teacher moves, and how often the queue is filled."""
        length = self.length(tiles)
        teacher = updates.teacher_facts(length.steps, updates.cosine_left(length.steps, self.momentum))
        # Both views of a tile are keys.
        queue = updates.queue_facts("cmid", self.queue, 2 * length.steps * self.batch)
        return super().facts(tiles) | updates.warmup_facts(self.warmup_epochs, length) | teacher | queue
