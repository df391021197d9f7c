"""A plain transformer that is given some of an image's patches alone, by lightly's masked transformer."""

import torch
from lightly.models.modules import MaskedVisionTransformerTIMM
from lightly.models.utils import initialize_2d_sine_cosine_positional_embedding
from torch import Tensor

from bench.backbones.pyramid import Backbone
from bench.backbones.sources import RANDOM
from bench.backbones.vision_transformer import PlainTransformer


class PatchEncoder:
    """Encodes chosen patches with the network of a backbone, whose weights stay the backbone's.

    It is no module, so that a method's `state_dict` holds the network once.

    Args:
        backbone: a plain transformer with positions that are added.
        init: where its weights start. Of a random start the linear layers and the class token are drawn again as in MAE's
            release, and positions are sines and cosines that stay (He et al. 2022, appendix A.1); others are kept as they are.

    Attributes:
        prefix: tokens that stand before the patches and are never left out.
    """

    def __init__(self, backbone: Backbone, init: str) -> None:
        assert isinstance(backbone, PlainTransformer)
        network = backbone.network
        drawn = "" if init == RANDOM else "skip"
        self._encoder = MaskedVisionTransformerTIMM(
            network, weight_initialization=drawn, pos_embed_initialization="skip"
        )
        self.prefix = int(network.num_prefix_tokens)
        if init == RANDOM:
            assert network.pos_embed is not None
            before = 0 if network.no_embed_class else self.prefix
            initialize_2d_sine_cosine_positional_embedding(network.pos_embed, num_prefix_tokens=before)

    def __call__(self, images: Tensor, kept: Tensor) -> Tensor:
        """Encode chosen patches of images.

        Args:
            images: normalised, B x bands x S x S, S a multiple of the patch.
            kept: numbers of the patches, row by row, B x N.

        Returns:
            B x (prefix + N) x C.
        """
        tokens: Tensor = self._encoder.encode(images, idx_keep=with_prefix(kept, self.prefix))
        return tokens


def with_prefix(patches: Tensor, prefix: int) -> Tensor:
    """Places of all prefix tokens and of some patches in a sequence of both, from the numbers of the patches, B x N."""
    before = torch.arange(prefix, device=patches.device).expand(len(patches), -1)
    return torch.cat((before, patches + prefix), dim=1)
