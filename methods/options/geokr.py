"""Options of GeoKR and of its ablations."""

from typing import Literal, Self

from pydantic import model_validator

from bench.options import TrainingOptions, option


class GeoKROptions(TrainingOptions):
    """Options of GeoKR (Li et al. 2021); the paper's values are the defaults, the released system's are named."""

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
        return self


class ClassificationOptions(TrainingOptions):
    """Options of the ablation that learns the dominant class; the values it shares with GeoKR are GeoKR's."""

    epochs: int = option(10, "release; the paper does not say", "passes over the corpus", gt=0)
    batch: int = option(128, "paper III-C", "tiles in one step", gt=1)
    size: int = option(256, "paper IV-A", "side of the tiles fed to the network, pixels", ge=32)
    lr: float = option(1e-3, "paper III-C", "learning rate of Adam", gt=0)
    lr_decay: float = option(0.9, "paper III-C", "factor on the learning rate after every epoch", gt=0, le=1)
    balance: bool = option(default=True, source="paper IV-A", text="draw tiles of rare dominant classes more often")
