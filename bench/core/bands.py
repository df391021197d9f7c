"""The bands of images: how many, what they are called, and the type of their values."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Values = Literal["uint8", "uint16"]

COLOURS = ("red", "green", "blue")


@dataclass(frozen=True)
class Bands:
    """The bands of a corpus' tiles or a data set's images, in the order in which they lie.

    Attributes:
        names: one for each; colours are called `red`, `green` and `blue`.
        values: type of the stored values. Statistics and networks see them divided by the largest, in [0, 1].
    """

    names: tuple[str, ...] = COLOURS
    values: Values = "uint8"

    def __len__(self) -> int:
        """Number of bands."""
        return len(self.names)

    def __str__(self) -> str:
        """As it stands in messages: `red, green, blue (uint8)`."""
        return f"{', '.join(self.names)} ({self.values})"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the stored values, little-endian on every machine."""
        return np.dtype(self.values).newbyteorder("<")

    @property
    def highest(self) -> int:
        """The largest value of the type: 255 or 65535."""
        return int(np.iinfo(self.values).max)

    @property
    def colours(self) -> tuple[int, int, int] | None:
        """Places of the bands named red, green and blue; None where one of them is missing."""
        if not set(COLOURS) <= set(self.names):
            return None
        red, green, blue = map(self.names.index, COLOURS)
        return red, green, blue

    def picture(self, image: NDArray[Any]) -> NDArray[np.uint8]:
        """An image for the eye: its red, green and blue, else its first three bands, or one of them as grey.

        Bands other than 8-bit red, green and blue are stretched from their 2nd to their 98th percentile.

        Args:
            image: stored values, H x W x C.

        Returns:
            H x W x 3.
        """
        if self == RGB:
            return np.asarray(image)
        shown = image[..., list(self.colours or (range(3) if len(self) >= 3 else (0, 0, 0)))].astype(np.float64)
        low, high = np.percentile(shown, (2, 98), axis=(0, 1))
        scaled = (shown - low) / np.maximum(high - low, 1e-12)
        return np.asarray((255 * scaled.clip(0, 1)).round(), dtype=np.uint8)


# Those of photographs, of most public data sets, and of the weights published for ImageNet.
RGB = Bands()
