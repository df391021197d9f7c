"""What every backbone offers: a pyramid of feature maps with known channels and strides."""

from abc import abstractmethod
from collections.abc import Callable

from torch import Tensor, nn

from bench.backbones import BackboneSpec


class Backbone(nn.Module):
    """A network without its classifier, whose `state_dict` has the names of the library that it comes from.

    What its input is normalised with belongs to its weights (`bench.backbones.normalisation`), not to it.

    Attributes:
        spec: its entry in the registry, with which a second network of the same kind can be built.
        bands: bands of its images.
    """

    spec: BackboneSpec
    bands: int

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self.spec.name

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each feature map, finest first."""
        return self.spec.channels

    @property
    def strides(self) -> tuple[int, ...]:
        """Input pixels per feature-map pixel, of each map."""
        return self.spec.strides

    @property
    def first_weight(self) -> str:
        """Name of the first convolution's weight, whose second axis is the bands."""
        return next(name for name, value in self.state_dict().items() if value.dim() == 4)

    @abstractmethod
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to feature maps B x C_i x H/s_i x W/s_i."""

    def pooled(self, images: Tensor) -> Tensor:
        """One vector an image, B x C, as the network's own classifier reads it."""
        return self.map_and_pooling(images)[1]()

    def map_and_pooling(self, images: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
        """The coarsest map, and what gives the vector of each image: the mean over that map, if nothing else is read.

        It is pooled when it is asked for: gradients are added up in the order in which a map was used, which is seen in
        their last bits.
        """
        coarsest: Tensor = self(images)[-1]
        return coarsest, lambda: coarsest.mean(dim=(2, 3))

    @property
    def layers(self) -> int:
        """How many layers it numbers, for a rate of their own; 1 where nobody numbers them."""
        return 1

    def layer_of(self, name: str) -> int:  # noqa: ARG002 - overridden where layers are numbered
        """The layer that a parameter of this name belongs to, counted from the input."""
        return 0

    def finest(self, images: Tensor, count: int) -> tuple[Tensor, ...]:
        """The finest maps alone, so many; a network that can stop there costs less (`StoppingBackbone`)."""
        found: tuple[Tensor, ...] = self(images)
        return found[:count]


class StoppingBackbone(Backbone):
    """A backbone that does not compute the maps that nobody asks for."""

    @abstractmethod
    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """As `Backbone.forward`, or the finest `count` maps."""

    def finest(self, images: Tensor, count: int) -> tuple[Tensor, ...]:
        """The finest maps alone, and no more computed."""
        found: tuple[Tensor, ...] = self(images, count)
        return found
