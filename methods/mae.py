"""MAE (He et al., CVPR 2022) from lightly's parts."""

import torch
from lightly.models import utils
from lightly.models.modules import MaskedVisionTransformerDecoderTIMM
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment.views import views_of
from methods.options.patches import MAEOptions
from methods.patches import PatchEncoder, with_prefix

# Momenta of AdamW (He et al. 2022, table 8).
BETAS = (0.9, 0.95)
# Added to a patch's variance (release).
EPSILON = 1e-6


def draw_patches(count: int, patches: int, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Numbers of the patches that are seen and of those that are masked, drawn for each image.

    Args:
        count: images, B.
        patches: of each, N.
        share: that is masked; of those seen the number is rounded down, and is at least one.
        generator: on the CPU.

    Returns:
        B x seen and B x masked, each in the order drawn.
    """
    # The small term keeps a product that is whole in decimals from being rounded down.
    seen = max(1, int(patches * (1 - share) + 1e-9))
    order = torch.rand((count, patches), generator=generator).argsort(dim=1)
    return order[:, :seen], order[:, seen:]


def pixels_of(images: Tensor, patch: int, normalise: bool) -> Tensor:
    """What is predicted: the pixels of each patch.

    Args:
        images: B x bands x S x S.
        patch: side of a patch, pixels.
        normalise: less the patch's mean, by its s.d. (table 1d); the variance is that of a sample, as in the release.

    Returns:
        B x (S/p)^2 x (p^2 bands).
    """
    pixels: Tensor = utils.patchify(images, patch)
    if not normalise:
        return pixels
    spread = (pixels.var(dim=-1, keepdim=True) + EPSILON).sqrt()
    return (pixels - pixels.mean(dim=-1, keepdim=True)) / spread


class MAE(Method[MAEOptions]):
    """An encoder of a few patches, and a decoder that paints the others; the encoder is exported."""

    def __init__(self, backbone: Backbone, options: MAEOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        options.check_backbone(backbone.spec)
        self.encoder = PatchEncoder(backbone, options.init)
        self.patch = backbone.strides[-1]
        self.patches = (options.size // self.patch) ** 2
        width = options.decoder_dim
        self.embed = nn.Linear(backbone.channels[-1], width)
        self.decoder = MaskedVisionTransformerDecoderTIMM(
            self.patches, width, options.decoder_depth, options.decoder_heads, num_prefix_tokens=self.encoder.prefix
        )
        self.painter = nn.Linear(width, self.patch**2 * len(self.bands))
        for layer in (self.embed, self.painter):  # as all linear layers of the release
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Mean squared error over the pixels of the masked patches."""
        images = self.view(batch.images, batch.generator)
        drawn = draw_patches(len(images), self.patches, self.options.mask, batch.generator)
        seen, masked = (each.to(images.device) for each in drawn)
        painted = self._paint(self.encoder(images, seen), seen, masked)
        with torch.autocast(images.device.type, enabled=False):
            wanted = utils.get_at_index(pixels_of(images, self.patch, self.options.normalise), masked)
            return {"pixels": functional.mse_loss(painted.float(), wanted)}

    def _paint(self, tokens: Tensor, seen: Tensor, masked: Tensor) -> Tensor:
        """Pixels of the masked patches, B x masked x (p^2 bands), from the tokens of those seen."""
        known, prefix = self.embed(tokens), self.encoder.prefix
        blank = self.decoder.mask_token.to(known.dtype).expand(len(known), prefix + self.patches, -1)
        decoded = self.decoder(utils.set_at_index(blank, with_prefix(seen, prefix), known))
        painted: Tensor = self.painter(utils.get_at_index(decoded, masked + prefix))
        return painted

    def constant_losses(self) -> dict[str, float]:
        """That of no structure in any patch: D values of variance 1 have the mean square (D - 1) / D.

        Pixels that are not normalised have no such bound: it depends on the tiles' own contrast.
        """
        count = self.patch**2 * len(self.bands)
        return {"pixels": (count - 1) / count} if self.options.normalise else {}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """AdamW with warm-up and cosine; the learning rate grows with the batch."""
        of = self.options
        trained = [self.backbone, self.embed, self.decoder, self.painter]
        optimiser = schedules.adamw(trained, of.peak_lr(), of.weight_decay, BETAS)
        return optimiser, schedules.cosine(optimiser, self.length, of.warmup_epochs)
