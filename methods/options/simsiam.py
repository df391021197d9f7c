"""Options of SimSiam."""

from bench.pretraining.facts import ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options.contrastive import TwoViewOptions

PAPER = "Chen and He 2021, section 3"


class SimSiamOptions(TwoViewOptions):
    """Options of SimSiam (Chen and He 2021); learning rate is that of a batch of 256 and scales with the batch."""

    lr: float = option(0.05, PAPER, "learning rate of SGD", gt=0)
    weight_decay: float = option(1e-4, PAPER, "not applied to norms and biases", ge=0)
    hidden: int = option(2048, PAPER, "width of the projector's hidden layers", gt=0)
    dim: int = option(2048, PAPER, "length of the projected vector", gt=0)
    bottleneck: int = option(512, PAPER, "width of the predictor's hidden layer", gt=0)
    predictor_decay: bool = option(
        default=False, source=PAPER + ", table 1", text="let the predictor's rate fall with the others'"
    )

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through the one network."""
        return ViewsPerTile(2, 0)

    def own_recipes(self) -> dict[str, Recipe]:
        """MoCo v2's."""
        return {"both": self.adapted(recipes.MOCO_V2)}
