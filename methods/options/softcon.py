"""Options of SoftCon."""

from typing import Literal

from bench.pretraining.facts import ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options.contrastive import SimCLROptions
from methods.options.geokr import LandCoverOptions

ABSTRACT = "Wang et al. 2024"


class SoftConOptions(SimCLROptions, LandCoverOptions):
    """Options of SoftCon in the frame of SimCLR: head, optimiser and schedule are SimCLR's."""

    epochs: int = option(100, ABSTRACT, "passes over the corpus", gt=0)
    form: Literal["softmax", "sigmoid"] = option(
        "softmax",
        "ours: the paper's formula is not at hand",
        "cross-entropy of each view's likeness to the others, or binary cross-entropy of every pair",
    )
    presence: float | None = option(
        0.2,
        "ours: the paper's labels are the classes that a map shows in an image, their least share is not at hand",
        "share of a tile from which a class is one of its labels; none compares the shares themselves",
        gt=0,
        le=1,
    )
    temperature: float = option(0.5, "ours: decision 081", "divides the cosines of projected vectors", gt=0)

    def own_recipes(self) -> dict[str, Recipe]:
        """Both views are alike, MoCo v2's: the paper's are not at hand."""
        return {"both": self.adapted(recipes.MOCO_V2)}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "two views of a tile; that a crop may lose a class is borne"

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """The crop stays: only likenesses of labels are learned, not shares of the tile."""
        del view
        return recipe

    def views_per_tile(self) -> ViewsPerTile:
        """Both views go through the one network."""
        return ViewsPerTile(2, 0)
