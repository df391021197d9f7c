"""Options of DINO."""

from typing import Any

from bench.pretraining.facts import Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options import updates
from methods.options.contrastive import TwoViewOptions

PAPER = "Caron et al. 2021"
LIGHTLY = "lightly's ImageNet benchmark"


class DINOOptions(TwoViewOptions):
    """Options of DINO (Caron et al. 2021); learning rate is that of a batch of 256 and scales with the batch.

    The paper's numbers are for a million images and hundreds of epochs. A run of hundreds of steps in small batches
    leaves the loss at chance, log(out_dim), unless out_dim is a few hundred and the head has batch norm.
    """

    out_dim: int = option(65536, PAPER + ", section 3.2", "outputs of the head, K; few for a short run", gt=1)
    hidden: int = option(2048, PAPER + ", section 3.2", "width of the head's hidden layers", gt=0)
    bottleneck: int = option(256, PAPER + ", section 3.2", "width of the head before its outputs", gt=0)
    head_norm: bool = option(
        default=False, source="release: use_bn_in_head", text="batch norm in the head; a short run learns sooner"
    )
    norm_last_layer: bool = option(
        default=True,
        source="release: norm_last_layer",
        text="keep the length of the last layer's weights at 1; off learns sooner and is less stable",
    )
    freeze_epochs: int = option(
        1, "release: freeze_last_layer", "epochs in which the head's last layer is not trained", ge=0
    )
    student_temperature: float = option(0.1, PAPER + ", section 3.2", "temperature of the student's softmax", gt=0)
    teacher_temperature: float = option(0.04, PAPER + ", section 3.2", "the teacher's, at the start", gt=0)
    teacher_temperature_end: float = option(0.07, PAPER + ", section 3.2", "the teacher's, after its warm-up", gt=0)
    teacher_warmup_epochs: int = option(
        30, PAPER + ", section 3.2", "epochs in which the teacher's temperature goes in a line to its end", ge=0
    )
    centre_momentum: float = option(
        0.9, PAPER + ", table 14", "share of the old centre of the teacher's outputs", ge=0, lt=1
    )
    momentum: float = option(
        0.996,
        PAPER + ", section 3.1",
        "share of the old teacher at the start; rises to 1 as a cosine",
        ge=0,
        le=1,
    )
    clip: float | None = option(3.0, LIGHTLY, "largest norm of the gradient; none leaves it as it is", gt=0)
    lr: float = option(0.03, LIGHTLY + ", at a batch of 256", "learning rate of SGD", gt=0)
    weight_decay: float = option(1e-4, LIGHTLY, "not applied to norms and biases", ge=0)
    warmup_epochs: int = option(
        10, PAPER + ", section 3.2", "epochs of rising learning rate, at most a tenth of the run", ge=0
    )

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def own_recipes(self) -> dict[str, Recipe]:
        """The second view is hardly blurred, and solarised at times."""
        return {"first": self.adapted(recipes.DINO_1), "second": self.adapted(recipes.DINO_2)}

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through both networks."""
        return ViewsPerTile(2, 2)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The teacher's momentum at the start."""
        del tiles
        return {"momentum": updates.momentum_within(steps, self.momentum)}

    def facts(self, tiles: int) -> Facts:
        """Steps, warm-up, and how far the teacher moves."""
        length = self.length(tiles)
        teacher = updates.teacher_facts(length.steps, updates.cosine_left(length.steps, self.momentum))
        return super().facts(tiles) | updates.warmup_facts(self.warmup_epochs, length) | teacher
