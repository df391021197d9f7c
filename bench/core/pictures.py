"""Turning pictures of many kinds into three bands of 8 bits, or refusing where that would change what they show."""

from pathlib import Path

from PIL import Image

from bench.core.errors import DataError

# EXIF 2.32, section 4.6.4: 1 is upright, 2 to 8 are turned or mirrored.
_ORIENTATION, _TURNED = 0x0112, range(2, 9)
_OPAQUE = (255, 255)


def to_rgb(picture: Image.Image, path: Path) -> Image.Image:
    """Convert without loss: grey is repeated, a palette is looked up, an alpha channel that hides nothing is dropped.

    Args:
        picture: an opened picture, not yet loaded.
        path: where it lies, for the message.

    Raises:
        DataError: it has more than 8 bits, is transparent, has other bands (CMYK), or is stored turned.
    """
    refuse_deep(picture, path)  # first: the decoder is gone once a picture is loaded, as a PNG is for its EXIF data
    upright(picture, path)
    mode = picture.mode
    if mode in {"RGBA", "LA"} and picture.getchannel("A").getextrema() != _OPAQUE:
        raise DataError(f"{path} is a picture of mode {mode} with transparent pixels, expected RGB (8 bits)")
    if mode not in {"RGB", "RGBA", "L", "LA", "P"} or (mode == "P" and "transparency" in picture.info):
        raise DataError(f"{path} is a picture of mode {mode}, expected RGB (8 bits)")
    return picture if mode == "RGB" else picture.convert("RGB")


def refuse_deep(picture: Image.Image, path: Path) -> None:
    """Refuse a picture of more than 8 bits, which Pillow would clip (grey) or cut down to its upper 8 bits (colour).

    Raises:
        DataError: it has more than 8 bits.
    """
    decoders = getattr(picture, "tile", [])[:1]
    if picture.mode.startswith(("I", "F")) or ";16" in str(decoders):
        raise DataError(f"{path} is a picture of mode {picture.mode} of more than 8 bits, expected RGB (8 bits)")


def upright(picture: Image.Image, path: Path) -> Image.Image:
    """The picture, unless its EXIF data say that it must be turned: some readers do so and others do not.

    Raises:
        DataError: it is stored turned or mirrored.
    """
    orientation = picture.getexif().get(_ORIENTATION, 1)
    if orientation in _TURNED:
        raise DataError(f"{path} is stored turned (EXIF orientation {orientation}): store it upright")
    return picture
