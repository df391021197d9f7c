"""Options of DenseCL."""

from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options.contrastive import QueueOptions

PAPER = "Wang et al. 2021, section 3"


class DenseCLOptions(QueueOptions):
    """Options of DenseCL (Wang et al. 2021): MoCo v2's, and the share of the positions' loss.

    The queue is one of tiles and one of their positions, as long as each other.
    """

    family = "densecl"

    dense: float = option(
        0.5, PAPER, "share of the positions' loss, lambda of Eq. 3; the tile's has the rest", ge=0, le=1
    )
    temperature: float = option(0.2, PAPER, "temperature of InfoNCE", gt=0)
    hidden: int = option(2048, PAPER, "width of the heads' hidden layers", gt=0)

    def own_recipes(self) -> dict[str, Recipe]:
        """MoCo v2's."""
        return {"both": self.adapted(recipes.MOCO_V2)}
