"""A data set as the Hugging Face hub lays them out: a Parquet file a protocol, each a configuration, and a card."""

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

from bench.core.files import write_text
from results.export import Exported
from results.export.content import Content, Tick, unique
from results.export.parquet import curves, write
from results.frame import COLUMNS
from results.tables.text import markdown

CARD = "README.md"
# Sentences on the card; the configuration `verdicts` has all.
_MOST = 40
# The hub counts data sets by their rows, in these steps.
_SIZES = {1_000: "n<1K", 10_000: "1K<n<10K", 100_000: "10K<n<100K", 1_000_000: "100K<n<1M"}


def export(content: Content, folder: Path, tick: Tick) -> Exported:
    """Write `data/<protocol>.parquet`, `data/verdicts.parquet`, `data/curves.parquet` and the card."""
    values = {record.key: record.metrics for record in content.records}
    frames: dict[str, pd.DataFrame] = {}
    protocols = sorted(set(content.frame["protocol"]))
    named = unique(protocols, r"[^\w.-]")
    for protocol in protocols:
        records = content.frame[content.frame["protocol"] == protocol].reset_index(drop=True)
        wide = pd.DataFrame([values[key] for key in records["key"]]).add_prefix("metric/")
        frames[named[protocol]] = pd.concat([records, wide], axis=1)
    frames |= {"verdicts": content.verdicts, "curves": curves(content)}
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    paths = []
    for number, (name, frame) in enumerate(frames.items(), start=1):
        paths.append(write(frame, folder / "data" / f"{name}.parquet"))
        tick(number, len(frames))
    for stale in set((folder / "data").glob("*.parquet")) - set(paths):
        stale.unlink()
    write_text(folder / CARD, "\n\n".join(_card(content, frames)) + "\n")
    return Exported([folder / CARD, *paths], len(content.records), 0)


def with_licence(card: Path, licence: str) -> None:
    """State the licence in a card's front matter."""
    text = card.read_text()
    write_text(
        card, re.sub(r"\A---\n(license: .*\n)?", f"---\nlicense: {yaml.safe_dump(licence).splitlines()[0]}\n", text)
    )


def _card(content: Content, frames: dict[str, pd.DataFrame]) -> Iterator[str]:
    frame = content.frame
    size = next((text for most, text in _SIZES.items() if len(frame) < most), "n>1M")
    front = {
        "pretty_name": f"Records of {', '.join(sorted(set(frame['study'])))}",
        "tags": ["remote-sensing", "benchmark", "pretraining", "geokr-bench"],
        "size_categories": [size],
        "configs": [
            {"config_name": name, "data_files": [{"split": "records", "path": f"data/{name}.parquet"}]}
            for name in frames
        ],
    }
    yield f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---"
    yield f"# {markdown(str(front['pretty_name']))}"
    yield (
        f"{len(frame):,} fine-tunings of {frame['variant'].nunique()} rows on {frame['protocol'].nunique()} protocols, made "
        "and compared by geokr-bench. A line is one fine-tuning; the columns are explained below."
        + " `verdicts` holds every comparison of two rows with its interval, those that were asked marked `primary`."
        * ("verdicts" in frames)
        + " `curves` holds the losses of the pretrainings." * ("curves" in frames)
    )
    made = sorted(set(frame.loc[frame["synthetic"], "dataset"]))
    if made:
        yield f"**Synthetic data sets, whose numbers rank nothing outside them**: {markdown(', '.join(made))}."
    marked = int((frame["warnings"] != "").sum())
    if marked:
        yield f"{marked:,} records bear warnings (`warnings`, `warning_texts`): what they say stands beside the number."
    primary = content.verdicts[content.verdicts["primary"].astype(bool)] if len(content.verdicts) else content.verdicts
    if len(primary):
        said = [f"- {markdown(text)}" for text in primary["sentence"].head(_MOST)]
        more = [f"- {len(primary) - _MOST} more in `verdicts`"] if len(primary) > _MOST else []
        yield "## What was asked, and what came out"
        yield "\n".join([*said, *more])
    yield "## Columns"
    yield "\n".join(f"- `{name}`: {markdown(text)}" for name, text in COLUMNS.items())
    yield "`metric/<name>`: every metric of the protocol, a fraction unless its name says otherwise."
