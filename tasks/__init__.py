"""The tasks registry: every kind of downstream problem, listed without importing torch."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.backbones import BackboneSpec
from bench.core import documents
from bench.core.errors import StudyError
from bench.core.registry import Registry, Spec
from tasks import heads
from tasks.classifiers import Classifier, PixelClassifier
from tasks.heads import Head

if TYPE_CHECKING:
    from tasks.protocols import Protocol


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Spec):
    """One kind of downstream problem.

    Attributes:
        factory: `module:Class` of a `tasks.task.Task`.
        version: bumped by hand when a change of the code changes the numbers.
        frozen: whether it takes features as they are and trains no network.
        whole_image: whether a label speaks of a whole image, so that images can be scaled without their labels.
        network: what a protocol's `network` must be, where it is a classifier of frozen features.
        pixels: whether it takes a map of features, which fixed features of whole images do not have.
        head: name of the head of a protocol that names none, where the task takes one; others that answer as it does may
            stand in its place.
    """

    version: int
    frozen: bool = False
    whole_image: bool = False
    network: type[Classifier] | type[PixelClassifier] | None = None
    pixels: bool = False
    head: str | None = None

    def head_of(self, protocol: "Protocol") -> Head:
        """What a protocol puts on the backbone.

        Raises:
            StudyError: the task takes no head, or the protocol's `network` names none that fits.
        """
        if self.head is None:
            raise StudyError(f"protocol {protocol.id}: task {self.name} takes no head: state one in its TaskSpec")
        return heads.of(protocol, self.head)

    def check(self, protocol: "Protocol") -> None:
        """Look whether this kind of problem can do what a protocol asks for.

        Raises:
            StudyError: it cannot; one line that names protocol and value.
        """
        who, sizes = f"protocol {protocol.id}", protocol.tuning.size if protocol.tuning else []
        if protocol.bn != "as-trained" and not self.frozen:
            raise StudyError(f"{who}: bn is {protocol.bn}, task {self.name} trains batch norm: write as-trained")
        if (protocol.evaluation.size or sizes) and not self.whole_image:
            raise StudyError(f"{who}: a size scales images, and labels of task {self.name} lie in pixels: leave it out")
        if self.frozen and protocol.trains:
            raise StudyError(f"{who}: task {self.name} trains no network: write optimiser: {{name: none}}")
        if not self.frozen and not protocol.trains:
            raise StudyError(f"{who}: task {self.name} trains a network and needs an optimiser")
        if self.frozen and protocol.tuning and not (self.whole_image and protocol.tuning.fed_alone):
            raise StudyError(f"{who}: task {self.name} has no rate or length to tune: leave tuning out")
        if self.head is not None:
            self.head_of(protocol)
        if self.network is not None:
            network = documents.parse(self.network, protocol.network, f"{who}: network", StudyError)
            if protocol.selects not in network.selections:
                chosen = " or ".join([", ".join(network.selections[:-1]), network.selections[-1]]).removeprefix(" or ")
                raise StudyError(f"{who}: this {network.classifier} goes with selection: {chosen}")

    def check_backbone(self, protocol: "Protocol", backbone: BackboneSpec) -> None:
        """Look whether a backbone has the maps that a protocol reads.

        Raises:
            StudyError: it has none of that stride, or the head cannot stand on it.
        """
        misfit = self.head_of(protocol).options.misfit(backbone.maps) if self.head else None
        if misfit:
            raise StudyError(f"protocol {protocol.id}: backbone {backbone.name}: {misfit}")
        stride = protocol.network.get("stride") if self.pixels else None
        strides = backbone.maps.strides
        if stride is not None and stride not in strides:
            raise StudyError(
                f"protocol {protocol.id}: backbone {backbone.name} has no map of stride {stride}, but of "
                f"{', '.join(map(str, strides))}: leave one of them out, or write a protocol with such a stride"
            )


_BUILTIN = [
    TaskSpec(
        name="cls",
        summary="Scene classification: backbone and one linear layer; mean of the class accuracies.",
        factory="tasks.cls:Classification",
        version=2,
        whole_image=True,
    ),
    TaskSpec(
        name="seg",
        summary="Semantic segmentation by MMSegmentation: the paper's plain FCN or another head; mIoU.",
        factory="tasks.seg:Segmentation",
        version=3,
        head="fcn",
    ),
    TaskSpec(
        name="det",
        summary="Object detection by MMDetection: CenterNet or another detector; AP50 and COCO's AP.",
        factory="tasks.det:Detection",
        version=2,
        head="centernet",
    ),
    TaskSpec(
        name="cloud",
        summary="Cloud and snow detection, scored apart: the network of `seg`; mIoU.",
        factory="tasks.seg:Segmentation",
        version=3,
        head="fcn",
    ),
    TaskSpec(
        name="change",
        summary="Change detection: siamese backbone and the network of `seg`; F1 of the changed class.",
        factory="tasks.change:ChangeDetection",
        version=3,
        head="fcn",
    ),
    TaskSpec(
        name="multilabel",
        summary="Multi-label classification: backbone and one linear layer, a probability a label; mAP.",
        factory="tasks.multilabel:MultiLabelClassification",
        version=1,
        whole_image=True,
    ),
    TaskSpec(
        name="probe",
        summary="Scene classification from frozen features: ridge, logistic regression or nearest neighbours.",
        factory="tasks.probe:Probe",
        version=2,
        frozen=True,
        whole_image=True,
        network=Classifier,
    ),
    TaskSpec(
        name="probe-seg",
        summary="Semantic segmentation from one frozen feature map: ridge at every pixel; mIoU.",
        factory="tasks.pixel_probe:PixelProbe",
        version=1,
        frozen=True,
        network=PixelClassifier,
        pixels=True,
    ),
]


registry = Registry("tasks", "task", _BUILTIN, listed_by="bench tasks")
get = registry.get
