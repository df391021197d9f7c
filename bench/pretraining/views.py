"""What the views of a method are made of, told without torch: recipes, the family that all share, and a table of them."""

from dataclasses import astuple, dataclass, field, replace

UPRIGHT = (1.0, 0.0, 0.0, 0.0)
ANY_TURN = (0.25, 0.25, 0.25, 0.25)


@dataclass(frozen=True)
class JitterStrength:
    """Strengths of a colour jitter, as torchvision's `ColorJitter` takes them; hue in turns, at most 0.5."""

    brightness: float
    contrast: float
    saturation: float
    hue: float


@dataclass(frozen=True)
class Recipe:
    """What a view is made of; a probability of 0 leaves a step out.

    Attributes:
        scale: least and greatest share of the tile's area in the crop; None takes the whole tile.
        left_right, up_down: probabilities of the flips.
        turns: probabilities of 0, 1, 2 and 3 quarter turns.
        jitter: strengths of the colour jitter, None for none.
        jitter_chance: probability of the jitter.
        grey: probability of conversion to grey.
        blur: probability of a Gaussian blur.
        sigma: range of its standard deviation, pixels.
        radius: least and greatest reach of its kernel, pixels; None for as far as the Gaussian goes.
        noise: probability of Gaussian noise.
        noise_variance: range of its variance, of images in 0 to 255.
        solarise: probability of solarisation.
    """

    scale: tuple[float, float] | None = None
    left_right: float = 0.5
    up_down: float = 0.0
    turns: tuple[float, float, float, float] = UPRIGHT
    jitter: JitterStrength | None = None
    jitter_chance: float = 1.0
    grey: float = 0.0
    blur: float = 0.0
    sigma: tuple[float, float] = (0.1, 2.0)
    radius: tuple[int, int] | None = None
    noise: float = 0.0
    noise_variance: tuple[float, float] = (0.0, 0.0)
    solarise: float = 0.0


# One geometric and one colour family for all methods (docs/decisions/052). A view from above has no upright, so it may
# be turned and mirrored either way. Crop, jitter and grey are MoCo v2's: each at the mild end of what the two-view
# papers share. Blur, noise and solarisation are left out: lightly advises against a blur of small images, and no more
# than two of the papers have the other two.
COMMON = Recipe(
    scale=(0.2, 1.0),
    up_down=0.5,
    turns=ANY_TURN,
    jitter=JitterStrength(0.4, 0.4, 0.4, 0.1),
    jitter_chance=0.8,
    grey=0.2,
)


def whole(recipe: Recipe) -> Recipe:
    """Without the crop, for a loss that speaks of all of the tile."""
    return replace(recipe, scale=None)


def upright(recipe: Recipe) -> Recipe:
    """Without turns and up-down flips, for pictures that have an upright."""
    return replace(recipe, up_down=0.0, turns=UPRIGHT)


@dataclass(frozen=True)
class Views:
    """What a method says of its views.

    Attributes:
        recipes: of each view, by its name.
        needs: what the loss needs of them, in words: why they are cut or turned no further.
        masks: what is hidden of them, in words; empty for nothing.
    """

    recipes: dict[str, Recipe] = field(default_factory=dict)
    needs: str = ""
    masks: str = ""


NONE = "-"
COLUMNS = (
    *("crop", "left-right", "up-down", "quarter turns", "jitter", "grey", "blur", "noise", "solarise"),
    *("masks", "the loss needs"),
)


def describe(views: Views | None) -> dict[str, str]:
    """What an augmentation is made of, in the words of a table: a text for each of `COLUMNS`.

    Args:
        views: `options.augmentation()`; None for what is not trained on views. Where a method says nothing of its views
            (another package's may not), every text is `not stated`.
    """
    if views is None:
        return dict.fromkeys(COLUMNS, NONE)
    if not views.recipes:
        return dict.fromkeys(COLUMNS, "not stated")
    told = {name: _steps(recipe) for name, recipe in views.recipes.items()}
    texts = []
    for entries in zip(*told.values(), strict=True):
        same = len(set(entries)) == 1
        texts.append(
            entries[0] if same else "; ".join(f"{name} {text}" for name, text in zip(told, entries, strict=True))
        )
    return dict(zip(COLUMNS, (*texts, views.masks or NONE, views.needs or NONE), strict=True))


def _steps(recipe: Recipe) -> tuple[str, ...]:
    """The columns that a recipe fills, in their order."""
    jitter = None if recipe.jitter is None else " ".join(f"{strength:g}" for strength in astuple(recipe.jitter))
    return (
        NONE if recipe.scale is None else _range(recipe.scale),
        _chance(recipe.left_right),
        _chance(recipe.up_down),
        _turns(recipe.turns),
        NONE if jitter is None else f"{jitter} at {recipe.jitter_chance:g}",
        _chance(recipe.grey),
        _chance(recipe.blur, f", s.d. {_range(recipe.sigma)} px"),
        _chance(recipe.noise, f", variance {_range(recipe.noise_variance)}"),
        _chance(recipe.solarise),
    )


def _chance(probability: float, more: str = "") -> str:
    return f"{probability:g}{more}" if probability else NONE


def _range(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:g} to {bounds[1]:g}"


def _turns(chances: tuple[float, float, float, float]) -> str:
    if chances == UPRIGHT:
        return NONE
    named = zip(("0", "90", "180", "270"), chances, strict=True)
    return "any" if chances == ANY_TURN else ", ".join(f"{turn}° at {chance:g}" for turn, chance in named if chance)
