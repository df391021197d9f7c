"""Average precision of detections over a whole set, by COCO's own evaluation."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Boxes = NDArray[np.float64]

# COCO's thresholds run from IoU 0.5 to 0.95; the first one is AP50. Areas: all. Detections: the best 100 of an image.
_IOU_50, _ALL_AREAS, _BEST_100 = 0, 0, -1


@dataclass(frozen=True)
class Detections:
    """One image: what is in it and what was found.

    Attributes:
        truth: M x 5, left, top, right, bottom in pixels, class.
        found: N x 6, left, top, right, bottom in pixels, class, score.
    """

    truth: Boxes
    found: Boxes


def average_precision(images: Sequence[Detections], classes: Sequence[str]) -> dict[str, float]:
    """Score detections as COCO does.

    What is found in an image without objects is a false alarm like any other. A class that the truth does not have is
    left out of the means, and has no entry.

    Args:
        images: every image of the set, those without objects too.
        classes: K names.

    Returns:
        `AP50` (precision averaged over recall at IoU 0.5, mean over classes), `AP` (the mean of that over IoU 0.5 to
        0.95), `AP50/<class>` and `AP/<class>`; in [0, 1]. All are 0 where the set has no object at all.
    """
    if not any(len(image.truth) for image in images):
        return {"AP50": 0.0, "AP": 0.0}
    with contextlib.redirect_stdout(io.StringIO()):
        truth = _truth(images, classes)
        # No detection at all is not something loadRes takes; an empty set is.
        rows = _found_rows(images)
        found = truth.loadRes(rows) if len(rows) else _empty(images, classes)
        evaluation = COCOeval(truth, found, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
    # thresholds x recalls x classes x areas x limits; -1 where a class has no object.
    precision = evaluation.eval["precision"][:, :, :, _ALL_AREAS, _BEST_100]
    there = [k for k in range(len(classes)) if (precision[:, :, k] > -1).all()]
    by_class = {k: precision[:, :, k].mean(axis=1) for k in there}
    means = np.mean(list(by_class.values()), axis=0)
    return {
        "AP50": float(means[_IOU_50]),
        "AP": float(means.mean()),
        **{f"AP50/{classes[k]}": float(values[_IOU_50]) for k, values in by_class.items()},
        **{f"AP/{classes[k]}": float(values.mean()) for k, values in by_class.items()},
    }


def _truth(images: Sequence[Detections], classes: Sequence[str]) -> Any:
    coco = _empty(images, classes)
    boxes = [(number, *box) for number, image in enumerate(images, start=1) for box in image.truth.tolist()]
    coco.dataset["annotations"] = [
        {
            "id": at,
            "image_id": image,
            "category_id": int(number) + 1,
            "bbox": [left, top, right - left, bottom - top],
            "area": (right - left) * (bottom - top),
            "iscrowd": 0,
        }
        for at, (image, left, top, right, bottom, number) in enumerate(boxes, start=1)
    ]
    coco.createIndex()
    return coco


def _empty(images: Sequence[Detections], classes: Sequence[str]) -> Any:
    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [{"id": number} for number, _ in enumerate(images, start=1)],
        "annotations": [],
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, start=1)],
    }
    coco.createIndex()
    return coco


def _found_rows(images: Sequence[Detections]) -> NDArray[np.float64]:
    """Rows of image, left, top, width, height, score, class."""
    rows = []
    for number, image in enumerate(images, start=1):
        left, top, right, bottom, kind, score = image.found.reshape(-1, 6).T
        rows.append(np.stack([np.full_like(left, number), left, top, right - left, bottom - top, score, kind + 1], 1))
    return np.concatenate(rows)
