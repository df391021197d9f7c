"""Colour and texture statistics of an image in place of a network: what can be known of it without learning anything."""

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.backbones.pyramid import Backbone

# The first colour moments (Stricker and Orengo, Similarity of color images, SPIE 1995), and percentiles, which are a
# coarse colour histogram (Swain and Ballard, Color indexing, IJCV 1991).
OF_BAND = ("mean", "s.d.", "skewness")
PERCENTILES = (5, 25, 50, 75, 95)
# Sides of the squares, in pixels, between whose means gradients are taken: texture from fine to coarse.
SCALES = (1, 2, 4)
# Of a band of one value only, whose correlation with another is 0.
FLAT = 1e-12


def names(bands: tuple[str, ...]) -> list[str]:
    """Names of the statistics of images of these bands, in order: 30 for three bands."""
    of_bands = [f"{band} {of}" for of in (*OF_BAND, *(f"p{each}" for each in PERCENTILES)) for band in bands]
    pairs = [f"{one}-{other} correlation" for one, other in itertools.combinations(bands, 2)]
    return [*of_bands, *pairs, *(f"intensity gradient {scale} px" for scale in SCALES)]


class ImageStatistics(Backbone):
    """Statistics of images in [0, 1] as one feature map of one pixel.

    Args:
        bands: of the images.

    Attributes:
        intensity: 1 x bands x 1 x 1, the share of each band in the intensity.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.intensity = nn.Parameter(torch.full((1, bands, 1, 1), 1 / bands), requires_grad=False)

    @property
    def channels(self) -> tuple[int, ...]:
        """Number of statistics."""
        return (len(names(tuple(map(str, range(self.bands))))),)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images B x bands x H x W to B x statistics x 1 x 1, in the order of `names`; computed in float64."""
        wide = images.double()
        found = [*_of_bands(wide.flatten(2)), _correlations(wide.flatten(2))]
        intensity = functional.conv2d(wide, self.intensity.double())
        found += [_gradient(intensity, scale) for scale in SCALES]
        return (torch.cat(found, dim=1).to(images.dtype)[..., None, None],)


def _of_bands(values: Tensor) -> list[Tensor]:
    """Moments and percentiles of values, B x C x N, each B x C.

    The skewness is the third root of the third central moment (Stricker and Orengo, Eq. 3), which a flat band has too.
    A percentile is the value of nearest rank.
    """
    centred = values - values.mean(dim=2, keepdim=True)
    third = (centred**3).mean(dim=2)
    moments = [values.mean(dim=2), (centred**2).mean(dim=2).sqrt(), third.sign() * third.abs() ** (1 / 3)]
    ranked = values.sort(dim=2).values
    last = values.shape[2] - 1
    return moments + [ranked[:, :, round(share / 100 * last)] for share in PERCENTILES]


def _correlations(values: Tensor) -> Tensor:
    """Pearson's correlation of each pair of bands, B x C(C-1)/2, of values B x C x N."""
    centred = values - values.mean(dim=2, keepdim=True)
    covariance = centred @ centred.transpose(1, 2) / values.shape[2]
    deviation = covariance.diagonal(dim1=1, dim2=2).sqrt()
    correlation = covariance / (deviation[:, :, None] * deviation[:, None, :]).clamp(min=FLAT)
    one, other = torch.triu_indices(values.shape[1], values.shape[1], offset=1, device=values.device)
    return correlation[:, one, other]


def _gradient(intensity: Tensor, scale: int) -> Tensor:
    """Root mean square of the differences between neighbouring squares of `scale` pixels, B x 1."""
    squares = functional.avg_pool2d(intensity, scale)
    along = (squares.diff(dim=3) ** 2).mean(dim=(2, 3))
    down = (squares.diff(dim=2) ** 2).mean(dim=(2, 3))
    return (along + down).sqrt()
