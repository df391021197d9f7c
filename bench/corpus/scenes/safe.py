"""What the metadata of a Sentinel-2 product says about the values of its bands.

From processing baseline 04.00 (January 2022) on, and in all of the later reprocessing, ESA adds 1000 to the values so
that dark pixels do not fall below zero. A fixed range would render the same ground brighter by that much, so the offset
is read and taken off. 0 means no data, which the JPEG 2000 files themselves do not declare.
"""

import re
from pathlib import Path

from bench.core.errors import CorpusError
from bench.core.files import because

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""Names in the order of the metadata's `band_id`."""

OFFSET = re.compile(r'<(?:BOA|RADIO)_ADD_OFFSET band_id="(\d+)">\s*(-?\d+(?:\.\d+)?)\s*<')
"""A band's offset at level 2A or 1C. Two known elements need no parser of XML, whose entities a file could abuse."""

NODATA = 0.0

MAX_CHARACTERS = 2**24


def offsets(safe: Path, bands: tuple[str, ...]) -> tuple[float, ...]:
    """What has to be added to the stored values of some bands before they are reflectance times 10,000.

    Args:
        safe: the `.SAFE` folder.
        bands: their names.

    Raises:
        CorpusError: the folder lacks its metadata, or they cannot be read.
    """
    path = next(iter(sorted(safe.glob("MTD_MSIL[12]?.xml"))), None)
    if path is None:
        raise CorpusError(f"{safe} has no MTD_MSIL1C.xml or MTD_MSIL2A.xml: copy the whole folder, or leave it out")
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(MAX_CHARACTERS)
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} cannot be read{because(error, 'download the product again')}") from None
    if not text.rstrip().endswith("_User_Product>"):
        raise CorpusError(f"{path} is cut short or something else: download the product again")
    by_number = {int(number): float(value) for number, value in OFFSET.findall(text)}
    by_band = {name: by_number.get(number, 0.0) for number, name in enumerate(BANDS)}
    return tuple(by_band.get(band.upper(), 0.0) for band in bands)
