"""Options of plain supervised pretraining."""

from typing import Any, ClassVar

from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts, Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe, upright
from methods.augment import recipes
from methods.options import updates
from methods.options.labelled import LabelledOptions

CORPUS = "corpus"
"""What `labelled` says for the class folders of the corpus itself."""

REFERENCE = "torchvision's reference training of ResNet"


class SupervisedOptions(LabelledOptions):
    """Options of supervised pretraining; learning rate is that of a batch of 256 and scales with the batch."""

    METHOD: ClassVar[str] = "supervised"

    labelled: str | None = option(
        None,
        "paper: ImageNet",
        "folder of labelled pictures, one folder a class, or `demo-natural`; `corpus` for the class folders of the "
        "corpus' own images",
    )
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

    @property
    def on_tiles(self) -> bool:
        """Whether the corpus' own tiles are the labelled pictures."""
        return self.labelled == CORPUS

    @property
    def from_above(self) -> bool:
        """Whether the pictures have no upright."""
        return self.aerial or self.on_tiles

    def labelled_identity(self, named: str) -> str:
        """Class folders of the corpus enter by `content_of`, which knows the corpus."""
        return CORPUS if self.on_tiles else super().labelled_identity(named)

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:
        """The labels of the tiles, where they are learned."""
        return {"labels_hash": corpus.labels.hash} if self.on_tiles and corpus.labels else {}

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a corpus without class folders where they are to be learned."""
        super().check(corpus)
        if self.on_tiles and corpus.labels is None:
            raise StudyError(
                "option labelled=corpus needs a corpus of images in two class folders or more: build one with bench corpus "
                "build --images, or name a folder of labelled pictures"
            )

    def own_recipes(self) -> dict[str, Recipe]:
        """Crops and mirror images; with `aerial` as the other methods' views with theirs."""
        return {"pictures": recipes.aerial(recipes.SUPERVISED) if self.from_above else recipes.SUPERVISED}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        kept = "views that keep the picture's class"
        return kept if self.from_above else f"{kept}; pictures from the ground have an upright"

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """Photographs from the ground are neither turned nor stood on their heads."""
        del view
        return recipe if self.from_above else upright(recipe)

    def views_per_tile(self) -> ViewsPerTile:
        """A picture in the place of each tile, or the tile itself."""
        return ViewsPerTile(1, 0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def facts(self, tiles: int) -> Facts:
        """Steps, and the warm-up among them; no tile is looked at unless the tiles are the pictures."""
        looked_at = Facts() if self.on_tiles else Facts({"tiles": 0})
        return super().facts(tiles) | looked_at | updates.warmup_facts(self.warmup_epochs, self.length(tiles))
