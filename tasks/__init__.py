"""The tasks registry: every kind of downstream problem, listed without importing torch."""

from bench.registry import TaskSpec, pick, with_plugins

BUILTIN = [
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
]


def registry() -> dict[str, TaskSpec]:
    """All tasks by name, those of other packages included."""
    return with_plugins("tasks", BUILTIN)


def get(name: str) -> TaskSpec:
    """One task; an unknown name raises StudyError with the known ones."""
    return pick("task", registry(), name)
