"""The tasks registry: every kind of downstream problem, listed without importing torch."""

from dataclasses import dataclass

from bench.core.registry import Registry, Spec


@dataclass(frozen=True, kw_only=True)
class TaskSpec(Spec):
    """One kind of downstream problem.

    Attributes:
        factory: `module:Class` of a `tasks.task.Task`.
        version: bumped by hand when a change of the code changes the numbers.
        frozen: whether it takes features as they are and trains no network.
    """

    version: int
    frozen: bool = False


_BUILTIN = [
    TaskSpec(
        name="cls",
        summary="Scene classification: backbone and one linear layer; mean of the class accuracies.",
        factory="tasks.cls:Classification",
        version=2,
    ),
    TaskSpec(
        name="seg",
        summary="Semantic segmentation: the paper's plain FCN, by MMSegmentation; mIoU.",
        factory="tasks.seg:Segmentation",
        version=3,
    ),
    TaskSpec(
        name="det",
        summary="Object detection: CenterNet, by MMDetection; AP50 and COCO's AP.",
        factory="tasks.det:Detection",
        version=2,
    ),
    TaskSpec(
        name="cloud",
        summary="Cloud and snow detection, scored apart: the network of `seg`; mIoU.",
        factory="tasks.seg:Segmentation",
        version=3,
    ),
    TaskSpec(
        name="change",
        summary="Change detection: siamese backbone and the network of `seg`; F1 of the changed class.",
        factory="tasks.change:ChangeDetection",
        version=3,
    ),
    TaskSpec(
        name="multilabel",
        summary="Multi-label classification: backbone and one linear layer, a probability a label; mAP.",
        factory="tasks.multilabel:MultiLabelClassification",
        version=1,
    ),
]


registry = Registry("tasks", "task", _BUILTIN)
get = registry.get
