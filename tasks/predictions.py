"""Pictures of predictions: image, truth and prediction side by side, in the data set's own colours.

Each is a PNG file whose text `bench` says what its parts are, so that the pictures of several methods can be laid out
together: JSON with `parts` (name, width, and the class in words where the part is one), `gap` and `legend` (class, colour).
"""

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from torch.utils.data import DataLoader, Dataset

from bench.core import files
from bench.core.context import Context
from bench.metrics.confusion import IGNORE
from tasks.task import Task

if TYPE_CHECKING:
    from tasks.seg import Segmentation

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

# Pixels without a label, and the gap between pictures.
UNLABELLED: Colour = (96, 96, 96)
GAP = 4
# Boxes below this score clutter the picture; the metric counts them all.
SCORE = 0.3


def chosen(samples: list[int], count: int) -> list[int]:
    """Up to `count` samples spread evenly over a part, so that they are the same for every method."""
    if not samples or count <= 0:
        return []
    steps = np.linspace(0, len(samples) - 1, min(count, len(samples)))
    return [samples[round(step)] for step in steps]


def predict(model: Any, dataset: Dataset[Any]) -> list[Any]:
    """What a model says of each sample, in order."""
    model.eval()
    with torch.no_grad():
        return [
            output
            for batch in DataLoader(dataset, batch_size=1, collate_fn=getattr(dataset, "collate", None))
            for output in model.test_step(batch)
        ]


def write_masks(model: Any, task: "Segmentation", test: list[int], context: Context) -> None:
    """Picture image (or both dates), true mask and predicted mask of some test samples."""
    positions = chosen(test, context.prediction_count)
    outputs = predict(model, task.samples(positions)) if positions else []
    for position, output in zip(positions, outputs, strict=True):
        stored = np.asarray(task.data.images[position])
        dates = [stored[..., band : band + 3] for band in range(0, stored.shape[2], 3)]
        shown = dict(zip(["image"] if len(dates) == 1 else ["before", "after"], dates, strict=True))
        for name, mask in (("truth", output.gt_sem_seg), ("prediction", output.pred_sem_seg)):
            shown[name] = paint(mask.data[0].cpu().numpy(), task.scheme.palette)
        _write(context, task, position, shown)


def write_boxes(task: Task, context: Context, found: dict[int, tuple[NDArray[Any], NDArray[Any]]]) -> None:
    """Picture true boxes and found boxes of some test samples.

    Args:
        task: the task.
        context: where pictures go.
        found: by position, the true boxes M x 5 (corners, class) and the found ones M x 6 (corners, class, score).
    """
    for position, (truth, boxes) in found.items():
        image = np.asarray(task.data.images[position])
        kept = {"truth": truth, "prediction": boxes[boxes[:, 5] >= SCORE]}
        drawn = {name: outline(image, each, task.scheme.palette) for name, each in kept.items()}
        _write(context, task, position, drawn)


def write_classes(model: Any, dataset: Dataset[Any], task: Task, positions: list[int], context: Context) -> None:
    """Picture some test images with the colours of the true and of the predicted class beside each."""
    for position, output in zip(positions, predict(model, dataset), strict=True):
        image = np.asarray(task.data.images[position])
        words = {name: task.scheme.classes[int(output[name])] for name in ("truth", "prediction")}
        bars = {}
        for name, word in words.items():
            bar = Image.new("RGB", (16 + 8 * max(map(len, task.scheme.classes)), len(image)), UNLABELLED)
            ImageDraw.Draw(bar).text((8, 8), word, fill=(255, 255, 255))
            bars[name] = np.asarray(bar)
        _write(context, task, position, {"image": image, **bars}, words)


def paint(mask: NDArray[Any], palette: Sequence[Colour]) -> Picture:
    """Colour a mask H x W of class numbers; what is ignored becomes grey."""
    table = np.full((IGNORE + 1, 3), UNLABELLED, dtype=np.uint8)
    table[: len(palette)] = palette
    return np.asarray(table[mask])


def outline(image: Picture, boxes: NDArray[Any], palette: Sequence[Colour]) -> Picture:
    """Draw boxes, M x 5 or more (left, top, right, bottom, class, ...), on a copy of an image."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom, number in boxes[:, :5].tolist():
        corners = (min(left, right - 1), min(top, bottom - 1), max(left, right - 1), max(top, bottom - 1))
        pen.rectangle(corners, outline=palette[int(number)], width=2)
    return np.asarray(picture)


def side_by_side(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one height in a row, with white gaps."""
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, dtype=np.uint8)
    row = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(row[:-1], axis=1)


def _write(
    context: Context, task: Task, position: int, pictures: Mapping[str, Picture], words: Mapping[str, str] | None = None
) -> None:
    legend = [] if words else list(zip(task.scheme.classes, task.scheme.palette, strict=True))
    parts = [[name, picture.shape[1], (words or {}).get(name)] for name, picture in pictures.items()]
    text = PngInfo()
    text.add_text("bench", json.dumps({"parts": parts, "gap": GAP, "legend": legend}))
    buffer = io.BytesIO()
    Image.fromarray(side_by_side(list(pictures.values()))).save(buffer, format="PNG", pnginfo=text)
    name = task.data.names[position].replace("/", "_")
    files.write_bytes(_folder(context) / f"{name}.png", buffer.getvalue())


def _folder(context: Context) -> Path:
    return context.predictions or context.folder / "predictions"
