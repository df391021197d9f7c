"""Which detections are right: boxes found are matched with true ones, by COCO's own evaluation and by VOC's rule."""

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.metrics.average_precision import ALL, SIZES, Alarms, BoxOutcomes, Matched, Objects, bits_of

Boxes = NDArray[np.float64]

# VOC counts a detection as right from this intersection over union on (Everingham et al. 2010).
_VOC_OVERLAP = 0.5
# Precision below which alarms are counted for the whole set and not by image.
FLOOR = 0.02


@dataclass(frozen=True)
class Detections:
    """One image: what is in it and what was found.

    Attributes:
        truth: M x 5, left, top, right, bottom in pixels, class.
        found: N x 6, left, top, right, bottom in pixels, class, score.
    """

    truth: Boxes
    found: Boxes


def match(images: Sequence[Detections], classes: Sequence[str]) -> BoxOutcomes:
    """Match what was found with what is there, as COCO does: the best 100 of an image and class, by descending score.

    Args:
        images: every image of the set, those without objects too.
        classes: K names.
    """
    objects = _objects(images)
    rows = _found_rows(images)
    if not len(objects) or not len(rows):
        return BoxOutcomes(classes, len(images), objects, Matched.none(), Alarms.none())
    evaluation = _evaluated(images, rows, classes)
    areas = rows[:, 3] * rows[:, 4]
    by_class = [_of_class(evaluation, number, areas) for number in range(len(classes))]
    matched, alarms = zip(*by_class, strict=True)
    return BoxOutcomes(classes, len(images), objects, Matched.joined(matched), Alarms.joined(alarms))


def _objects(images: Sequence[Detections]) -> Objects:
    truth = np.concatenate([image.truth.reshape(-1, 5) for image in images])
    left, top, right, bottom, kind = truth.T
    image = np.repeat(np.arange(len(images)), [len(each.truth) for each in images])
    return Objects(image, kind.astype(np.int64), _sizes((right - left) * (bottom - top)))


def _sizes(areas: NDArray[np.float64]) -> NDArray[np.uint8]:
    """In which of COCO's ranges of area each box lies, a bit a range; a box at a border lies in two."""
    return bits_of(np.array([(areas >= low) & (areas <= high) for low, high in SIZES.values()])).astype(np.uint8)


def _evaluated(images: Sequence[Detections], rows: NDArray[np.float64], classes: Sequence[str]) -> Any:
    """COCO's evaluation by pycocotools, with the matches of every image, class and range of areas."""
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        truth = _truth(images, classes)
        evaluation = COCOeval(truth, truth.loadRes(rows), "bbox")
        evaluation.params.areaRng = [list(each) for each in SIZES.values()]
        evaluation.evaluate()
    return evaluation


def _of_class(evaluation: Any, number: int, areas: NDArray[np.float64]) -> tuple[Matched, Alarms]:
    """The detections of one class, by descending score over all images; of equal scores the earlier image's is first.

    What follows the last one that is right changes no precision at any recall, in this set or in any that is drawn from
    its images, and is left out.
    """
    found = [_of_image(evaluation, number, at) for at in range(len(evaluation.params.imgIds))]
    image = np.repeat(np.arange(len(found)), [len(each.score) for each in found])
    score, numbers, hits, ignored, voc = (
        np.concatenate([getattr(each, name) for each in found])
        for name in ("score", "numbers", "hits", "ignored", "voc")
    )
    order = np.argsort(-score, kind="stable")
    right = (hits.any(axis=1) | voc)[order]
    order = order[: int(np.flatnonzero(right).max(initial=-1)) + 1]
    kept = (hits.any(axis=1) | ignored.any(axis=1) | voc)[order]
    sizes, rows, others = _sizes(areas[numbers[order] - 1]), order[kept], order[~kept]
    matched = Matched(
        image=image[rows],
        kind=np.full(len(rows), number),
        sizes=sizes[kept],
        score=score[rows].astype(np.float32),
        hits=hits[rows],
        ignored=ignored[rows],
        voc=voc[rows],
    )
    gap = np.cumsum(kept)[~kept]
    end = _end_of_images(hits[order, ALL] & 1 > 0, kept)
    placed = np.where(gap < end, image[others], len(found))
    return matched, Alarms.counted(number, gap, placed, sizes[~kept])


def _end_of_images(right: NDArray[np.bool_], kept: NDArray[np.bool_]) -> int:
    """How many matched detections come before precision at IoU 0.5 has fallen below `FLOOR` for good.

    A network that answers so many boxes for every image gives millions for a large set. Those beyond are counted, but of
    no image; they move an average precision by less than `FLOOR` all together.
    """
    precise = np.cumsum(right) >= FLOOR * np.arange(1, len(right) + 1)
    return int(np.sum(kept[: int(np.flatnonzero(precise).max(initial=-1)) + 1]))


@dataclass(frozen=True)
class _Found:
    """The D detections of one class in one image, by descending score: their numbers, and columns of `Matched`."""

    score: NDArray[np.float64]
    numbers: NDArray[np.int64]
    hits: NDArray[np.uint16]
    ignored: NDArray[np.uint16]
    voc: NDArray[np.bool_]


def _of_image(evaluation: Any, number: int, at: int) -> _Found:
    total = len(evaluation.params.imgIds)
    first = number * len(SIZES) * total + at
    ranges = [evaluation.evalImgs[first + place * total] for place in range(len(SIZES))]
    whole = ranges[ALL]
    count = 0 if whole is None else len(whole["dtIds"])
    if not count or not len(whole["gtIds"]):
        score, numbers = ([], []) if not count else (whole["dtScores"], whole["dtIds"])
        none = np.zeros((count, len(SIZES)), dtype=np.uint16)
        return _Found(np.array(score), np.array(numbers, dtype=np.int64), none, none, np.zeros(count, dtype=bool))
    # Thresholds x ranges x detections.
    taken, set_aside = (np.stack([each[name] for each in ranges], axis=1) > 0 for name in ("dtMatches", "dtIgnore"))
    hits, ignored = bits_of(taken & ~set_aside).T, bits_of(taken & set_aside).T
    voc = _voc_hits(evaluation.ious[at + 1, number + 1])
    return _Found(np.array(whole["dtScores"]), np.array(whole["dtIds"]), hits, ignored, voc)


def _voc_hits(overlaps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of one image's detections, by descending score, VOC calls right: the first on the object it covers best.

    Args:
        overlaps: intersection over union, detections x objects.
    """
    hits, found = np.zeros(len(overlaps), dtype=bool), set()
    best = np.argmax(overlaps, axis=1)
    for at in np.flatnonzero(np.max(overlaps, axis=1) >= _VOC_OVERLAP):
        if best[at] not in found:
            found.add(best[at])
            hits[at] = True
    return hits


def _truth(images: Sequence[Detections], classes: Sequence[str]) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    boxes = [(number, *box) for number, image in enumerate(images, start=1) for box in image.truth.tolist()]
    coco.dataset = {
        "info": {},
        "images": [{"id": number} for number, _ in enumerate(images, start=1)],
        "annotations": [
            {
                "id": at,
                "image_id": image,
                "category_id": int(number) + 1,
                "bbox": [left, top, right - left, bottom - top],
                "area": (right - left) * (bottom - top),
                "iscrowd": 0,
            }
            for at, (image, left, top, right, bottom, number) in enumerate(boxes, start=1)
        ],
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
