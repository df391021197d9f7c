"""What has to be added to a scene's stored values before a fixed range applies: who says so, and do the pixels agree.

From processing baseline 04.00 (25 January 2022) on, Sentinel-2's reflectance is (DN - 1000) / 10,000. ESA says so in a
product's metadata, a GeoTIFF by the scale and offset of its bands. Many files say nothing, and some have lost the 1000
and are still declared to hold it (Element84/earth-search issues 9, 66 and 71). So every negative offset is held against
the dark pixels. Decision 015 has the reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError

PerBand = tuple[float, ...]

FILE, METADATA, OPTION = "the file", "its MTD_MSIL*.xml", "--offset"
"""Who may say what the offset is, in the words of a message."""

DARK_SHARE = 0.01
"""Share of a band's values under half of the offset above which the offset must have been taken off already.

Half of 1000 is a reflectance of -0.05. Over dark water the values scatter around 0, far above that. Only shadows that
the atmospheric correction darkened too much can come so low. Where the offset is gone, red and blue of vegetation,
water and shadow (0.01 to 0.05) all lie there, so a hundredth of the scene tells the two apart. The share was not
measured on real scenes.
"""

BRIGHT = 1000.0
"""Hundredth percentile above which 16-bit values look as if ESA's 1000 were still in them."""


@dataclass(frozen=True)
class Offsets:
    """What is added to the stored values, so that a fixed range speaks of the sums.

    Attributes:
        values: by band; empty where a scene is not looked at yet.
        by: who says so; empty where nobody does and 0 is taken.
        overruled: what was declared where `--offset 0` says otherwise, which the pixels have to bear out.
        overruled_by: who declared that.
    """

    values: PerBand = ()
    by: str = ""
    overruled: PerBand | None = None
    overruled_by: str = ""


def from_scales(path: Path, pairs: Sequence[tuple[float, float]], *, fixed_range: bool) -> PerBand | None:
    """Offset in stored values by what a file's bands declare: GDAL's value is `stored * scale + offset`.

    Args:
        path: the file, for messages.
        pairs: scale and offset of each band.
        fixed_range: whether one range of values is going to be applied to all of them.

    Returns:
        `offset / scale` by band, or None where no band declares either.

    Raises:
        CorpusError: a scale or offset without sense, or scales that differ under a fixed range.
    """
    if all(pair == (1.0, 0.0) for pair in pairs):  # what GDAL gives where nothing is declared
        return None
    for scale, offset in pairs:
        if scale == 0 or not np.isfinite([scale, offset]).all():
            raise CorpusError(
                f"{path} declares a scale of {scale:g} and an offset of {offset:g}: correct it (gdal_edit)"
            )
    scales = [scale for scale, _ in pairs]
    if fixed_range and len(set(scales)) > 1:
        listed = ", ".join(f"{scale:g}" for scale in scales)
        raise CorpusError(f"{path} declares a scale for each band ({listed}): one range cannot fit, use percentiles")
    return tuple(round(offset / scale, 6) for scale, offset in pairs)


def settle(
    path: Path, in_file: PerBand | None, in_metadata: PerBand | None, stated: float | None, bands: int
) -> Offsets:
    """The offsets that hold, from all that is said about them.

    Args:
        path: the scene, for messages.
        in_file: what the bands declare, or None.
        in_metadata: what a `.SAFE` folder declares, or None.
        stated: `--offset`, or None. 0 may contradict a declaration: `check` then asks the pixels.
        bands: how many there are.

    Raises:
        CorpusError: two of them contradict each other.
    """
    if in_file is not None and in_metadata is not None and in_file != in_metadata:
        raise CorpusError(
            f"{path}: {FILE} declares an offset of {_say(in_file)} and {METADATA} one of {_say(in_metadata)}: "
            "correct the file"
        )
    declared, by = (in_file, FILE) if in_metadata is None else (in_metadata, METADATA)
    if declared is None:
        return Offsets((0.0,) * bands) if stated is None else Offsets((stated,) * bands, OPTION)
    if stated is None:
        return Offsets(declared, by)
    if declared == (stated,) * bands:
        return Offsets(declared, OPTION)
    if stated == 0:
        return Offsets((0.0,) * bands, OPTION, declared, by)
    raise CorpusError(
        f"{path}: {by} declares an offset of {_say(declared)} and {OPTION} states {stated:g}: leave out {OPTION}, or "
        "build the scenes that differ apart"
    )


def check(path: Path, name: str, offsets: Offsets, sample: NDArray[np.generic]) -> tuple[str, ...]:
    """Hold the offsets against a scene's pixels.

    Args:
        path: the scene, for errors.
        name: the scene, for warnings that are kept.
        offsets: what holds.
        sample: `B x N` stored values inside the image; 0 is left out of account, since it is no data in Sentinel-2.

    Returns:
        Warnings, each one line.

    Raises:
        CorpusError: the pixels say that an offset in use was taken off already, or do not bear out `--offset 0`.
    """
    if offsets.overruled is not None:
        if _dark_share(sample, offsets.overruled) <= DARK_SHARE:
            declared = _say(offsets.overruled)
            raise CorpusError(
                f"{path}: {offsets.overruled_by} declares an offset of {declared} and {OPTION} states 0, but "
                f"no dark pixels show that it was taken off: leave out {OPTION}, or correct the declaration (gdal_edit)"
            )
        return ()
    dark = _dark_share(sample, offsets.values)
    if dark > DARK_SHARE:
        given = _say(offsets.values)
        raise CorpusError(
            f"{path}: {offsets.by} gives an offset of {given}, but {dark:.1%} of a band's values lie "
            f"under half of that and would become clearly negative, so it was taken off already: build with {OPTION} 0"
        )
    if any(offsets.values) or offsets.by not in {"", FILE} or _darkest(sample) <= BRIGHT:
        return ()
    warning = (
        f"{name}: no offset is declared, yet 99% of the values lie above {BRIGHT:g}: if this is Sentinel-2 of "
        f"processing baseline 04.00 or later, build with {OPTION} -1000; snow and desert are as bright without one, "
        f"which {OPTION} 0 states"
    )
    return (warning,)


def _dark_share(sample: NDArray[np.generic], offsets: PerBand) -> float:
    """Share of values under half of a negative offset, of the band that has most of them."""
    return max(_share_under(values[values != 0], -offset / 2) for values, offset in zip(sample, offsets, strict=True))


def _share_under(values: NDArray[np.generic], limit: float) -> float:
    return float(np.mean(np.less(values, limit))) if len(values) and limit > 0 else 0.0


def _darkest(sample: NDArray[np.generic]) -> float:
    """First percentile of the values, of the band where it is lowest; 0 without values."""
    found = [values[values != 0] for values in sample]
    return min(float(np.percentile(values, 1)) if len(values) else 0.0 for values in found)


def _say(offsets: PerBand) -> str:
    """One number where the bands agree, else all that differ."""
    return ", ".join(f"{value:g}" for value in dict.fromkeys(offsets))
