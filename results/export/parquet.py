"""Records, metrics, verdicts and curves as Parquet files, each a frame; an export replaces those of the one before."""

from pathlib import Path

import pandas as pd

from bench.core.files import write_bytes
from results.export import Exported
from results.export.content import Content, Tick


def export(content: Content, folder: Path, tick: Tick) -> Exported:
    """Write `records.parquet`, `metrics.parquet`, `verdicts.parquet` and `curves.parquet`, each whole or not at all."""
    frames = {
        "records": content.frame,
        "metrics": metrics(content),
        "verdicts": content.verdicts,
        "curves": curves(content),
    }
    paths = []
    for number, (name, frame) in enumerate(frames.items(), start=1):
        paths.append(write(frame, folder / f"{name}.parquet"))
        tick(number, len(frames))
    return Exported(paths, len(content.records), 0)


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write a frame as Parquet."""
    write_bytes(path, frame.to_parquet(None, index=False))
    return path


def metrics(content: Content) -> pd.DataFrame:
    """All metrics of all records: key, metric, value."""
    rows = [(record.key, name, value) for record in content.records for name, value in record.metrics.items()]
    return pd.DataFrame(rows, columns=["key", "metric", "value"])


def curves(content: Content) -> pd.DataFrame:
    """The losses of pretrainings: weights, row, loss, point (from 0), share of the training, value."""
    rows = [
        (run.key, run.params["row"], name, point, (point + 1) / len(values), value)
        for run in content.runs
        for name, values in run.curves.items()
        for point, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["weights", "row", "loss", "point", "share", "value"])
