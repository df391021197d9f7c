"""Options of methods that learn from a folder of labelled pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Self

from bench.core.bands import COLOURS
from bench.core.errors import StudyError
from bench.corpus.registry import registry as corpora
from bench.pretraining.facts import CorpusFacts
from bench.pretraining.labelled import list_images
from bench.pretraining.options import option
from methods.options.views import ViewOptions


class LabelledOptions(ViewOptions):
    """The labelled pictures: where they are, and how they enter a key.

    Attributes:
        METHOD: the method's name, for messages.
    """

    METHOD: ClassVar[str]

    labelled: str | None = option(
        None, "paper: ImageNet", "folder of labelled pictures, one folder a class, or `demo-natural`"
    )

    def offers(self) -> frozenset[str]:
        """The labelled pictures come by option, not by corpus."""
        return frozenset({"labelled"} if self.labelled else ())

    def fetch(self, make: Callable[[str], str]) -> Self:
        """Labelled pictures that the corpus registry names are made where they are absent."""
        named = self.labelled in corpora.all()
        return self.model_copy(update={"labelled": make(str(self.labelled))}) if named else self

    def remedy(self, need: str) -> str | None:
        """Labelled pictures are named by an option."""
        return f"set options.{self.METHOD}.labelled" if need == "labelled" else None

    def identity(self) -> dict[str, Any]:
        """The labelled set enters by its content."""
        if self.labelled is None:
            raise StudyError(
                f"{self.METHOD}: option labelled is not set: set options.{self.METHOD}.labelled to an image folder"
            )
        return super().identity() | {"labelled": self.labelled_identity(self.labelled)}

    def labelled_identity(self, named: str) -> str:
        """Hash of the folder that the option names."""
        return list_images(Path(named)).hash

    @property
    def learns_labels(self) -> bool:
        """Where the tiles are the labelled pictures."""
        return self.on_tiles

    @property
    def on_tiles(self) -> bool:
        """Whether the corpus' own tiles are the labelled pictures."""
        return False

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a corpus of other bands than the pictures have."""
        super().check(corpus)
        if not self.on_tiles and corpus.bands.names != COLOURS:
            raise StudyError(
                f"{self.METHOD} learns from labelled pictures in red, green and blue, the corpus has {corpus.bands}: "
                f"leave {self.METHOD} out, or build a corpus of red, green and blue"
            )
