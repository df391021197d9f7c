"""Options of a pretraining method, with their sources; torch-free, so that a study is checked before anything loads."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bench.backbones.sources import RANDOM, identify
from bench.errors import StudyError

if TYPE_CHECKING:
    from bench.corpus.manifest import ControlEntry
    from bench.corpus.reader import Corpus


class CorpusFacts(Protocol):
    """What an option may be checked against."""

    @property
    def has_landcover(self) -> bool:
        """Whether every tile has land-cover proportions."""
        ...

    @property
    def controls(self) -> "Mapping[str, ControlEntry]":
        """Land cover that is not the tiles' own, by name, each with its hash."""
        ...

    def __len__(self) -> int:
        """Number of tiles."""
        ...


def option(default: Any, source: str, text: str, **limits: Any) -> Any:
    """Declare one option.

    Args:
        default: value used where a study says nothing.
        source: where the default comes from: a paper's section, `release`, or `ours` with the reason.
        text: what the option does, one line.
        limits: pydantic's bounds, such as `gt=0`.
    """
    return Field(default=default, description=text, json_schema_extra={"source": source}, **limits)


class PretrainOptions(BaseModel):
    """Options that every method has; an initialisation has no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def offers(self) -> frozenset[str]:
        """Needs of a method that its options meet and the corpus need not."""
        return frozenset()

    def identity(self) -> dict[str, Any]:
        """The options as they enter a key: files by their content, and without what cannot change the weights.

        Raises:
            WeightsError, StudyError: a file that an option names is absent.
        """
        return self.model_dump(mode="json")

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:  # noqa: ARG002 - overridden where it matters
        """What the options make a method read of a corpus that the corpus' hash does not cover; joins `identity`."""
        return {}

    def supervise(self, corpus: "Corpus", seed: int) -> "Corpus":  # noqa: ARG002 - as above
        """The corpus as the method is to see it, in a pretraining with this seed."""
        return corpus

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse options that cannot work on this corpus.

        Raises:
            StudyError: says which option, its value, and what to do.
        """


class TrainingOptions(PretrainOptions):
    """Options that every method that trains has."""

    epochs: int = option(100, "ours: the papers differ", "passes over the corpus", gt=0)
    batch: int = option(256, "ours: the papers differ", "tiles in one step", gt=1)
    size: int = option(224, "ours: the papers differ", "side of the views fed to the network, pixels", ge=32)
    precision: Literal["auto", "fp32", "bf16"] = option(
        "auto", "ours", "bf16 autocast where the processor computes it natively (auto), never, or always"
    )
    init: str = option(
        RANDOM,
        "ours; GeoKR* in its paper is init: imagenet",
        "where the backbone starts: random, imagenet, or a .pth or .safetensors file",
    )
    compile: bool = option(
        default=False, source="ours", text="compile the backbone with torch.compile; needs a C++ compiler on a CPU"
    )

    def identity(self) -> dict[str, Any]:
        """As every method's; a file to start from enters by its content, and compiling does not."""
        values = super().identity()
        del values["compile"]
        return values | {"init": identify(self.init)}

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a batch that the corpus cannot fill once."""
        if self.batch > len(corpus):
            raise StudyError(
                f"option batch={self.batch} is larger than the corpus ({len(corpus)} tiles): "
                "lower pretrain.batch in the study"
            )
