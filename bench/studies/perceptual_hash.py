"""Which images look alike: a perceptual hash of 64 bits finds pairs, and their correlation confirms them.

The hash is the DCT hash of Zauner (2010, "Implementation and benchmarking of perceptual image hash functions") in the
form of the ImageHash library: the image in grey at 32 x 32 pixels, its 8 x 8 lowest frequencies, and of each whether it
is above their median. A copy that was compressed, scaled or made brighter keeps nearly all bits. One that was flipped,
turned or cut anew does not. On smooth images, such as water with one bright corner, bits agree by chance: their
frequencies do not.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

# Raised by hand when frequencies change.
VERSION = 1
SIDE, LOW = 32, 8
# Bits of 64 that may differ: the default of the imagededup library (Jain et al. 2019) for this hash.
BITS = 10
# Correlation of the frequencies from which a pair counts; decision 060 has what it finds.
CORRELATION = 0.95
# An image whose low frequencies vary by less than one of 256 grey levels is flat: its hash would be one of noise.
FLATTEST = 1.0
# Images that are compared at once.
ROWS, COLUMNS = 512, 8192

Frequencies = NDArray[np.float16]


def low_frequencies(images: NDArray[Any], highest: int = 255) -> Frequencies:
    """The lowest frequencies of images, of which the first is the mean.

    Args:
        images: B x H x W x C; grey is the mean of the C bands.
        highest: largest value that a pixel can have.

    Returns:
        B x 64, in grey levels of 256 times 32, for the transform is orthonormal.
    """
    grey = images.mean(axis=-1, dtype=np.float32) * np.float32(255 / highest)
    frequencies = _lowest(grey.shape[1]) @ grey @ _lowest(grey.shape[2]).T
    return np.asarray(frequencies.reshape(len(grey), LOW * LOW), dtype=np.float16)


@cache
def _lowest(side: int) -> NDArray[np.float32]:
    """The lowest frequencies of a row of pixels after it is scaled to `SIDE` by area, as a matrix LOW x side."""
    edges = np.linspace(0, side, SIDE + 1)
    pixels = np.arange(side)
    covered = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    scaled = np.clip(covered, 0, None) * SIDE / side
    transform = fft.dct(np.eye(SIDE), norm="ortho", axis=0)[:LOW]
    return np.asarray(transform @ scaled, dtype=np.float32)


def hashes(frequencies: Frequencies) -> NDArray[np.uint64]:
    """The hash of each image, B, from its frequencies, B x 64."""
    bits = frequencies > np.median(frequencies, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def near(some: Frequencies, others: Frequencies) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which images have a near-duplicate among the others, and which of the others have one among them.

    Args:
        some: frequencies of N images, N x 64; a flat image is near to no other.
        others: of M images.

    Returns:
        N and M of yes and no.
    """
    found, found_others = np.zeros(len(some), bool), np.zeros(len(others), bool)
    for rows, columns in _matches(some, others):
        found[rows] = True
        found_others[columns] = True
    return found, found_others


def pairs(frequencies: Frequencies) -> NDArray[np.int64]:
    """Which images are near-duplicates of one another: P x 2 positions, the lower one first.

    Args:
        frequencies: of N images, N x 64.
    """
    found = [np.stack([rows, columns], axis=1)[rows < columns] for rows, columns in _matches(frequencies, frequencies)]
    return np.concatenate([np.empty((0, 2), np.int64), *found])


def _matches(some: Frequencies, others: Frequencies) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Positions of images and of those of the others that they are near to, a block of comparisons at a time."""
    mine, theirs = (np.flatnonzero(_contrast(each) >= FLATTEST) for each in (some, others))
    hashes_mine, hashes_theirs = hashes(some[mine]), hashes(others[theirs])
    shape_mine, shape_theirs = _shape(some[mine]), _shape(others[theirs])
    for row in range(0, len(mine), ROWS):
        rows = slice(row, row + ROWS)
        for column in range(0, len(theirs), COLUMNS):
            columns = slice(column, column + COLUMNS)
            close = np.bitwise_count(hashes_mine[rows, None] ^ hashes_theirs[columns]) <= BITS
            if close.any():
                close &= shape_mine[rows] @ shape_theirs[columns].T >= CORRELATION
                at, other = np.nonzero(close)
                yield mine[rows][at], theirs[columns][other]


def _contrast(frequencies: Frequencies) -> NDArray[np.float32]:
    """Standard deviation of what the low frequencies show, in grey levels: Parseval's theorem."""
    return np.asarray(np.linalg.norm(frequencies[:, 1:].astype(np.float32), axis=1) / SIDE)


def _shape(frequencies: Frequencies) -> NDArray[np.float32]:
    """Frequencies without brightness and contrast, B x 63: their products are correlations."""
    varying = frequencies[:, 1:].astype(np.float32)
    return np.asarray(varying / np.linalg.norm(varying, axis=1, keepdims=True))
