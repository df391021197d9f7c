"""Numbers that papers print, as data: one CSV file a source, in the shape of `results.frame`.

Columns of the files: source, table (the paper's number, or `readme` of its release), protocol, task, dataset, metric,
method, backbone, init (`none` for an initialisation), fraction in (0, 1], value in [0, 1]. `sources.yaml` says what a
source is and what its protocols leave open or do otherwise.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from bench.core.errors import StudyError
from bench.core.suggest import among
from results.variants import label

_FOLDER = Path(__file__).parent
_IDENTITY = ["dataset", "metric", "method", "backbone", "init", "fraction"]


def names() -> list[str]:
    """Sources that have a file."""
    return sorted(path.stem for path in _FOLDER.glob("*.csv"))


def read(source: str) -> pd.DataFrame:
    """Read a source's rows as they are in its file.

    Raises:
        StudyError: there is no such source.
    """
    if source not in names():
        raise StudyError(f"no published numbers {source!r}{among(source, names())}")
    return pd.read_csv(_FOLDER / f"{source}.csv", keep_default_na=False)


def about(source: str) -> dict[str, Any]:
    """What `sources.yaml` says of a source: `title`, `reference`, and `notes` by protocol id (`all` for every one)."""
    described: dict[str, Any] = yaml.safe_load((_FOLDER / "sources.yaml").read_text())[source]
    return described


def load(source: str) -> pd.DataFrame:
    """Read a source with the columns that the statistics of `results` work on; each printed value is one score.

    A value that the paper prints in two tables stands once. There is no seed and no spread.

    Raises:
        StudyError: there is no such source.
    """
    rows = read(source).drop_duplicates(_IDENTITY).reset_index(drop=True)
    init = rows["init"].where(rows["init"] != "none")
    options = [json.dumps({} if pd.isna(value) else {"init": value}) for value in init]
    seeds = dict.fromkeys(("pretrain_seed", "subset_seed", "train_seed"), pd.array([pd.NA] * len(rows), dtype="Int64"))
    absent = {"protocol_hash": "", "corpus": None, "row": None, "warning_texts": "{}", "seed": 0}
    frame = rows.assign(options=options, score=rows["value"], **absent, **seeds)
    return frame.assign(variant=label(frame))
