"""What a head is made of, as an OpenMMLab model without backbone and preprocessor."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mmengine.registry import DefaultScope

from bench.core.errors import StudyError


@dataclass(frozen=True)
class Parts:
    """A head, or a detector, as a model takes it.

    Attributes:
        kind: class of the model.
        levels: positions of the backbone's maps that it reads.
        model: what `kind` takes beside `backbone` and `data_preprocessor`.
        scope: library in whose registry types that are names are looked up.
        theirs: whether a user wrote the model, whose mistakes are to be told.
    """

    kind: type[Any]
    levels: list[int]
    model: dict[str, Any]
    scope: str
    theirs: bool = False

    def build(self, backbone: dict[str, Any], preprocessor: Any) -> Any:
        """The model.

        Args:
            backbone: type and arguments of the module that gives the maps.
            preprocessor: what turns a batch into the model's input.

        Raises:
            StudyError: the user's model cannot be built.
        """
        given = {"backbone": {**backbone, "out_indices": self.levels}, "data_preprocessor": preprocessor}
        with within(self.scope):
            if not self.theirs:
                return self.kind(**given, **self.model)
            try:
                return self.kind(**given, **self.model)
            except (TypeError, ValueError, KeyError, AttributeError, AssertionError, NotImplementedError) as problem:
                why = " ".join(str(problem).split()) or type(problem).__name__
                raise StudyError(f"the config of network.{self.scope} cannot be built: {why}") from None


@contextmanager
def within(scope: str) -> Iterator[None]:
    """Look types up in the registry of a library; a Runner leaves its own behind."""
    with DefaultScope.overwrite_default_scope(scope):
        yield
