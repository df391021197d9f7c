"""The perceptual hash of an image, 64 bits: images that look alike differ in few of them.

It is the DCT hash of Zauner (2010, "Implementation and benchmarking of perceptual image hash functions") in the form of
the ImageHash library: the image in grey at 32 x 32 pixels, its 8 x 8 lowest frequencies, and of each whether it is above
their median. A copy that was compressed, scaled or made brighter keeps nearly all bits. One that was flipped, turned or
cut anew does not.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

# Raised by hand when hashes change.
VERSION = 1
SIDE, LOW = 32, 8
# An image whose low frequencies vary by less than one of 256 grey levels is flat: its hash would be one of noise.
FLATTEST = 1.0
# Hashes that are compared at once: 512 x 8,192 distances are 4 MB in bytes.
ROWS, COLUMNS = 512, 8192

Hashes = NDArray[np.uint64]


def perceptual_hashes(images: NDArray[Any], highest: int = 255) -> Hashes:
    """Hash images.

    Args:
        images: B x H x W x C; grey is the mean of the C bands.
        highest: largest value that a pixel can have.

    Returns:
        One hash an image, B; 0 for an image that is flat, which is near to no other.
    """
    grey = images.mean(axis=-1, dtype=np.float32) * np.float32(255 / highest)
    frequencies = (_lowest(grey.shape[1]) @ grey @ _lowest(grey.shape[2]).T).reshape(len(grey), -1)
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    hashes = np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)
    # By Parseval's theorem: the coefficients are those of an orthonormal transform, and the first is the mean.
    contrast = np.linalg.norm(frequencies[:, 1:], axis=1) / SIDE
    hashes[contrast < FLATTEST] = 0
    return hashes


@cache
def _lowest(side: int) -> NDArray[np.float32]:
    """The lowest frequencies of a row of pixels after it is scaled to `SIDE` by area, as a matrix LOW x side."""
    edges = np.linspace(0, side, SIDE + 1)
    pixels = np.arange(side)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    scaled = np.clip(covered, 0, None) * SIDE / side
    transform = fft.dct(np.eye(SIDE), norm="ortho", axis=0)[:LOW]
    return np.asarray(transform @ scaled, dtype=np.float32)


def near(some: Hashes, others: Hashes, bits: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which images have a near-duplicate among the others, and which of the others have one among them.

    Args:
        some: hashes, N.
        others: hashes, M.
        bits: how many may differ.

    Returns:
        N and M of yes and no.
    """
    found, found_others = np.zeros(len(some), bool), np.zeros(len(others), bool)
    for row in range(0, len(some), ROWS):
        mine = some[row : row + ROWS, None]
        for column in range(0, len(others), COLUMNS):
            theirs = others[column : column + COLUMNS]
            close = (np.bitwise_count(mine ^ theirs) <= bits) & (mine != 0) & (theirs != 0)
            found[row : row + ROWS] |= close.any(axis=1)
            found_others[column : column + COLUMNS] |= close.any(axis=0)
    return found, found_others
