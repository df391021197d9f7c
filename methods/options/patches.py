"""Options of the methods that give a plain transformer some of an image's patches alone: MAE and I-JEPA."""

from typing import Any, ClassVar

from bench.backbones import BackboneSpec
from bench.core.errors import StudyError
from bench.pretraining.facts import Facts, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import Recipe
from methods.augment import recipes
from methods.options import updates
from methods.options.views import ViewOptions


class PatchOptions(ViewOptions):
    """What both share.

    Attributes:
        METHOD: its name, for messages.
        LEAST: patches that a view must have along a side.
    """

    METHOD: ClassVar[str]
    LEAST: ClassVar[int] = 2

    weight_decay: float = option(0.05, "He et al. 2022, table 8", "of AdamW, not applied to norms and biases", ge=0)
    warmup_epochs: int = option(40, "He et al. 2022, table 8", "epochs of rising learning rate, at most a tenth", ge=0)

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """Refuse a network that cannot go without some patches, and views that its patches do not tile."""
        made, name = backbone.transformer, self.METHOD
        if made is None or not made.maskable:
            raise StudyError(
                f"{name} shows a network some patches of an image alone, which {backbone.name} cannot take: choose a plain "
                f"transformer for {name}, such as timm:vit_small_patch16_224"
            )
        if self.size % made.patch or self.size < self.LEAST * made.patch:
            near = max(self.LEAST, round(self.size / made.patch)) * made.patch
            raise StudyError(
                f"{name}: option size={self.size} is not {self.LEAST} or more times the {made.patch} pixels of a patch of "
                f"{backbone.name}: set options.{name}.size to {near}"
            )

    def facts(self, tiles: int) -> Facts:
        """Steps, and the warm-up among them."""
        return super().facts(tiles) | updates.warmup_facts(self.warmup_epochs, self.length(tiles))


class MAEOptions(PatchOptions):
    """Options of MAE (He et al. 2022); learning rate is that of a batch of 256 and scales with the batch."""

    METHOD: ClassVar[str] = "mae"

    epochs: int = option(800, "He et al. 2022, section 4", "passes over the corpus", gt=0)
    mask: float = option(0.75, "He et al. 2022, figure 5", "share of the patches that are masked", gt=0, lt=1)
    normalise: bool = option(
        default=True, source="He et al. 2022, table 1d", text="predict patches less their own mean, by their own s.d."
    )
    decoder_dim: int = option(512, "He et al. 2022, table 1b", "width of the decoder, a multiple of four", gt=0)
    decoder_depth: int = option(8, "He et al. 2022, table 1a", "blocks of the decoder", gt=0)
    decoder_heads: int = option(16, "release", "attention heads of the decoder, a divisor of its width", gt=0)
    lr: float = option(1.5e-4, "He et al. 2022, table 8, at a batch of 256", "learning rate of AdamW", gt=0)

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 256

    def own_recipes(self) -> dict[str, Recipe]:
        """One view, cropped and mirrored, its colours as they are."""
        return {"image": recipes.MAE}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "one view of a tile, whose pixels are predicted"

    def masks(self) -> str:
        """The network does not see them at all."""
        return f"{self.mask:g} of the patches"

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """As above, and a decoder whose width its heads do not divide."""
        super().check_backbone(backbone)
        _check_decoder("mae", self.decoder_dim, self.decoder_heads)

    def views_per_tile(self) -> ViewsPerTile:
        """One view, of which the encoder sees a part."""
        return ViewsPerTile(1, 0)


class IJEPAOptions(PatchOptions):
    """Options of I-JEPA (Assran et al. 2023); learning rate is that of a batch of 2048 and scales with the batch."""

    METHOD: ClassVar[str] = "ijepa"

    epochs: int = option(300, "Assran et al. 2023, appendix A", "passes over the corpus", gt=0)
    targets: int = option(4, "Assran et al. 2023, section 3", "blocks of patches that are predicted", gt=0)
    target_scale: tuple[float, float] = option(
        (0.15, 0.2), "Assran et al. 2023, section 3", "least and largest share of the patches in a target block"
    )
    target_ratio: tuple[float, float] = option(
        (0.75, 1.5), "Assran et al. 2023, section 3", "least and largest height of a target block by its width"
    )
    context_scale: tuple[float, float] = option(
        (0.85, 1.0), "Assran et al. 2023, section 3", "least and largest share of the patches in the square context"
    )
    least: int = option(
        10, "release; at most a quarter of the patches: ours", "patches that a context has at least", gt=0
    )
    predictor_dim: int = option(
        384, "Assran et al. 2023, appendix A", "width of the predictor, a multiple of four", gt=0
    )
    predictor_depth: int = option(12, "Assran et al. 2023, appendix A", "blocks of the predictor; 6 for ViT-B", gt=0)
    predictor_heads: int = option(12, "release: as the encoder's", "attention heads of the predictor", gt=0)
    momentum: float = option(
        0.996,
        "Assran et al. 2023, appendix A",
        "share of the old teacher at the start; rises to 1 linearly",
        ge=0,
        le=1,
    )
    lr: float = option(1e-3, "Assran et al. 2023, appendix A, at a batch of 2048", "learning rate of AdamW", gt=0)
    weight_decay: float = option(
        0.04, "Assran et al. 2023, appendix A, where it rises to 0.4", "of AdamW, not on norms and biases", ge=0
    )
    warmup_epochs: int = option(
        15, "Assran et al. 2023, appendix A", "epochs of rising learning rate, at most a tenth", ge=0
    )

    def peak_lr(self) -> float:
        """In proportion to the batch."""
        return self.lr * self.batch / 2048

    def own_recipes(self) -> dict[str, Recipe]:
        """One view, cropped and nothing else."""
        return {"image": recipes.IJEPA}

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "one view of a tile, whose patches' features are predicted"

    def masks(self) -> str:
        """The context lacks the targets."""
        low, high = self.target_scale
        return f"{self.targets} blocks of {low:g} to {high:g} of the patches, student"

    def check_backbone(self, backbone: BackboneSpec) -> None:
        """As above, and a predictor whose width its heads do not divide."""
        super().check_backbone(backbone)
        _check_decoder("ijepa", self.predictor_dim, self.predictor_heads, "predictor")

    def views_per_tile(self) -> ViewsPerTile:
        """One view, of which the student sees a part and the teacher all."""
        return ViewsPerTile(1, 1)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The teacher's momentum at the start."""
        del tiles
        return {"momentum": updates.momentum_within(steps, self.momentum)}

    def facts(self, tiles: int) -> Facts:
        """Steps, warm-up, and how far the teacher moves."""
        steps = self.length(tiles).steps
        return super().facts(tiles) | updates.teacher_facts(steps, updates.linear_left(steps, self.momentum))


def _check_decoder(method: str, width: int, heads: int, what: str = "decoder") -> None:
    if width % heads or width % 4:
        raise StudyError(
            f"{method}: option {what}_dim={width} is no multiple of four and of {what}_heads={heads}: "
            f"set options.{method}.{what}_dim to {-(-width // (4 * heads)) * 4 * heads}"
        )
