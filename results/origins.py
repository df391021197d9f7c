"""Where the weights of each row come from: pretraining data, labels used, and what the pretraining started from."""

import json
from dataclasses import dataclass

import pandas as pd

from bench.core.published import of_content

# Titles of the columns, in order.
COLUMNS = ("pretraining data", "labels used", "init")
UNKNOWN, NONE = "?", "none"
# Digits of a hash that stands for a file or a corpus.
SHOWN = 8
# Beginnings of the names of methods, and the labels that they learn from; another package's method is not known.
USED = {
    "geokr": "land cover",
    "landcover": "land cover",
    "softcon": "land cover",
    "supervised": "labelled pictures",
    "gersp": "labelled pictures",
    "oracle": "the protocol's own",
    **dict.fromkeys(("random", "image-stats", "mosaiks", "moco", "simclr", "byol", "cmid", "dino", "vicreg"), NONE),
    **dict.fromkeys(("barlow", "densecl", "simsiam", "mae", "ijepa", "i-jepa"), NONE),
}


@dataclass(frozen=True)
class Origin:
    """What a row's weights were made of; see `COLUMNS`."""

    data: str
    labels: str
    init: str


def origins(records: pd.DataFrame) -> dict[str, Origin]:
    """The origin of each row label, where a row of the records is of weights that were brought; else nothing.

    Args:
        records: of `results.frame`.
    """
    if not (records["method"] == "weights").any():
        return {}
    rows = records[["variant", "method", "options", "corpus"]].drop_duplicates("variant")
    return {
        str(variant): _origin(str(method), json.loads(str(options)), corpus)
        for variant, method, options, corpus in rows.itertuples(index=False)
    }


def _origin(method: str, options: dict[str, object], corpus: object) -> Origin:
    if method == "weights":
        file = str(options.get("file", ""))
        entry = of_content(file)
        if entry is None:
            return Origin(UNKNOWN, UNKNOWN, f"file {file.removeprefix('sha256:')[:SHOWN]}")
        images = "" if entry.images is None else f" ({entry.images:,} images)"
        return Origin(f"{entry.data}{images}", entry.labels, UNKNOWN)
    if method == "imagenet":
        if options.get("weights") != "imagenet":
            return Origin(UNKNOWN, UNKNOWN, _start(options.get("weights", UNKNOWN)))
        return Origin("ImageNet-1k (1,281,167 images)", "1,000 classes", "random")
    labels = next((used for start, used in USED.items() if method.startswith(start)), UNKNOWN)
    data = f"corpus {corpus[:SHOWN]}" if isinstance(corpus, str) else NONE
    return Origin(data, labels, _start(options.get("init", "random")))


def _start(init: object) -> str:
    text = str(init)
    return f"file {text.removeprefix('sha256:')[:SHOWN]}" if text.startswith("sha256:") else text
