"""What changes the ground on its way to the image: season, light, haze, clouds, the sensor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.demo.noise import Array, Shape, band

Image = NDArray[np.uint8]

# Red, green, blue, near infrared.
HAZE = np.array([172, 180, 190, 150], dtype=np.float32)
CLOUD = np.array([247, 248, 250, 244], dtype=np.float32)


@dataclass(frozen=True)
class Optics:
    """The conditions of one image.

    Attributes:
        season: colour offset of the whole image, 3 values.
        spread: standard deviation of the further offset of each class.
        haze: share of haze in the signal, 0 to 1.
        gain: factor of the illumination.
        noise: standard deviation of the sensor's noise, digital numbers.
        blur: standard deviation of the point spread, pixels.
        clouds: share of the area under clouds.
        murk: share of the area under haze so thick that contrast is almost gone.
        sun: azimuth of the light, radians clockwise from image up.
    """

    season: tuple[float, float, float]
    spread: float
    haze: float
    gain: float
    noise: float
    blur: float
    clouds: float
    murk: float
    sun: float


def draw_optics(
    rng: np.random.Generator, *, cloudy: float = 0.4, most_clouds: float = 0.12, variety: float = 1.0
) -> Optics:
    """Draw the conditions of an image.

    Args:
        rng: source of randomness.
        cloudy: chance of clouds, and twice the chance of thick haze.
        most_clouds: largest share of the area under clouds where there are any, at least 0.04.
        variety: factor of everything that moves colours: season, spread, haze, gain.
    """
    warm, green = variety * rng.normal(0, 8), variety * rng.normal(-1, 4)
    light = variety * rng.normal(0, 12)
    return Optics(
        season=(light + warm, light + green, light - warm - 0.5 * green),
        spread=13.0 * variety,
        haze=variety * rng.uniform(0, 0.3),
        gain=1 + variety * rng.uniform(-0.2, 0.15),
        noise=rng.uniform(1.5, 4.5),
        blur=rng.uniform(0.4, 0.75),
        clouds=rng.uniform(0.04, most_clouds) if rng.random() < cloudy else 0.0,
        murk=rng.uniform(0.03, 0.08) if rng.random() < cloudy / 2 else 0.0,
        sun=rng.uniform(-1.1, 1.1) - np.pi / 4,
    )


def tint(colour: tuple[float, ...], optics: Optics, rng: np.random.Generator, share: float = 1.0) -> Array:
    """A class's mean colour in one image: its usual colour moved by the season, and by chance on its own.

    Args:
        colour: usual mean, 0 to 255 in each of C channels, 3 or 4.
        optics: conditions of the image.
        rng: source of the class's own offset.
        share: factor of that offset.
    """
    own = rng.normal(0, 0.9 * share * optics.spread) + rng.normal(0, 0.35 * share * optics.spread, len(colour))
    season = np.append(optics.season, np.mean(optics.season))[: len(colour)]
    return np.asarray(np.array(colour) + own + season, dtype=np.float32)


def cloud_cover(shape: Shape, optics: Optics, rng: np.random.Generator) -> Array:
    """Opacity of the clouds over each pixel, 0 to 1."""
    if not optics.clouds:
        return np.zeros(shape, dtype=np.float32)
    return _veil(rng, shape, optics.clouds, 1.0, rough=True)


def expose(scene: Array, optics: Optics, rng: np.random.Generator, cover: Array | None = None) -> Image:
    """Turn ground reflectance into an image as a sensor records it.

    Args:
        scene: reflectance, 0 to 255, H x W x C, 3 or 4 channels.
        optics: conditions of the image.
        rng: source of haze, clouds and noise.
        cover: opacity of the clouds, H x W; None to draw them.

    Returns:
        H x W x C, uint8.
    """
    shape = (scene.shape[0], scene.shape[1])
    cover = cloud_cover(shape, optics, rng) if cover is None else cover
    image = scene * (optics.gain * (1 + 0.05 * band(rng, shape, 200, 900)))[..., None]
    thick = _veil(rng, shape, optics.murk, 0.93) if optics.murk else 0.0
    haze = np.clip(optics.haze * (1 + 0.4 * band(rng, shape, 150, 700)) + thick, 0, 0.95)
    image += haze[..., None] * (HAZE[: scene.shape[2]] - image)
    if cover.any():
        shade = ndimage.shift(cover, (14 * np.cos(optics.sun), -14 * np.sin(optics.sun)), order=1, mode="nearest")
        image *= (1 - 0.45 * shade * (1 - cover))[..., None]
        image += cover[..., None] * (CLOUD[: scene.shape[2]] - image)
    image = ndimage.gaussian_filter(image, (optics.blur, optics.blur, 0))
    image += optics.noise * rng.standard_normal(image.shape, dtype=np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _veil(rng: np.random.Generator, shape: Shape, share: float, most: float, *, rough: bool = False) -> Array:
    """Patches that cover about `share` of the image, with soft edges, between 0 and `most`."""
    field = band(rng, shape, 6 if rough else 60, 260, 1.2)
    edge = np.quantile(field, 1 - share)
    return np.asarray(most / (1 + np.exp(-(field - edge) * (9 if rough else 5))), dtype=np.float32)
