"""A prepared set of which a plan reads the index, the bands and the classes, and nothing else."""

import json

import numpy as np

from tasks.prepared import SCHEMA


def write_index(folder, count):
    """Write `count` images of one pixel, of two classes by turns; returns the folder."""
    folder.mkdir()
    slices = [{"source": str(at), "x": 0, "y": 0} for at in range(count)]
    index = {"schema": SCHEMA, "synthetic": True, "hash": "0" * 16, "kind": "class", "slices": slices}
    (folder / "index.json").write_text(json.dumps(index | {"classes": ["a", "b"], "palette": [[0, 0, 0]] * 2}))
    np.save(folder / "images.npy", np.zeros((count, 1, 1, 3), dtype=np.uint8))
    np.save(folder / "class_counts.npy", np.eye(2, dtype=np.int64)[np.arange(count) % 2])
    return folder
