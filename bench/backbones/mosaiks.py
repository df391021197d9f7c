"""Random convolutional features (Rolf et al., Nature Communications 2021): whitened patches of images as filters."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bench.backbones.pyramid import Backbone

# Half the features of a network: each filter gives two.
PATCHES = 512
# Side of a patch in pixels: that of Rolf et al. and of torchgeo's RCF.
SIDE = 3
# Added to each filter's answer before it is rectified: torchgeo's default.
BIAS = -1.0
# Filters whose maps are made at a time, and values of these maps: as many as stay in a processor's cache, which makes
# it five times as fast as whole images are (one core, 64 px: 2.5 ms an image against 14).
GROUP = 64
CACHED = 2**18
# Elsewhere: 256 MiB.
AT_ONCE = 2**26


class RandomConvolutionalFeatures(Backbone):
    """Both signs of each filter's rectified answer, averaged over the image, as one feature map of one pixel.

    What it computes is torchgeo's `RCF` with the same filters.

    Args:
        bands: of the images.

    Attributes:
        patches: the filters, 512 x bands x 3 x 3; zeros until `methods.mosaiks` takes them from a corpus.
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.patches = nn.Parameter(torch.zeros(PATCHES, bands, SIDE, SIDE), requires_grad=False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images in [0, 1], B x bands x H x W, to B x 1024 x 1 x 1."""
        values = CACHED if images.device.type == "cpu" else AT_ONCE
        images_at_once = max(1, values // (GROUP * images.shape[2] * images.shape[3]))
        found = [self._features(part) for part in images.split(images_at_once)]
        return (torch.cat(found)[..., None, None],)

    def _features(self, images: Tensor) -> Tensor:
        above, below = [], []
        for filters in self.patches.split(GROUP):
            answers = functional.conv2d(images, filters, filters.new_full((len(filters),), BIAS))
            above.append(answers.clamp(min=0).mean(dim=(2, 3)))
            below.append(answers.clamp(max=0).mean(dim=(2, 3)).neg())
        return torch.cat([*above, *below], dim=1)
