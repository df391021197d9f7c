"""Plain vision transformers of timm: one map at the stride of their patches, and a vector as timm's classifier reads it.

No map of another stride is made here. The simple feature pyramid that dense tasks put on it (Li et al. 2022) is trained
with their heads and is no part of the weights.
"""

import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass

import timm
import torch
from timm.layers.patch_embed import PatchEmbed
from timm.models.deit import VisionTransformerDistilled
from timm.models.eva import Eva
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from bench.backbones import BackboneSpec, Stem, Transformer
from bench.backbones.pyramid import Backbone
from bench.backbones.timm_network import PREFIX, TimmNetwork

# Classes of timm that are a patch embedding, blocks on all tokens, and a norm; the last is that of EVA and DINOv3.
PLAIN = (VisionTransformer, VisionTransformerDistilled, Eva)


class PlainTransformer(TimmNetwork):
    """A vision transformer (Dosovitskiy et al., ICLR 2021) for images of any size.

    Positions are interpolated to the image's grid as timm does it, bicubic. An image whose side is no multiple of the
    patch is enlarged to the next one, bilinear, so that the map covers the image exactly
    (docs/decisions/084-plain-transformers.md).

    Args:
        network: of timm, made with `dynamic_img_size`.
    """

    network: VisionTransformer

    def forward(self, images: Tensor, pooled: bool = False) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to the patches' map, B x C x ceil(H/p) x ceil(W/p).

        Class, distillation and register tokens are not in the map. `pooled` adds the vector of each image, B x C.
        """
        patch = self.network.patch_embed.patch_size[0]
        rows, columns = (-(-side // patch) for side in images.shape[2:])
        if images.shape[2:] != (rows * patch, columns * patch):
            images = functional.interpolate(images, (rows * patch, columns * patch), mode="bilinear")
        tokens = self.network.forward_features(images)
        spatial = tokens[:, self.network.num_prefix_tokens :].transpose(1, 2).unflatten(2, (rows, columns))
        return (spatial, self.network.forward_head(tokens, pre_logits=True)) if pooled else (spatial,)

    def map_and_pooling(self, images: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
        """The map, and what timm's classifier of this network reads: class token, mean of patches, or its own pooling."""
        spatial, vector = self(images, pooled=True)
        return spatial, lambda: vector

    @property
    def layers(self) -> int:
        """What makes tokens, the blocks, and what follows them (as in BEiT and MAE)."""
        return len(self.network.blocks) + 2

    def layer_of(self, name: str) -> int:
        """0 for what makes tokens, then the blocks, then what follows them."""
        timms = self.timms_name(name)
        block = re.match(r"blocks\.(\d+)\.", timms)
        if block:
            return int(block[1]) + 1
        return self.layers - 1 if timms.startswith(("norm.", "fc_norm.", "attn_pool.")) else 0


@dataclass(frozen=True, kw_only=True)
class TransformerSpec(BackboneSpec):
    """One of timm's plain transformers."""

    def make(self, bands: int) -> Backbone:
        """The transformer for images of so many bands and any size, with timm's own initialisation."""
        network = timm.create_model(
            self.name.removeprefix(PREFIX), pretrained=False, num_classes=0, in_chans=bands, dynamic_img_size=True
        )
        backbone: Backbone = self.load()(network)
        return backbone


def is_plain(network: nn.Module) -> bool:
    """Whether one of timm's networks is a plain transformer on patches of pixels, not on the maps of another network."""
    return (
        type(network) in PLAIN
        and type(network.patch_embed) is PatchEmbed
        and network.patch_embed.patch_size[0] == network.patch_embed.patch_size[1]
    )


def describe(name: str, full: nn.Module) -> TransformerSpec:
    """The spec of a plain transformer.

    Args:
        name: timm's, without `timm:`.
        full: timm's network with its classifier, as `is_plain` says; on the meta device.
    """
    assert isinstance(full, PLAIN)
    patch, channels = int(full.patch_embed.patch_size[0]), int(full.embed_dim)
    spec = TransformerSpec(
        name=PREFIX + name,
        summary=f"{name} as timm builds it.",
        factory="bench.backbones.vision_transformer:PlainTransformer",
        channels=(channels,),
        strides=(patch,),
        transformer=Transformer(
            patch=patch,
            depth=len(full.blocks),
            pooling=str(full.global_pool),
            maskable=type(full) is VisionTransformer and full.pos_embed is not None,
        ),
        # Before it is flattened; positions are added later.
        stem=Stem("network.patch_embed", channels, axis=3),
        batch_norm=False,
        library="timm",
        formats={"timm": ""},
    )
    with torch.device("meta"):
        own = spec.make(3).state_dict()
    return dataclasses.replace(spec, left_out=tuple(sorted(full.state_dict().keys() - own.keys())))
