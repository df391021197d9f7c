"""The heads registry: what stands on a backbone in segmentation, change detection and detection. Without torch.

A protocol's `network` names a head and its options, `network: {head: upernet, channels: 128}`; one that names none has the
head of its task (`tasks.TaskSpec.head`).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bench.backbones import Maps
from bench.core import documents
from bench.core.errors import StudyError
from bench.core.registry import Registry, Spec
from tasks.heads import options
from tasks.heads.options import HeadOptions

if TYPE_CHECKING:
    from tasks.heads.parts import Parts
    from tasks.protocols import Protocol

Answers = Literal["pixels", "boxes"]


@dataclass(frozen=True, kw_only=True)
class HeadSpec(Spec):
    """One head.

    Attributes:
        factory: `module:function` from a `Maps`, the number of classes and the options to `tasks.heads.parts.Parts`.
        options: what `network` may say of it.
        answers: a class for each pixel, of segmentation and change detection, or boxes.
        reference: where it was published.
    """

    options: type[HeadOptions]
    answers: Answers
    reference: str


_BUILTIN = [
    HeadSpec(
        name="fcn",
        summary="Plain FCN: one map, doubled until it is fine enough.",
        factory="tasks.heads.fcn:parts",
        options=options.PlainFCN,
        answers="pixels",
        reference="Li et al., ISPRS 2021, section V-B",
    ),
    HeadSpec(
        name="fpn",
        summary="Semantic FPN: a feature pyramid, its maps brought to stride 4 and added.",
        factory="tasks.heads.pixels:fpn",
        options=options.PixelFPN,
        answers="pixels",
        reference="Kirillov et al., CVPR 2019",
    ),
    HeadSpec(
        name="upernet",
        summary="UPerNet: pyramid pooling on the coarsest map, a feature pyramid, all maps joined; an auxiliary FCN.",
        factory="tasks.heads.pixels:upernet",
        options=options.UPerNet,
        answers="pixels",
        reference="Xiao et al., ECCV 2018",
    ),
    HeadSpec(
        name="linear",
        summary="One linear layer at every place of the maps, which are resized to the finest and joined.",
        factory="tasks.heads.pixels:linear",
        options=options.Linear,
        answers="pixels",
        reference="Hariharan et al., CVPR 2015",
    ),
    HeadSpec(
        name="centernet",
        summary="CenterNet: peaks of a heatmap at stride 4, with size and offset.",
        factory="tasks.heads.centernet:parts",
        options=options.CenterNet,
        answers="boxes",
        reference="Zhou et al. 2019, arXiv 1904.07850",
    ),
    HeadSpec(
        name="faster-rcnn-fpn",
        summary="Faster R-CNN on a feature pyramid: proposed regions, each classified and refined.",
        factory="tasks.heads.boxes:faster_rcnn",
        options=options.FasterRCNN,
        answers="boxes",
        reference="Ren et al., NeurIPS 2015; Lin et al., CVPR 2017",
    ),
    HeadSpec(
        name="retinanet-fpn",
        summary="RetinaNet: dense anchors on a feature pyramid, focal loss.",
        factory="tasks.heads.boxes:retinanet",
        options=options.RetinaNet,
        answers="boxes",
        reference="Lin et al., ICCV 2017",
    ),
]

registry = Registry("heads", "head", _BUILTIN)
get = registry.get


@dataclass(frozen=True)
class Head:
    """A head with its options."""

    spec: HeadSpec
    options: HeadOptions

    def parts(self, pyramid: Maps, classes: int) -> "Parts":
        """What a model is made of beside its backbone."""
        made: Parts = self.spec.load()(pyramid, classes, self.options)
        return made


def of(protocol: "Protocol", default: str) -> Head:
    """The head of a protocol.

    Args:
        protocol: whose `network` names the head, or does not.
        default: name of the head that stands where none is named.

    Raises:
        StudyError: there is no such head, it answers otherwise than the default does, or an option does not fit it.
    """
    who, said = f"protocol {protocol.id}", dict(protocol.network)
    name, place = said.pop("head", default), "network"
    answers = get(default).answers
    try:
        spec = get(name)
    except StudyError as error:
        raise StudyError(f"{who}: network.head: {error}") from None
    if spec.answers != answers:
        fitting = ", ".join(each.name for each in registry.all().values() if each.answers == answers)
        raise StudyError(
            f"{who}: network.head {name} gives {spec.answers}, task {protocol.task} takes {answers}: choose from {fitting}"
        )
    return Head(spec, documents.parse(spec.options, {**spec.defaults, **said}, f"{who}: {place}", StudyError))


def named(network: dict[str, Any]) -> bool:
    """Whether a protocol's `network` names a head, and with it says all of the network."""
    return "head" in network
