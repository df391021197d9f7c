"""Masked image modelling: the head that paints pixels, and its losses in space and frequency."""

import torch
from torch import Tensor, nn
from torch.nn import functional

# Sharpness of the focal weight, and the part that visible pixels play in the spectrum (release).
FOCUS = 0.2
VISIBLE = 0.001


class PixelHead(nn.Sequential):
    """A 1x1 convolution to stride x stride x bands values, laid out as pixels.

    Args:
        channels: of the last feature map.
        stride: of the last feature map, pixels.
        bands: of the images.
    """

    def __init__(self, channels: int, stride: int, bands: int) -> None:
        super().__init__(nn.Conv2d(channels, stride * stride * bands, 1), nn.PixelShuffle(stride))


def fit(prediction: Tensor, size: int) -> Tensor:
    """Resize a prediction whose feature map was a pixel short of the view (SqueezeNet's is)."""
    if prediction.shape[-1] == size:
        return prediction
    return functional.interpolate(prediction, size=(size, size), mode="bilinear", align_corners=False)


def focal_l1(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean over masked pixels of |e| (2 sigmoid(0.2 |e|) - 1), which cares more for large errors.

    Args:
        prediction: normalised, B x C x H x W.
        target: the same.
        mask: 0 or 1, B x 1 x H x W.
    """
    error = (prediction - target).abs()
    weighted = error * (2 * torch.sigmoid(FOCUS * error) - 1)
    return (weighted * mask).sum() / (mask.sum() * prediction.shape[1])


def focal_frequency(prediction: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Squared distance of the minibatch's mean spectra, weighted towards the frequencies that are furthest off.

    The focal frequency loss of Jiang et al. (ICCV 2021, arXiv:2012.12821) in the form of CMID's release: spectra are
    averaged over the minibatch first, the weight is log(1 + distance), and it is divided by the largest of all channels
    and frequencies. The spectrum needs a whole image, so visible pixels are filled in: almost all from a mix of
    prediction and target without gradient, a thousandth from the prediction.

    Args:
        prediction: normalised, B x C x H x W.
        target: the same.
        mask: 0 or 1, B x 1 x H x W.
    """
    mix = (0.5 * prediction + 0.5 * target).detach()
    composite = torch.lerp(VISIBLE * prediction + (1 - VISIBLE) * mix, prediction, mask)
    # The transform is linear: the difference of mean spectra is the spectrum of the mean difference.
    spectra = torch.fft.fft2((composite - target).mean(dim=0), norm="ortho")
    squared = spectra.real**2 + spectra.imag**2
    with torch.no_grad():
        weight = torch.log1p(squared.sqrt())
        # Where prediction and target agree everywhere there is no largest weight.
        weight = weight / weight.max().clamp_min(1e-12)
    loss: Tensor = (weight * squared).mean()
    return loss
