"""Options of initialisations, which train nothing."""

from typing import Any, Literal

from bench.backbones import BackboneSpec
from bench.backbones.normalisation import UNIT, Normalisation
from bench.backbones.sources import IMAGENET, identify
from bench.pretraining.facts import CorpusFacts, Facts, ImageFacts
from bench.pretraining.options import PretrainOptions, StartOptions, option

# Images that `bench.pretraining.batch_norm` draws; named here without importing torch.
CALIBRATION_TILES = 2560


class RandomOptions(PretrainOptions):
    """What batch norm of a random network normalises with."""

    calibrate: Literal["corpus", "none"] = option(
        "corpus",
        "ours: decision 055",
        "take batch norm's statistics from 2,560 tiles of the study's corpus, without labels; none leaves it as "
        "initialised, as do a study without a corpus and a backbone without batch norm",
    )

    def reads_corpus(self, backbone: BackboneSpec) -> bool:
        """Only what calibrates batch norm does."""
        return self.calibrate == "corpus" and backbone.batch_norm

    def identity(self) -> dict[str, Any]:
        """Nothing: the weights differ only where a corpus was read, which `content_of` says."""
        return {}

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:
        """That the corpus calibrated batch norm."""
        del corpus
        return {"calibrate": self.calibrate}

    def facts(self, tiles: int) -> Facts:
        """Tiles that calibrate batch norm; 0 of a network as initialised."""
        return Facts({"calibration_tiles": min(tiles, CALIBRATION_TILES)})


class FeatureOptions(PretrainOptions):
    """Of a row of fixed features, which takes images in [0, 1] as they are."""

    def normalisation(self, images: ImageFacts | None = None) -> Normalisation:
        """Mean 0 and s.d. 1 of each band."""
        if images is None:
            return UNIT
        count = len(images.bands)
        return Normalisation((0.0,) * count, (1.0,) * count, UNIT.source, images.bands.names)

    def input_of(self, images: ImageFacts) -> dict[str, Any]:
        """Nothing: the statistics follow from the bands, which the key has."""
        del images
        return {}


class ImageNetOptions(StartOptions):
    """Where published weights come from."""

    weights: str = option(
        IMAGENET,
        "torchvision, IMAGENET1K_V1",
        "imagenet (torchvision's cache or site), or a local .pth or .safetensors file",
    )

    def identity(self) -> dict[str, Any]:
        """A file enters by its content."""
        return super().identity() | {"weights": identify(self.weights)}

    def starts_at(self) -> str:
        """Option `weights`."""
        return self.weights
