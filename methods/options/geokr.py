"""Options of GeoKR and of its ablations."""

import math
from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

from bench.backbones.normalisation import UNIT, Normalisation
from bench.core.bands import RGB
from bench.core.errors import StudyError
from bench.corpus.build.controls import CONTROLS, supervise
from bench.corpus.storage.reader import Corpus
from bench.pretraining.facts import CorpusFacts, Facts, ImageFacts, Length, ViewsPerTile
from bench.pretraining.options import option
from bench.pretraining.views import JitterStrength, Recipe, whole
from methods.augment import recipes
from methods.options import updates
from methods.options.views import ViewOptions

MISSING = 0.1
"""Share of tiles without land cover in a control above which it is refused: it would no longer be what it is called."""


class LandCoverOptions(ViewOptions):
    """Options of methods that learn from land cover: whose it is, for controls of what the map teaches."""

    land_cover: Literal["true", "shuffled", "noisy", "rotated", "coarse"] = option(
        "true",
        "ours: controls (decision 017)",
        "whose land cover a tile learns: its own, another tile's (every tile, or noise_share of them), that of the place "
        "half a turn about the scene's centre away, or that of a window 8 times as wide",
    )
    noise_share: float | None = option(
        None,
        "ours; needed by land_cover=noisy alone",
        "share of the tiles that get another tile's land cover",
        ge=0,
        le=1,
    )
    weight_decay: float = option(0.0, "ours; the paper states none", "L2 penalty of Adam", ge=0)

    @field_validator("land_cover", mode="before")
    @classmethod
    def _read_true(cls, value: Any) -> Any:
        """YAML reads a bare `true` as a truth value."""
        return "true" if value is True else value

    @model_validator(mode="after")
    def _noise_is_stated(self) -> Self:
        if (self.land_cover == "noisy") != (self.noise_share is not None):
            raise ValueError("land_cover=noisy and noise_share go together: give both or neither")
        return self

    def needs(self) -> str:
        """See `ViewOptions.needs`."""
        return "the whole tile: its land cover is not that of a part"

    def fit(self, view: str, recipe: Recipe) -> Recipe:
        """No crop: the shares of land cover are counted under the whole tile."""
        del view
        return whole(recipe)

    def identity(self) -> dict[str, Any]:
        """As every training's; a tile's own land cover and no weight decay are not named: keys stay as they were."""
        values = super().identity()
        if self.land_cover == "true":
            del values["land_cover"]
        if self.noise_share is None:
            del values["noise_share"]
        if not self.weight_decay:
            del values["weight_decay"]
        return values

    def content_of(self, corpus: CorpusFacts) -> dict[str, Any]:
        """The content of the control that is trained on."""
        if self.land_cover not in CONTROLS:
            return {}
        return {"land_cover_hash": corpus.controls[self.land_cover].hash}

    def supervise(self, corpus: Corpus, seed: int) -> Corpus:
        """The corpus with the land cover asked for, so that losses and sampler read the same."""
        return supervise(corpus, self.land_cover, self.noise_share, seed)

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a control that the corpus lacks, or has for too few of its tiles."""
        super().check(corpus)
        if self.land_cover not in CONTROLS:
            return
        if self.land_cover not in corpus.controls:
            raise StudyError(
                f"option land_cover={self.land_cover} needs land cover that this corpus was built without: "
                "build it with bench corpus build --controls"
            )
        missing = corpus.controls[self.land_cover].missing
        if missing > MISSING * len(corpus):
            raise StudyError(
                f"option land_cover={self.land_cover}: {missing} of {len(corpus)} tiles have no land cover there, more "
                f"than {MISSING:.0%}: add the rasters around the scenes and build the corpus again, or leave it out"
            )


class GeoKROptions(LandCoverOptions):
    """Options of GeoKR (Li et al. 2021); the paper's values are the defaults, the released system's are named."""

    OWN: ClassVar[frozenset[str]] = frozenset({"brightness", "contrast", "saturation", "hue"})

    epochs: int = option(10, "release; the paper does not say", "passes over the corpus", gt=0)
    batch: int = option(128, "paper III-C; release 8", "tiles in one step", gt=1)
    size: int = option(256, "paper IV-A", "side of the tiles fed to the network, pixels", ge=32)
    lr: float = option(1e-3, "paper III-C", "learning rate of Adam", gt=0)
    lr_decay: float = option(0.9, "paper III-C", "factor on the learning rate after every epoch", gt=0, le=1)
    gamma_student: float = option(1.0, "paper III-C, g1 of Eq. 11", "weight of the land-cover loss L_s", ge=0)
    gamma_teacher: float = option(1.0, "paper III-C, g2 of Eq. 11", "weight of the consistency loss L_t", ge=0)
    consistency: Literal["paper", "kl_student_teacher", "kl_teacher_student", "none"] = option(
        "paper", "paper Eq. 10", "form of L_t: as printed, a true KL divergence in either direction, or left out"
    )
    reduction: Literal["batch", "batch_and_classes"] = option(
        "batch", "paper; the release averages over classes too", "what the losses are averaged over"
    )
    alpha: float = option(0.95, "paper III-C, a of Eq. 7", "share of the old teacher in an update", ge=0, le=1)
    update_interval: int = option(3000, "paper III-C", "steps between two teacher updates", gt=0)
    teacher_updates: int | None = option(
        None,
        "ours: a short run would otherwise never move its teacher",
        "teacher updates over the whole run; replaces update_interval",
        gt=0,
    )
    update_schedule: Literal["fixed", "release"] = option(
        "fixed",
        "paper III-C",
        "constant interval, or the release's: first at step 1, then after 500, 10500, 20500, 30500 x 16/batch steps",
    )
    teacher_init: Literal["copy", "independent"] = option(
        "copy", "ours; release: independent", "teacher starts as a copy of the student or on its own"
    )
    teacher_buffers: Literal["own", "copy", "ema"] = option(
        "own", "release", "batch-norm statistics: the teacher's own forwards, the student's at an update, or averaged"
    )
    export: Literal["teacher", "student"] = option("teacher", "paper III-B", "whose backbone is exported")
    balance: bool = option(default=True, source="paper IV-A", text="draw tiles of rare dominant classes more often")
    normalise: bool = option(
        default=True, source="ours; release: no", text="subtract the backbone's input mean, divide by its s.d."
    )
    brightness: float = option(0.3, "release", "strength of the brightness jitter", ge=0)
    contrast: float = option(0.5, "release", "strength of the contrast jitter", ge=0)
    saturation: float = option(0.5, "release", "strength of the saturation jitter", ge=0)
    hue: float = option(0.3, "release", "strength of the hue jitter, in turns", ge=0, le=0.5)

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if self.teacher_updates is not None and self.update_schedule == "release":
            raise ValueError("teacher_updates and update_schedule=release exclude each other")
        if self.mean is not None and not self.normalise:
            raise ValueError("mean and std are stated, and normalise=false takes images as they are: drop one of them")
        return self

    def own_recipes(self) -> dict[str, Recipe]:
        """Student and teacher see one view."""
        return {"tile": recipes.geokr(JitterStrength(self.brightness, self.contrast, self.saturation, self.hue))}

    def normalisation(self, images: ImageFacts | None = None) -> Normalisation:
        """Those of the start, or images in [0, 1] as they are, as released, without `normalise`."""
        if self.normalise:
            return super().normalisation(images)
        if images is None or images.bands == RGB:
            return UNIT
        count = len(images.bands)
        return Normalisation((0.0,) * count, (1.0,) * count, UNIT.source, images.bands.names)

    def peak_lr(self) -> float:
        """As stated, whatever the batch."""
        return self.lr

    @property
    def has_teacher(self) -> bool:
        """Whether a teacher plays a part: in the loss or in what is exported."""
        return self.consistency != "none" or self.export == "teacher"

    def update_due(self, step: int, length: Length) -> bool:
        """Whether the teacher is moved after this step; steps count from 1."""
        if self.update_schedule == "release":
            return updates.release_update(step, self.batch)
        if self.teacher_updates is not None:
            return updates.spread_update(step, self.teacher_updates, length.steps)
        return updates.fixed_update(step, self.update_interval)

    def views_per_tile(self) -> ViewsPerTile:
        """Student and teacher see the same view; a teacher that is not asked sees none."""
        return ViewsPerTile(1, 0 if self.consistency == "none" else 1)

    def fitting(self, steps: int, tiles: int) -> dict[str, Any]:
        """The steps between two teacher updates, and alpha where these are too few for it."""
        del tiles
        if self.update_schedule == "release":
            return {}
        stated = "update_interval" in self.model_fields_set
        interval = self.update_interval if stated else updates.interval_within(steps, self.alpha, self.update_interval)
        moves = self.teacher_updates or max(1, steps // interval)
        return {"update_interval": interval, "alpha": updates.momentum_within(moves, self.alpha)}

    def facts(self, tiles: int) -> Facts:
        """Steps, teacher updates and the share of the start that they leave in the teacher, `alpha ** n`."""
        facts = super().facts(tiles)
        if not self.has_teacher:
            return facts
        length = self.length(tiles)
        moves = sum(self.update_due(step, length) for step in range(1, length.steps + 1))
        return facts | updates.teacher_facts(moves, self.alpha**moves)

    def check(self, corpus: CorpusFacts) -> None:
        """Refuse a run whose teacher never moves: its export would be the start, bit for bit."""
        super().check(corpus)
        facts = self.facts(len(corpus)).values
        if facts.get("start_left", 0.0) < 1.0:
            return
        steps, needed = int(facts["steps"]), self.batch * math.ceil(self.update_interval / self.epochs)
        of = f"{len(corpus)} tiles, batch {self.batch}" + ("" if self.steps else f", {self.epochs} epochs")
        if self.alpha == 1.0:
            mend = "set option alpha below 1"
        elif self.steps:
            mend = f"set option update_interval to at most {steps}, or leave it out"
        else:
            mend = f"set option teacher_updates (60, say), or use a corpus of {needed} tiles or more"
        raise StudyError(
            f"geokr: the teacher never moves, 0 updates with update_interval={self.update_interval} fall into the "
            f"{steps} steps of this run ({of}): {mend}"
        )


class ClassificationOptions(LandCoverOptions):
    """Options of the ablation that learns the dominant class; the values it shares with GeoKR are GeoKR's."""

    epochs: int = option(10, "release; the paper does not say", "passes over the corpus", gt=0)
    batch: int = option(128, "paper III-C", "tiles in one step", gt=1)
    size: int = option(256, "paper IV-A", "side of the tiles fed to the network, pixels", ge=32)
    lr: float = option(1e-3, "paper III-C", "learning rate of Adam", gt=0)
    lr_decay: float = option(0.9, "paper III-C", "factor on the learning rate after every epoch", gt=0, le=1)
    balance: bool = option(default=True, source="paper IV-A", text="draw tiles of rare dominant classes more often")

    def peak_lr(self) -> float:
        """As stated, whatever the batch."""
        return self.lr

    def views_per_tile(self) -> ViewsPerTile:
        """One network, one view."""
        return ViewsPerTile(1, 0)

    def own_recipes(self) -> dict[str, Recipe]:
        """GeoKR's, with the strengths of its release."""
        return {"tile": recipes.geokr(JitterStrength(0.3, 0.5, 0.5, 0.3))}
