"""Pictures of predictions: image, truth and prediction side by side, in the data set's own colours.

Each is a PNG file whose text `bench` says what its parts are, so that the pictures of several methods can be laid out
together: JSON with `parts` (name, width, and the class in words where the part is one), `gap` and `legend` (class, colour).
"""

import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from torch.utils.data import DataLoader, Dataset

from bench.core import files
from bench.core.context import Context
from tasks.labels.label import Drawn, Picture
from tasks.prepared import Prepared
from tasks.task import Task

# The gap between pictures, in pixels.
GAP = 4


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


def write(task: Task, positions: Sequence[int], pairs: Sequence[tuple[Any, Any]], context: Context) -> None:
    """Picture truth and prediction of some test samples, as their kind of label is drawn.

    Args:
        task: the task.
        positions: of the samples in its prepared set.
        pairs: truth and prediction of each, as `Label.draw` takes them.
        context: where pictures go.
    """
    legend = list(zip(task.scheme.classes, task.scheme.palette, strict=True))
    for position, (truth, prediction) in zip(positions, pairs, strict=True):
        drawn = task.label.draw(shown(task.data, position), truth, prediction, legend)
        save(context, task.data.names[position], drawn, legend)


def shown(data: Prepared, position: int) -> dict[str, Picture]:
    """The image of a slice, or its images of both dates, as 8-bit pictures by name."""
    stored = np.asarray(data.images[position])
    dates = np.split(stored, data.dates, axis=2)
    names = ["image"] if data.dates == 1 else ["before", "after"]
    return {name: data.bands.picture(each) for name, each in zip(names, dates, strict=True)}


def side_by_side(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one height in a row, with white gaps."""
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, dtype=np.uint8)
    row = [part for picture in pictures for part in (picture, gap)]
    return np.concatenate(row[:-1], axis=1)


def save(context: Context, name: str, drawn: Drawn, legend: Sequence[tuple[str, tuple[int, int, int]]]) -> None:
    """Write the picture of one sample by its name, with what its parts are."""
    parts = [[part, picture.shape[1], drawn.words.get(part)] for part, picture in drawn.parts.items()]
    text = PngInfo()
    text.add_text("bench", json.dumps({"parts": parts, "gap": GAP, "legend": [] if drawn.words else list(legend)}))
    buffer = io.BytesIO()
    Image.fromarray(side_by_side(list(drawn.parts.values()))).save(buffer, format="PNG", pnginfo=text)
    folder = context.predictions or context.folder / "predictions"
    files.write_bytes(folder / f"{name.replace('/', '_')}.png", buffer.getvalue())
