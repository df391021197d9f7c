"""The methods' own views, with the numbers of lightly's transforms of the same names; torch-free."""

from dataclasses import fields, replace

from bench.pretraining.views import ANY_TURN, JitterStrength, Recipe

# lightly.transforms.MoCoV1Transform, MoCoV2Transform
MOCO_V1 = Recipe(scale=(0.2, 1.0), jitter=JitterStrength(0.4, 0.4, 0.4, 0.4), jitter_chance=0.8, grey=0.2)
MOCO_V2 = Recipe(scale=(0.2, 1.0), jitter=JitterStrength(0.4, 0.4, 0.4, 0.1), jitter_chance=0.8, grey=0.2, blur=0.5)
# lightly.transforms.SimCLRTransform
SIMCLR = Recipe(scale=(0.08, 1.0), jitter=JitterStrength(0.8, 0.8, 0.8, 0.2), jitter_chance=0.8, grey=0.2, blur=0.5)
# lightly.transforms.BYOLView1Transform, BYOLView2Transform
BYOL_1 = Recipe(scale=(0.08, 1.0), jitter=JitterStrength(0.4, 0.4, 0.2, 0.1), jitter_chance=0.8, grey=0.2, blur=1.0)
BYOL_2 = replace(BYOL_1, blur=0.1, solarise=0.2)
# lightly.transforms.DINOTransform, whose paper crops so widely where there are no small crops beside.
DINO_1 = replace(BYOL_1, scale=(0.14, 1.0))
DINO_2 = replace(DINO_1, blur=0.1, solarise=0.2)
# lightly.transforms.VICRegTransform
VICREG = replace(BYOL_1, jitter=JitterStrength(0.4, 0.4, 0.2, 0.1), blur=0.5, solarise=0.1)
# GeRSP's release: MoCo v1's, with the jitter on every view.
GERSP = replace(MOCO_V1, jitter_chance=1.0)
# CMID's release. Kernels of 3, 5 and 7 pixels, each as often as the others; noise in grey levels.
CMID_WEAK = Recipe(scale=(0.3, 1.0))
CMID_STRONG = Recipe(
    scale=(0.3, 1.0),
    jitter=JitterStrength(0.4, 0.4, 0.2, 0.1),
    jitter_chance=0.8,
    grey=0.2,
    blur=1.0,
    radius=(1, 3),
    noise=0.6,
    noise_variance=(10.0, 50.0),
    solarise=0.2,
)
# torchvision's reference training of classifiers: crops of torchvision's default range, mirrored; no colours.
SUPERVISED = Recipe(scale=(0.08, 1.0))

# MAE (He et al. 2022, table 1e): crops and mirrors; I-JEPA (Assran et al. 2023, section 4): crops alone.
MAE = Recipe(scale=(0.2, 1.0))
IJEPA = Recipe(scale=(0.3, 1.0), left_right=0.0)


def aerial(recipe: Recipe) -> Recipe:
    """What a view from above allows: a vertical flip and a quarter turn, each with probability one half."""
    return replace(recipe, up_down=0.5, turns=(0.5, 0.5, 0.0, 0.0))


def weakened(recipe: Recipe, jitter: float, blur: float | None) -> Recipe:
    """A recipe for small tiles.

    Args:
        recipe: one with a jitter.
        jitter: factor on its strengths.
        blur: probability of the blur; None for the recipe's own.
    """
    assert recipe.jitter is not None
    strengths = [jitter * getattr(recipe.jitter, each.name) for each in fields(JitterStrength)]
    return replace(recipe, jitter=JitterStrength(*strengths), blur=recipe.blur if blur is None else blur)


def geokr(jitter: JitterStrength) -> Recipe:
    """GeoKR III-C: any quarter turn, both flips, colour jitter always; no crop."""
    return Recipe(up_down=0.5, turns=ANY_TURN, jitter=jitter)
