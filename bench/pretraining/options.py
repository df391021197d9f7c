"""Options of a pretraining method, with their sources; torch-free, so that a study is checked before anything loads."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench.backbones import BackboneSpec
from bench.backbones.normalisation import IMAGENET, Channels, Normalisation, normalisation_of
from bench.backbones.sources import IMAGENET as PUBLISHED
from bench.backbones.sources import RANDOM, identify
from bench.core.arithmetic import Precision, in_key
from bench.core.bands import COLOURS, RGB, Bands
from bench.core.errors import StudyError
from bench.pretraining.facts import CorpusFacts, Facts, ImageFacts, Length, ViewsPerTile
from bench.pretraining.views import Views

if TYPE_CHECKING:
    from bench.corpus.storage.reader import Corpus


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

    @property
    def learns_labels(self) -> bool:
        """Whether the method learns labels of the corpus' tiles that are not its land cover."""
        return False

    def remedy(self, need: str) -> str | None:  # noqa: ARG002 - overridden where it matters
        """How a user meets a need of the method by its options; None where only the corpus can."""
        return None

    def starts_at(self) -> str:
        """Where the backbone's weights start: `random`, `imagenet` or a file."""
        return RANDOM

    def identity(self) -> dict[str, Any]:
        """The options as they enter a key: files by their content, and without what cannot change the weights.

        Raises:
            WeightsError, StudyError: a file that an option names is absent.
        """
        return self.model_dump(mode="json")

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:  # noqa: ARG002 - overridden where it matters
        """What the options make a method read of a corpus that the corpus' hash does not cover; joins `identity`."""
        return {}

    def input_of(self, images: ImageFacts) -> dict[str, Any]:
        """The input statistics that follow from the images and not from the options alone; joins `identity`."""
        used = self.normalisation(images)
        return {} if used.same(self.normalisation()) else {"input": {"mean": list(used.mean), "std": list(used.std)}}

    def reads_corpus(self, backbone: BackboneSpec) -> bool:  # noqa: ARG002 - overridden where it matters
        """Whether a method that needs no corpus reads the study's, where it has one, for this backbone."""
        return False

    def fetch(self, make: Callable[[str], str]) -> Self:  # noqa: ARG002 - as above
        """The options with what they name by a registered word replaced by its folder.

        Args:
            make: from a name in the corpus registry to its folder, which is made when it is absent.
        """
        return self

    def supervise(self, corpus: "Corpus", seed: int) -> "Corpus":  # noqa: ARG002 - as above
        """The corpus as the method is to see it, in a pretraining with this seed."""
        return corpus

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse options that cannot work on this corpus.

        Raises:
            StudyError: says which option, its value, and what to do.
        """

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """Refuse a network that the method cannot train.

        Raises:
            StudyError: says what the network lacks, and what to do.
        """

    def check_start(self, backbone: str, bands: Bands) -> None:
        """Refuse weights that a backbone cannot start from; published ones are fetched into the cache.

        Raises:
            WeightsError: as `bench.backbones.initial.load_initial`.
        """
        if self.starts_at() != RANDOM:
            from bench.backbones.initial import check_initial  # torch, where a row starts from weights

            check_initial(backbone, self.starts_at(), len(bands))

    def loaded(self, backbone: str, bands: Bands) -> Facts:  # noqa: ARG002 - overridden where it matters
        """What a backbone takes of the weights that it starts from, where that is known before it runs."""
        return Facts()

    def check_bands(self, bands: Bands) -> None:
        """Refuse options that do not fit images of these bands.

        Raises:
            StudyError: says which option, its value, and what to do.
        """

    def views_per_tile(self) -> ViewsPerTile:
        """What a tile costs; nothing where no network sees it, or where a method does not say."""
        return ViewsPerTile(0, 0)

    def augmentation(self) -> Views | None:
        """What the method's views are made of; None for what is not trained on views."""
        return None

    def facts(self, tiles: int) -> Facts:
        """What is known of a run on a corpus of so many tiles before it runs; nothing of an initialisation."""
        del tiles
        return Facts()

    def normalisation(self, images: ImageFacts | None = None) -> Normalisation:
        """The input statistics that the weights are trained with, and that whoever uses them must feed.

        Args:
            images: what the network sees. A random start on bands other than 8-bit red, green and blue takes their own
                statistics, else ImageNet's.
        """
        if images is not None and images.bands != RGB and self.starts_at() == RANDOM:
            return Normalisation(images.mean, images.std, "the corpus' own", images.bands.names)
        return normalisation_of(self.starts_at())


class StartOptions(PretrainOptions):
    """Options of whatever starts from weights: the statistics of their input."""

    mean: Channels | None = option(
        None,
        "ours",
        "input mean of each band in [0, 1], such as red, green, blue; none takes that of the weights it starts from",
    )
    std: Channels | None = option(
        None,
        "ours",
        "input s.d. of each band in [0, 1], such as red, green, blue; none takes that of the weights it starts from",
    )

    @model_validator(mode="after")
    def _mean_and_std(self) -> Self:
        if (self.mean is None) != (self.std is None):
            raise ValueError("mean and std are stated together or not at all")
        if self.mean is not None and self.std is not None and not len(self.mean) == len(self.std) >= 1:
            raise ValueError("mean and std have one value a band each, at least one")
        if self.std is not None and min(self.std) <= 0:
            raise ValueError("std must be positive")
        return self

    def normalisation(self, images: ImageFacts | None = None) -> Normalisation:
        """The stated statistics, else those of the weights it starts from."""
        if self.mean is not None and self.std is not None:
            names = () if images is None else images.bands.names
            return Normalisation(self.mean, self.std, "stated by options mean and std", names)
        return super().normalisation(images)

    def check_bands(self, bands: Bands) -> None:
        """Refuse weights and input statistics of other bands."""
        start = self.starts_at()
        if start == PUBLISHED and bands.names != COLOURS:
            raise StudyError(
                f"ImageNet's weights take red, green and blue, the images have {bands}: start from random, or from a file "
                "of weights for these bands"
            )
        if self.mean is None and (bands == RGB or start == RANDOM):
            return
        self.check_input(self.normalisation(), bands)

    def check_input(self, used: Normalisation, bands: Bands) -> None:
        """Refuse input statistics of other bands.

        Raises:
            StudyError: says whose they are, and what to state.
        """
        if len(used.mean) != len(bands):
            raise StudyError(
                f"input statistics ({used.source}) are of {len(used.mean)} bands, the images have {bands}: "
                "state options mean and std with a value for each band"
            )
        if bands != RGB and used.same(IMAGENET):
            raise StudyError(
                f"ImageNet's input statistics are of 8-bit red, green and blue, the images have {bands}: "
                "state options mean and std"
            )

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse weights and input statistics of other bands than the corpus has."""
        super().check(corpus)
        self.check_bands(corpus.bands)

    def identity(self) -> dict[str, Any]:
        """As every method's; input statistics enter as `input` where they are not ImageNet's."""
        values = super().identity()
        del values["mean"], values["std"]
        used = self.normalisation()
        return values if used.same(IMAGENET) else values | {"input": {"mean": list(used.mean), "std": list(used.std)}}


class TrainingOptions(StartOptions):
    """Options that every method that trains has."""

    epochs: int = option(100, "ours: the papers differ", "passes over the corpus", gt=0)
    steps: int | None = option(
        None,
        "ours: a study's budget sets it",
        "optimiser steps in place of epochs; what the recipe counts in epochs scales with them",
        gt=0,
    )
    views: Literal["paper", "common"] = option(
        "paper", "ours: a study's views set it", "the method's own augmentation, or that which all methods share"
    )
    batch: int = option(256, "ours: the papers differ", "tiles in one step", gt=1)
    size: int = option(224, "ours: the papers differ", "side of the views fed to the network, pixels", ge=32)
    precision: Precision = option(
        "auto",
        "ours: a study's precision sets it",
        "bf16 autocast always, or never (fp32); auto as the study says; tf32 is a GPU's, and in no other",
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
        """As every method's; a file to start from enters by its content, and compiling does not.

        Where steps are stated, epochs are those that the recipe is laid out for; the method's own views are not named.
        """
        values = super().identity() | {"precision": in_key(self.precision)}
        del values["compile"]
        if self.steps:
            values["recipe_epochs"] = values.pop("epochs")
        else:
            del values["steps"]
        if self.views == "paper":
            del values["views"]
        return values | {"init": identify(self.init)}

    def starts_at(self) -> str:
        """Option `init`."""
        return self.init

    def peak_lr(self) -> float | None:
        """Learning rate that the optimiser is given, scaled with the batch; None where the options do not tell."""
        return None

    def length(self, tiles: int) -> Length:
        """Steps on a corpus of so many tiles: whole batches only, so an epoch's last tiles may be left out."""
        per_epoch = tiles // self.batch
        if self.steps:
            return Length(self.steps, min(self.steps, per_epoch), self.epochs)
        return Length(steps=per_epoch * self.epochs, steps_per_epoch=per_epoch)

    def scaled(self, steps: int, tiles: int) -> Self:
        """These options for a run of so many steps on a corpus of so many tiles.

        Defaults that fit the recipe's own length only follow the rule of docs/decisions/050; what was stated stays.
        """
        fitting = self.fitting(steps, tiles)
        free = {name: value for name, value in fitting.items() if name not in self.model_fields_set}
        return self.model_copy(update={"steps": steps, **free})

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:  # noqa: ARG002 - overridden where it matters
        """Options of the recipe that depend on the run's length, with the values for so many steps."""
        return {}

    def augmentation(self) -> Views:
        """Nothing is said of the views, unless the method does."""
        return Views()

    def facts(self, tiles: int) -> Facts:
        """Steps, tiles that they read, and views of them that go through student and teacher."""
        steps = self.length(tiles).steps
        views, read = self.views_per_tile(), steps * self.batch
        counted = {"student_views": views.student * read, "teacher_views": views.teacher * read} if any(views) else {}
        return Facts({"steps": steps, "tiles": read, **counted})

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a batch that the corpus cannot fill once, and a start from other bands."""
        super().check(corpus)
        if self.batch > len(corpus):
            raise StudyError(
                f"option batch={self.batch} is larger than the corpus ({len(corpus)} tiles): "
                "lower pretrain.batch in the study"
            )
