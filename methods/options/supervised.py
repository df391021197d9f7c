"""Options of plain supervised pretraining."""

from typing import ClassVar

from bench.pretraining.options import Facts, ViewsPerTile, option
from bench.pretraining.views import Recipe, upright
from methods.augment import recipes
from methods.options import updates
from methods.options.labelled import LabelledOptions

REFERENCE = "torchvision's reference training of ResNet"


class SupervisedOptions(LabelledOptions):
    """Options of supervised pretraining; learning rate is that of a batch of 256 and scales with the batch."""

    METHOD: ClassVar[str] = "supervised"

    epochs: int = option(90, REFERENCE, "passes over as many pictures as the corpus has tiles", gt=0)
    batch: int = option(256, REFERENCE + ", 8 GPUs x 32 pictures", "pictures in one step", gt=1)
    aerial: bool = option(
        default=False,
        source="ours: a view from above has no upright",
        text="the pictures are seen from above, so that views may be turned and flipped up-down",
    )
    lr: float = option(0.1, REFERENCE, "learning rate of SGD at a batch of 256", gt=0)
    weight_decay: float = option(1e-4, REFERENCE, "applied to norms and biases too", ge=0)
    warmup_epochs: int = option(0, REFERENCE, "epochs of rising learning rate, at most a tenth of the run", ge=0)

    def own_recipes(self) -> dict[str, Recipe]:
        """Crops and mirror images; with `aerial` as the other methods' views with theirs."""
        return {"pictures": recipes.aerial(recipes.SUPERVISED) if self.aerial else recipes.SUPERVISED}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        kept = "views that keep the picture's class"
        return kept if self.aerial else f"{kept}; pictures from the ground have an upright"

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """Photographs from the ground are neither turned nor stood on their heads."""
        del view
        return recipe if self.aerial else upright(recipe)

    def views_per_tile(self) -> ViewsPerTile:
        """A picture in the place of each tile."""
        return ViewsPerTile(1, 0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def facts(self, tiles: int) -> Facts:
        """Steps, and the warm-up among them; no tile is looked at."""
        return super().facts(tiles) | Facts({"tiles": 0}) | updates.warmup_facts(self.warmup_epochs, self.length(tiles))
