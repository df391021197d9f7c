"""Corpora by name: those that the harness, or another package, can make when a study first asks for them."""

from dataclasses import dataclass
from pathlib import Path

from bench.core.context import Say
from bench.core.registry import Registry, Spec


@dataclass(frozen=True, kw_only=True)
class CorpusSpec(Spec):
    """One corpus, or other pretraining input, that is made on this machine.

    Attributes:
        factory: `module:function` of `(home, say) -> folder`, which makes the folder below the data folder `home`, or
            finds it there.
    """

    def make(self, home: Path, say: Say) -> Path:
        """The folder of what it names, made when it is absent."""
        folder: Path = self.load()(home, say)
        return folder


registry = Registry(
    "corpora",
    "corpus",
    [
        CorpusSpec(
            name="demo",
            summary="Synthetic georeferenced scenes with GlobeLand30-style land cover, in tiles of 64 pixels.",
            factory="bench.demo.corpora:corpus",
        ),
        CorpusSpec(
            name="demo-held-out",
            summary="Scenes of the same synthetic world at other places, to probe features on.",
            factory="bench.demo.corpora:held_out",
        ),
        CorpusSpec(
            name="demo-natural",
            summary="Labelled synthetic ground photographs, an image folder, for methods that learn from labels too.",
            factory="bench.demo.sets:ensure_natural",
        ),
    ],
)
get = registry.get
