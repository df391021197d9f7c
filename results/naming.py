"""What tables call a row: by what sets its weights apart, or as papers do."""

import json
from typing import Literal

import pandas as pd

from bench.core.published import of_content

Style = Literal["ours", "paper"]
# Names of papers' tables. GeoKR* is GeoKR from ImageNet's weights (Li et al. 2021, Table X).
PAPER = {
    "random": "Random",
    "imagenet": "IN1k",
    "geokr": "GeoKR",
    "moco": "MoCo v2",
    "simclr": "SimCLR",
    "byol": "BYOL",
    "cmid": "CMID",
    "gersp": "GeRSP",
    "dino": "DINO",
    "vicreg": "VICReg",
    "softcon": "SoftCon (loss)",
    "mosaiks": "MOSAIKS",
    "supervised": "Supervised",
}
FROM_IMAGENET = {"geokr": "GeoKR*"}
# The published weights that method `imagenet` loads: torchvision's first.
TORCHVISION = "imagenet (tv1)"


def renamed(frame: pd.DataFrame, style: Style) -> dict[str, str]:
    """New names of row labels; a label that keeps its name is left out.

    In our style, ImageNet's row says which of ImageNet's weights they are. A row that a study named keeps its name, unless
    papers have one for its weights. Two rows of a backbone never share a name: the second keeps its label in brackets.

    Args:
        frame: of `results.frame`.
        style: whose names.
    """
    rows = frame[["variant", "method", "row", "options"]].drop_duplicates("variant")
    found: dict[str, str] = {}
    taken = {str(variant) for variant in rows["variant"]}
    for variant, method, row, options in rows.itertuples(index=False):
        own = isinstance(row, str) and row != method
        name = (_of_papers if style == "paper" else _ours)(str(method), json.loads(str(options)), own=own)
        if name is None or name == variant:
            continue
        name = f"{name} [{variant}]" if name in taken else name
        taken.add(name)
        found[str(variant)] = name
    return found


def _ours(method: str, options: dict[str, object], *, own: bool) -> str | None:
    published = method == "imagenet" and options.get("weights") == "imagenet"
    return TORCHVISION if published and not own else None


def _of_papers(method: str, options: dict[str, object], *, own: bool) -> str | None:
    if method == "weights":
        entry = of_content(str(options.get("file", "")))
        return None if entry is None else entry.paper
    if own or (method == "imagenet" and options.get("weights") != "imagenet"):
        return None
    return (
        FROM_IMAGENET.get(method)
        if options.get("init") == "imagenet" and method in FROM_IMAGENET
        else PAPER.get(method)
    )


def rename(
    frame: pd.DataFrame, comparisons: pd.DataFrame | None, style: Style
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Records and comparisons with the new names of their rows.

    Args:
        frame: of `results.frame`.
        comparisons: of `results.stats.block_model.compare`, or None.
        style: whose names.
    """
    names = renamed(frame, style)
    if not names:
        return frame, comparisons
    named = frame.assign(variant=frame["variant"].replace(names))
    if comparisons is None or comparisons.empty:
        return named, comparisons
    return named, comparisons.assign(a=comparisons["a"].replace(names), b=comparisons["b"].replace(names))
