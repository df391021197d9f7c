"""Options of each head: what a protocol's `network` may say beside the head's name. Without torch."""

import math
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from bench.backbones import Maps
from bench.core.errors import StudyError
from bench.pretraining.options import option

# Maps that are finer cost most and are left out, as in what the heads were published with: ResNets begin at 4.
FINEST = 4


class HeadOptions(BaseModel):
    """Options of a head; those of another package's head extend this class."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def entropies(self) -> float | None:
        """How often the loss counts the cross-entropy of the labels; None where the loss is of another kind."""
        return 1.0

    def misfit(self, pyramid: Maps) -> str | None:
        """Why the head cannot stand on a backbone; None where it can."""
        del pyramid
        return None


def levels_from(pyramid: Maps, finest: int = FINEST) -> list[int]:
    """Positions of the maps with a stride of at least `finest`."""
    return [at for at, stride in enumerate(pyramid.strides) if stride >= finest]


def doublings(stride: int, wanted: int) -> int:
    """How often a map is doubled from a stride to a finer one; 0 where it is as fine already."""
    return max(0, round(math.log2(stride / wanted)))


class PlainFCN(HeadOptions):
    """The plain fully convolutional head of Li et al. 2021."""

    channels: list[int] = option(
        [256, 128, 64, 64, 32],
        "ours: paper V-B gives no channels",
        "output channels of each doubling, coarsest first; a backbone with a smaller stride takes the last ones",
    )
    level: int = option(-1, "paper V-B: the last map", "which feature map it reads, by position")
    output_stride: int = option(1, "paper V-B", "stride of the logits, which are resized to the labels", gt=0)

    def misfit(self, pyramid: Maps) -> str | None:
        """It needs the map, and a number of channels a doubling."""
        if not -len(pyramid.strides) <= self.level < len(pyramid.strides):
            return f"network.level is {self.level}, the backbone has {len(pyramid.strides)} maps"
        stride = pyramid.strides[self.level]
        asked = doublings(stride, self.output_stride)
        if len(self.channels) < asked:
            return f"stride {stride} takes {asked} doublings, network.channels has {len(self.channels)}"
        return None


class PixelFPN(HeadOptions):
    """Semantic FPN."""

    channels: int = option(128, "Kirillov et al., CVPR 2019, section 3", "channels of the head", gt=0)
    pyramid: int = option(256, "Lin et al., CVPR 2017, section 3", "channels of the feature pyramid", gt=0)
    dropout: float = option(0.1, "MMSegmentation's fpn_r50", "share of the channels that are dropped", ge=0, lt=1)


class UPerNet(HeadOptions):
    """UPerNet, with MMSegmentation's auxiliary head."""

    channels: int = option(512, "MMSegmentation's upernet_r50", "channels of the head", gt=0)
    auxiliary: float = option(
        0.4,
        "MMSegmentation's upernet_r50; Zhao et al., CVPR 2017, section 3.3",
        "weight of the loss of a small FCN on the last map but one; 0 leaves it out",
        ge=0,
    )
    dropout: float = option(0.1, "MMSegmentation's upernet_r50", "share of the channels that are dropped", ge=0, lt=1)

    @property
    def entropies(self) -> float:
        """Once, and once more with the auxiliary weight."""
        return 1.0 + self.auxiliary

    def misfit(self, pyramid: Maps) -> str | None:
        """The auxiliary head needs a second map."""
        if len(levels_from(pyramid)) < 2:
            return f"upernet reads two maps of stride {FINEST} or more, the backbone has {len(levels_from(pyramid))}"
        return None


class Linear(HeadOptions):
    """One linear layer at every place."""

    levels: list[int] | None = option(
        None,
        "Hariharan et al., CVPR 2015: pixels are described by all maps",
        "the maps that are read, by position, each resized to the first of them; none reads all of stride 4 or more",
        min_length=1,
    )

    def misfit(self, pyramid: Maps) -> str | None:
        """It needs the maps."""
        maps = len(pyramid.strides)
        missing = [level for level in self.levels or [] if not -maps <= level < maps]
        return f"network.levels names {missing[0]}, the backbone has {maps} maps" if missing else None


class CenterNet(HeadOptions):
    """CenterNet, on the coarsest map."""

    channels: list[int] = option(
        [256, 128, 64],
        "Zhou et al. 2019, section 5: 256, 128 and 64",
        "output channels of each doubling up to stride 4, coarsest first; a smaller stride takes the last ones",
        min_length=1,
    )

    def misfit(self, pyramid: Maps) -> str | None:
        """It needs a number of channels a doubling."""
        asked = doublings(pyramid.strides[-1], FINEST)
        if len(self.channels) < asked:
            return f"stride {pyramid.strides[-1]} takes {asked} doublings, network.channels has {len(self.channels)}"
        return None


class _Anchored(HeadOptions):
    """A detector on a feature pyramid that starts from anchors."""

    channels: int = option(256, "Lin et al., CVPR 2017, section 4", "channels of pyramid and heads", gt=0)
    ratios: list[float] = option(
        [0.5, 1.0, 2.0], "Lin et al., CVPR 2017, section 4.1", "height by width of the anchors", min_length=1
    )


class FasterRCNN(_Anchored):
    """Faster R-CNN on a feature pyramid."""

    scale: float = option(
        8.0,
        "Lin et al., CVPR 2017, section 4.1: 32 pixels at stride 4",
        "side of an anchor, in strides of its map",
        gt=0,
    )
    fc: int = option(1024, "Lin et al., CVPR 2017, section 4.2", "width of the two layers behind each region", gt=0)
    regions: int = option(512, "Lin et al., CVPR 2017, section 5.2", "regions of an image that are trained on", gt=0)

    def misfit(self, pyramid: Maps) -> str | None:
        """Anchors of neighbouring maps are to be twice as large."""
        return _no_doubling(pyramid, FINEST)


class RetinaNet(_Anchored):
    """RetinaNet on a feature pyramid."""

    scale: float = option(
        4.0, "Lin et al., ICCV 2017, section 4: 32 pixels at stride 8", "side of an anchor, in strides of its map", gt=0
    )
    finest: int = option(8, "Lin et al., ICCV 2017, section 4", "stride of the finest map that is read", gt=0)
    convolutions: int = option(4, "Lin et al., ICCV 2017, section 4", "layers of each subnet", ge=0)

    def misfit(self, pyramid: Maps) -> str | None:
        """Anchors of neighbouring maps are to be twice as large."""
        return _no_doubling(pyramid, self.finest)


def _no_doubling(pyramid: Maps, finest: int) -> str | None:
    strides = [pyramid.strides[level] for level in levels_from(pyramid, finest)]
    expected = [finest * 2**at for at in range(len(strides))]
    if strides and strides == expected:
        return None
    have = ", ".join(map(str, pyramid.strides))
    return f"anchors need maps of stride {finest}, {2 * finest} and so on, the backbone has {have}"


class _Config(HeadOptions):
    """The model of a user's OpenMMLab config, read as data; see `tasks.heads.user_models`."""

    library: ClassVar[Literal["mmseg", "mmdet"]]
    config: dict[str, Any] = Field(
        description="what the config says of its model but for the backbone; a protocol names the file",
        json_schema_extra={"source": "the user's"},
    )

    @field_validator("config")
    @classmethod
    def _can_be_built(cls, value: dict[str, Any]) -> dict[str, Any]:
        from tasks.heads.user_models import check

        try:
            check(value, cls.library, cls.library)
        except StudyError as error:
            raise ValueError(str(error)) from None
        return value

    @property
    def entropies(self) -> None:
        """What its loss is, the user knows."""
        return

    def misfit(self, pyramid: Maps) -> str | None:
        """The config may ask for maps that the backbone has not."""
        from tasks.heads.user_models import fitted

        try:
            fitted(self.config, self.library, pyramid, classes=2)
        except StudyError as error:
            return str(error)
        return None


class MMSegConfig(_Config):
    """Of MMSegmentation."""

    library = "mmseg"


class MMDetConfig(_Config):
    """Of MMDetection."""

    library = "mmdet"
