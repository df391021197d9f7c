"""Options of VICReg."""

from bench.pretraining.facts import ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options.contrastive import LarsOptions

PAPER = "Bardes et al. 2022, section 4.2"


class VICRegOptions(LarsOptions):
    """Options of VICReg (Bardes et al. 2022); learning rate is that of a batch of 256 and scales with the batch.

    Every pair of the projected vector's numbers is decorrelated. A batch of 64 tells no more than 63 numbers apart, so
    a small batch asks for a small `dim`, or a small `covariance`.
    """

    lr: float = option(0.2, PAPER, "learning rate of LARS", gt=0)
    hidden: int = option(8192, PAPER, "width of the head's hidden layers", gt=0)
    dim: int = option(8192, PAPER, "length of the projected vector", gt=1)
    invariance: float = option(25.0, PAPER, "weight of the squared difference of the two views, lambda", ge=0)
    variance: float = option(25.0, PAPER, "weight of the hinge on the spread of each number, mu", ge=0)
    covariance: float = option(1.0, PAPER, "weight of the squared covariances of two numbers, nu", ge=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through the one network."""
        return ViewsPerTile(2, 0)

    def own_recipes(self) -> dict[str, Recipe]:
        """Both views are alike."""
        return {"both": self.adapted(recipes.VICREG)}
