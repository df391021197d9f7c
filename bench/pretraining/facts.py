"""What is known of a pretraining before it runs: its images, its length and what it computes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bench.backbones.normalisation import Channels
from bench.core.bands import Bands

if TYPE_CHECKING:
    from bench.corpus.storage.labels import Labels
    from bench.corpus.storage.manifest import ControlEntry


class ImageFacts(Protocol):
    """What is known of a network's images: a corpus' tiles, or a data set's."""

    @property
    def bands(self) -> Bands:
        """Names of their bands, and the type of the values."""
        ...

    @property
    def mean(self) -> Channels:
        """Mean of each band, in [0, 1]."""
        ...

    @property
    def std(self) -> Channels:
        """Standard deviation of each band, in [0, 1]."""
        ...


class CorpusFacts(ImageFacts, Protocol):
    """What an option may be checked against."""

    @property
    def has_landcover(self) -> bool:
        """Whether every tile has land-cover proportions."""
        ...

    @property
    def controls(self) -> "Mapping[str, ControlEntry]":
        """Land cover that is not the tiles' own, by name, each with its hash."""
        ...

    @property
    def labels(self) -> "Labels | None":
        """A class of every tile, where the corpus is of images in class folders."""
        ...

    @property
    def maps_hash(self) -> str | None:
        """Hash of the maps of land cover under the tiles; None without."""
        ...

    def __len__(self) -> int:
        """Number of tiles."""
        ...


@dataclass(frozen=True)
class Length:
    """How long a training is.

    Attributes:
        steps: in all.
        steps_per_epoch: in one pass over the corpus; at most all.
        recipe_epochs: of a run that counts steps and not epochs, the epochs that its recipe is laid out for; each is an
            equal share of the run. None where the run's own epochs are meant.
    """

    steps: int
    steps_per_epoch: int
    recipe_epochs: int | None = None

    def epoch(self, step: int) -> int:
        """Epochs, as a recipe counts them, that are over after so many steps."""
        return step // self.steps_per_epoch if self.recipe_epochs is None else step * self.recipe_epochs // self.steps

    def steps_in(self, epochs: int) -> int:
        """Steps of so many epochs as a recipe counts them."""
        if self.recipe_epochs is None:
            return epochs * self.steps_per_epoch
        return epochs * self.steps // self.recipe_epochs


class ViewsPerTile(NamedTuple):
    """Images that a method feeds its networks with for each tile that it draws.

    Attributes:
        student: to the network that learns by gradient, other images than the tile's included.
        teacher: to a network that follows it; one that is exported but sees no image counts none.
    """

    student: int
    teacher: int


@dataclass(frozen=True)
class Facts:
    """What is known of a training before it runs.

    Attributes:
        values: numbers by name, such as `steps`, `teacher_updates` and `start_left`, the share of the teacher's start
            that its updates leave in it.
        warnings: named warnings, each with one line that says what makes the run doubtful.
    """

    values: dict[str, float] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)

    def __or__(self, other: "Facts") -> "Facts":
        """Both together."""
        return Facts(self.values | other.values, self.warnings | other.warnings)
