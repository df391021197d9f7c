"""The heads registry: what stands on a backbone in segmentation, change detection and detection. Without torch.

A protocol's `network` names a head and its options, `network: {head: upernet, channels: 128}`, or a user's OpenMMLab config,
`network: {mmseg: my_config.py}`. One that names none has the head of its task (`tasks.TaskSpec.head`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bench.backbones import Maps
from bench.core import documents
from bench.core.configs import Values
from bench.core.errors import StudyError
from bench.core.registry import Registry, Spec
from tasks.heads import options
from tasks.heads.options import HeadOptions

if TYPE_CHECKING:
    from tasks.heads.parts import Parts
    from tasks.protocols import Protocol

Answers = Literal["pixels", "boxes"]
# Whose configs a `network` may name.
LIBRARIES = {"mmseg", "mmdet"}


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
    HeadSpec(
        name="mmseg",
        summary="Neck and heads of your own MMSegmentation config: `network: {mmseg: my_config.py}`.",
        factory="tasks.heads.openmmlab:segmentor",
        options=options.MMSegConfig,
        answers="pixels",
        reference="the config's",
    ),
    HeadSpec(
        name="mmdet",
        summary="Neck and heads of your own MMDetection config: `network: {mmdet: my_config.py}`.",
        factory="tasks.heads.openmmlab:detector",
        options=options.MMDetConfig,
        answers="boxes",
        reference="the config's",
    ),
]

registry = Registry("heads", "head", _BUILTIN, listed_by="bench heads")
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
    for library in LIBRARIES & said.keys():
        said |= {"head": library, "config": said.pop(library)}
    name = said.pop("head", default)
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
    values, listed_by = {**spec.defaults, **said}, f"bench heads show {spec.name}"
    return Head(spec, documents.parse(spec.options, values, f"{who}: network", StudyError, listed_by=listed_by))


def with_configs_read(values: Values, file: Path) -> Values:
    """A protocol's own values with what its `network` names read: a config's content stands in place of its path.

    Args:
        values: as they stand in the file.
        file: of the protocol, to which the path is relative.

    Raises:
        StudyError: the config cannot be read, or a study cannot build its model.
    """
    network = values.get("network")
    if not isinstance(network, dict):
        return values
    read = {name: _read(network[name], name, file) for name in LIBRARIES if isinstance(network.get(name), str)}
    return values | {"network": network | read} if read else values


def _read(path: str, library: Any, file: Path) -> Values:
    from tasks.heads.config_files import locate
    from tasks.heads.user_models import model_of

    return model_of(locate(path, file.parent), library)


def named(network: Values) -> bool:
    """Whether a protocol's `network` names a head, with which it says all of the network."""
    return bool(network.keys() & {"head", *LIBRARIES})


def default(task: str) -> str | None:
    """The head of a protocol of a task that names none; None where the task takes none, or is not known."""
    import tasks

    spec = tasks.registry.all().get(task)
    return spec.head if spec else None
