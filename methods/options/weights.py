"""Options of the method that takes the weights of a checkpoint as they are."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from bench.backbones import BackboneSpec
from bench.backbones.normalisation import IMAGENET, Normalisation, normalisation_of, published_with
from bench.backbones.sources import sha256_of
from bench.core.bands import RGB, Bands
from bench.core.errors import WeightsError
from bench.core.published import Published, entry_of
from bench.pretraining.facts import Facts, ImageFacts
from bench.pretraining.options import StartOptions, option

MEAN = "mean"


def _names(value: Any) -> Any:
    return tuple(map(str, value)) if isinstance(value, list) else value


class WeightsOptions(StartOptions):
    """Which weights of which file, and how they meet the images."""

    file: str = option(
        "",
        "ours: there is no default",
        "checkpoint of any library, see bench weights inspect FILE; or hub:NAME of bench weights list --published",
    )
    under: str | None = option(
        None, "ours", "keys that stand before the weights' names in the file, such as student; none finds them"
    )
    channels: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = option(
        None, "ours", "names of the channels that the file's first layer takes, in order, such as B1, B2, B3"
    )
    bands: Annotated[tuple[str, ...] | Literal["mean"] | None, BeforeValidator(_names)] = option(
        None, "ours", "the file's channel for each band of the images, such as B4, B3, B2; or mean, over all channels"
    )

    @property
    def entry(self) -> Published | None:
        """The published weights that `hub:NAME` stands for; None of a path."""
        return entry_of(self.file)

    def rules(self) -> tuple[str | None, tuple[str, ...] | None]:
        """Where the weights stand and which channels they take: as stated, else as published."""
        entry = self.entry
        if entry is None:
            return self.under, self.channels
        return self.under or entry.under, self.channels or entry.channels

    def path(self) -> Path:
        """The file.

        Raises:
            WeightsError: none is stated, or it is not there.
        """
        if not self.file:
            raise WeightsError("method weights takes the weights of a file: write weights: {NAME: FILE} in the study")
        entry = self.entry
        if entry is not None and not entry.path.is_file():
            raise WeightsError(f"{entry.path} is not there: fetch it with bench weights fetch {entry.name}")
        path = Path(self.file) if entry is None else entry.path
        if not path.is_file():
            raise WeightsError(
                f"weights file {path} does not exist: correct `weights`, or the option file, that names it"
            )
        return path

    def starts_at(self) -> str:
        """The file."""
        return str(self.path())

    def check_start(self, backbone: str, bands: Bands) -> None:
        """Nothing more: `loaded` has looked at the file for the plan."""

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """Refuse a row without a file."""
        del backbone
        self.path()

    def check_bands(self, bands: Bands) -> None:
        """Refuse input statistics of other bands; `loaded` looks at the first layer."""
        self.check_input(self._normalisation(bands), bands)

    def identity(self) -> dict[str, Any]:
        """The file enters by its content; what is not stated does not."""
        values = {name: value for name, value in self.model_dump(mode="json").items() if value is not None}
        for name in ("mean", "std"):
            values.pop(name, None)
        values["file"] = sha256_of(self.path())
        used = self.normalisation()
        return values if used.same(IMAGENET) else values | {"input": {"mean": list(used.mean), "std": list(used.std)}}

    def normalisation(self, images: ImageFacts | None = None) -> Normalisation:
        """The stated statistics, else those that the file says, else ImageNet's as what is assumed."""
        return self._normalisation(RGB if images is None else images.bands)

    def _normalisation(self, bands: Bands) -> Normalisation:
        if self.mean is not None and self.std is not None:
            names = bands.names if len(bands) == len(self.mean) else ()
            return Normalisation(self.mean, self.std, "stated by options mean and std", names)
        entry, channels = self.entry, self.rules()[1]
        own = None if entry is None else published_with(entry, bands.values)
        said = own or normalisation_of(str(self.path()))
        if self.bands is None or len(said.mean) != len(channels or ()):
            return said
        from bench.backbones.foreign.first_layer import pick  # torch

        mean, std = (pick(values, channels, self.bands, len(bands)) for values in (said.mean, said.std))
        return Normalisation(mean, std, said.source, bands.names if len(bands) == len(mean) else ())

    def loaded(self, backbone: str, bands: Bands) -> Facts:
        """What the backbone takes of the file: shares and counts, and `partly-loaded` where something is missing.

        Raises:
            WeightsError: as `bench.backbones.foreign.loading.fit_foreign`.
        """
        from bench.backbones.foreign.loading import Source, fit_foreign, warnings_of  # torch

        under, channels = self.rules()
        found = fit_foreign(backbone, Source(self.path(), under, channels, self.bands), bands)
        values = {
            "loaded_share": found.share,
            "loaded_tensors": float(len(found.taken)),
            "left_over_tensors": float(len(found.left)),
            "missing_tensors": float(len(found.missing)),
        }
        return Facts(values, warnings_of(found, backbone))

    def check(self, corpus: Any) -> None:
        """As for any row that no corpus trains."""
        self.check_bands(corpus.bands)
