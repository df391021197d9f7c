"""Input statistics: what a network's images are normalised with. They belong to its weights, never to its structure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from bench.backbones.sources import IMAGENET as PUBLISHED
from bench.backbones.sources import RANDOM
from bench.core.bands import COLOURS, Bands
from bench.core.errors import WeightsError
from bench.core.published import Published

# One value a band.
Channels = tuple[float, ...]

# Names of the description of the input, in a card and in the header of a safetensors file; of a card's file.
INPUT = "input"
CARD = "card.json"


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each band, for images in [0, 1], and where they are known from.

    An image in [0, 1] is what is stored divided by the largest value of its type: 255 of uint8, 65535 of uint16.

    Attributes:
        mean: of each band.
        std: standard deviation of each band, as many.
        source: where they are known from.
        bands: names of the bands in order. By default three are red, green and blue, other numbers are counted from 1.
    """

    mean: Channels
    std: Channels
    source: str = ""
    bands: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.bands:
            count = len(self.mean)
            names = COLOURS if count == len(COLOURS) else tuple(str(band) for band in range(1, count + 1))
            object.__setattr__(self, "bands", names)
        if not self.mean or not len(self.mean) == len(self.std) == len(self.bands):
            raise ValueError(f"{len(self.mean)} means, {len(self.std)} s.d. and {len(self.bands)} bands")

    def same(self, other: "Normalisation") -> bool:
        """Whether two normalise alike, wherever they are known from."""
        return (self.mean, self.std) == (other.mean, other.std)

    def fits(self, bands: Bands) -> bool:
        """Whether it is of images of these bands; where it does not name its own, only the number is known."""
        counted = tuple(str(number) for number in range(1, len(bands) + 1))
        return self.bands in (bands.names, counted)

    def to_json(self) -> dict[str, Any]:
        """As it stands in a card."""
        channels = "RGB" if self.bands == COLOURS else list(self.bands)
        values = {"mean": list(self.mean), "std": list(self.std), "range": [0, 1], "channels": channels}
        return values | ({"source": self.source} if self.source else {})

    @classmethod
    def from_json(cls, values: Mapping[str, Any], source: str) -> "Normalisation":
        """As `to_json` wrote it.

        Raises:
            WeightsError: `values` are no such description.
        """
        try:
            mean, std = (tuple(map(float, values[name])) for name in ("mean", "std"))
            channels = values.get("channels", "RGB")
            return cls(mean, std, source, () if channels == "RGB" else tuple(map(str, channels)))
        except (KeyError, TypeError, ValueError):
            raise WeightsError(f"{source} does not say mean and std of every band: write or state them") from None


# torchvision's published weights were trained with these (its reference training script).
IMAGENET = Normalisation((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "torchvision's published weights")
# Images in [0, 1] as they are.
UNIT = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "images in [0, 1]")


def normalisation_of(init: str) -> Normalisation:
    """What the weights at a starting point were trained with.

    A file says so in the header of a `.safetensors` (as `bench weights export` writes it) or in the `card.json` beside
    it (as in a store). ImageNet's are assumed of a file that does not say, and are the convention of a random start.

    Raises:
        WeightsError: the file's own description cannot be read.
    """
    if init == PUBLISHED:
        return IMAGENET
    if init == RANDOM:
        return Normalisation(IMAGENET.mean, IMAGENET.std, "ours: ImageNet's by convention, nothing was trained before")
    path = Path(init)
    said = _in_header(path) or _in_card(path)
    if said is None:
        return Normalisation(IMAGENET.mean, IMAGENET.std, f"assumed: {path.name} does not say its own")
    return said


def published_with(entry: Published, values: str) -> Normalisation | None:
    """The input statistics of published weights for images of this type of values; None where they are of another."""
    if entry.input.of != values:
        return None
    most = 255 if values == "uint8" else 65535
    mean, std = (tuple(round(each / most, 9) for each in every) for every in (entry.input.mean, entry.input.std))
    names = COLOURS if len(mean) == len(COLOURS) else entry.channels
    return Normalisation(mean, std, f"published with {entry.name}", names)


def _in_header(path: Path) -> Normalisation | None:
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get(INPUT)
        return None if text is None else Normalisation.from_json(json.loads(text), path.name)
    except (OSError, ValueError, SafetensorError):
        return None  # what is wrong with the file is said where its weights are read


def _in_card(path: Path) -> Normalisation | None:
    card = path.with_name(CARD)
    if not card.is_file():
        return None
    try:
        return Normalisation.from_json(json.loads(card.read_text())[INPUT], f"{CARD} beside {path.name}")
    except (OSError, ValueError, KeyError, TypeError):
        raise WeightsError(f"{card} does not say the input statistics of {path.name}: mend it or move it") from None
