"""Options of initialisations, which train nothing."""

from typing import Any

from bench.backbones.sources import IMAGENET, identify
from bench.pretraining.options import StartOptions, option


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
