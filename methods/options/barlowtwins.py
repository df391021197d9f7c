"""Options of Barlow Twins."""

from bench.pretraining.facts import ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options.contrastive import LarsOptions

PAPER = "Zbontar et al. 2021, section 2"


class BarlowTwinsOptions(LarsOptions):
    """Options of Barlow Twins (Zbontar et al. 2021); learning rate is that of a batch of 256 and scales with the batch.

    As for VICReg, a small batch tells few numbers apart: `dim` of some hundreds will do.
    """

    lr: float = option(0.2, PAPER, "learning rate of LARS", gt=0)
    weight_decay: float = option(1.5e-6, PAPER, "not applied to norms and biases", ge=0)
    hidden: int = option(8192, PAPER, "width of the head's hidden layers", gt=0)
    dim: int = option(8192, PAPER, "length of the projected vector", gt=1)
    redundancy: float = option(5e-3, PAPER, "weight of correlations of two numbers, lambda", ge=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through the one network."""
        return ViewsPerTile(2, 0)

    def own_recipes(self) -> dict[str, Recipe]:
        """BYOL's."""
        return {"first": self.adapted(recipes.BYOL_1), "second": self.adapted(recipes.BYOL_2)}
