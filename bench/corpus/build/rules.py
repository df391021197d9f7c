"""Which tiles are left out, and why: the paper's cloud and low-contrast rules, and three of ours."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bench.core.bands import COLOURS, RGB, Bands
from bench.core.errors import CorpusError
from bench.core.suggest import among

Reason = Literal["empty", "no land cover", "no-data", "dark", "cloud", "low contrast"]

REASONS: tuple[Reason, ...] = ("empty", "no land cover", "no-data", "dark", "cloud", "low contrast")
"""In the order in which they are tried; a tile is counted under the first that applies."""

LUMA = (0.2125, 0.7154, 0.0721)
"""Weights of red, green and blue in scikit-image's grey."""


@dataclass(frozen=True)
class Rules:
    """Thresholds; shares are of the tile's pixels, in [0, 1], and levels of 255 whatever the type of the values.

    A level of 16-bit values is 257 times as high, so a range of values has to be stretched over all 16 bits before the
    rules can judge it.

    Attributes:
        cloud_level: t of Eq. 12; a pixel is white when all its bands are above it.
        cloud_share: share of white pixels above which a tile is cloud (0.5 in the paper).
        contrast: `fraction_threshold` of `skimage.exposure.is_low_contrast` (its default).
        dark_level: a pixel is dark when all its bands are below it; ours.
        dark_share: share of dark pixels above which a tile is dark; ours.
        empty_share: share of the scene's own no-data pixels above which a tile is empty; ours.
        nodata_share: share of the footprint without land cover above which a tile is left out; ours.
    """

    cloud_level: int = 230
    cloud_share: float = 0.5
    contrast: float = 0.05
    dark_level: int = 10
    dark_share: float = 0.5
    empty_share: float = 0.1
    nodata_share: float = 0.5


def with_settings(rules: Rules, settings: Iterable[str]) -> Rules:
    """The same rules with some thresholds changed.

    Args:
        rules: where to start.
        settings: `name=value`, with the names of `Rules`.

    Raises:
        CorpusError: an unknown name, or a value that is not a number or makes no sense.
    """
    known: dict[str, type[int | float]] = {name: type(value) for name, value in asdict(rules).items()}
    changed: dict[str, Any] = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        if name not in known:
            raise CorpusError(f"--rule {setting!r}: unknown rule {name!r}{among(name, known)}")
        try:
            changed[name] = known[name](text)
        except ValueError:
            raise CorpusError(f"--rule {setting!r}: {text!r} is not a number of the right kind") from None
    made = replace(rules, **changed)
    for name, kind in known.items():
        highest = 255 if kind is int else 1
        if not 0 <= getattr(made, name) <= highest:
            raise CorpusError(f"rule {name} is {getattr(made, name)}: it lies between 0 and {highest}")
    return made


def reject_land_cover(rules: Rules, mapped: float, nodata_share: float) -> Reason | None:
    """Why the land cover under a tile makes it unusable.

    Args:
        rules: thresholds.
        mapped: area of the eight classes under the tile.
        nodata_share: share of the footprint that is not mapped.
    """
    if mapped <= 0:
        return "no land cover"
    return "no-data" if nodata_share > rules.nodata_share else None


def reject_pixels(rules: Rules, tile: NDArray[Any], bands: Bands = RGB) -> Reason | None:
    """Why the pixels of a tile make it unusable.

    Args:
        rules: thresholds.
        tile: `size x size x B`.
        bands: of the tile.
    """
    if np.mean(_over_bands(np.maximum, tile) < rules.dark_level * _step(bands)) > rules.dark_share:
        return "dark"
    if cloud_share(tile, rules.cloud_level, bands) > rules.cloud_share:
        return "cloud"
    return "low contrast" if is_low_contrast(tile, rules.contrast, bands) else None


def _step(bands: Bands) -> int:
    """One level of 255 in stored values: 1 of 8 bits, 257 of 16."""
    return bands.highest // 255


def cloud_share(tile: NDArray[Any], level: int = 230, bands: Bands = RGB) -> float:
    """r_c of Eq. 12: share of pixels brighter than `level`, of 255.

    The equation does not say how several bands make one R(i); a cloud is "brilliant white", so all must be bright.
    """
    return float(np.mean(_over_bands(np.minimum, tile) > level * _step(bands)))


def is_low_contrast(tile: NDArray[Any], fraction: float = 0.05, bands: Bands = RGB) -> bool:
    """What `skimage.exposure.is_low_contrast(tile, fraction)` says of red, green and blue, at a fraction of its cost.

    Its decision is `p99 - p1 < 2 * fraction` on the grey image (2 is the range it takes for a float image). The grey
    values are binned first, which bounds both percentiles to one bin each side; only a tile within that doubt is
    handed to scikit-image itself. Where red, green or blue is missing, the mean of all bands is the grey.
    """
    bins = 4096
    places = bands.colours
    shown = tile if places is None or bands.names == COLOURS else tile[..., list(places)]
    weights = np.full(len(bands), 1 / len(bands)) if places is None else np.array(LUMA)
    scaled = weights.astype(np.float32) * ((bins - 1) / bands.highest)
    grey = (shown.reshape(-1, len(weights)) @ scaled).astype(np.int64)
    cumulative = np.cumsum(np.bincount(grey, minlength=bins))
    last = len(grey) - 1
    # A percentile lies between two order statistics, which may be far apart; each is known to one bin.
    ranks = [np.floor(0.01 * last), np.ceil(0.01 * last), np.floor(0.99 * last), np.ceil(0.99 * last)]
    low_from, low_to, high_from, high_to = np.searchsorted(cumulative, np.array(ranks) + 1)
    at_least, at_most = (high_from - low_to - 2) / (bins - 1), (high_to - low_from + 2) / (bins - 1)
    if at_least >= 2 * fraction or at_most < 2 * fraction:
        return bool(at_most < 2 * fraction)
    from skimage.exposure import is_low_contrast as reference

    exact = (shown / bands.highest).mean(axis=2) if places is None else shown
    return bool(reference(exact, fraction))  # type: ignore[no-untyped-call]  # scikit-image ships no types


def _over_bands(choose: np.ufunc, tile: NDArray[Any]) -> NDArray[Any]:
    """Largest or smallest band of each pixel; many times faster than a reduction over a short axis."""
    return np.asarray(reduce(choose, np.moveaxis(tile, 2, 0)))
