"""A reproducibility checklist, each line answered from what the store holds, with the evidence beside it.

The points are those that venues ask about (the checklists of NeurIPS and of Pineau et al., JMLR 2021), as far as a store
of records can answer them. What it cannot know is not in it.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from bench.store.records import Record
from results import outcomes
from results.answers import Answers
from results.paper.appendix import UNKNOWN
from results.settling import share
from results.tables.layout import Entry, TextGrid

if TYPE_CHECKING:
    from results.paper import Data

Point = tuple[str, bool | None, str]
_ANSWERS = {True: "yes", False: "no", None: "n.a."}


def grid(store: Path, found: Answers, shown: pd.DataFrame, records: list[Record], data: Iterable["Data"]) -> TextGrid:
    """The checklist as a table.

    Args:
        store: the store, or a folder of committed records.
        found: answers of all its records.
        shown: the records that the paper is about.
        records: the same as they are kept.
        data: data sets, corpora and weights with their licences.
    """
    points = [*_claims(found, shown), *_data(records, data), *_runs(store, shown, records), *_compute(records)]
    rows = [[Entry(question), Entry(_ANSWERS[answer]), Entry(evidence)] for question, answer, evidence in points]
    return TextGrid("Checklist", [], ["asked", "answer", "evidence"], 3, rows, frozenset({0, 2}))


def _claims(found: Answers, shown: pd.DataFrame) -> Iterator[Point]:
    dates = "; ".join(f"{len(each.questions)} questions on {each.date} ({each.hash})" for each in found.asked)
    yield (
        "Were questions stated before the results?",
        bool(found.asked),
        dates or "the store holds no list of questions",
    )
    cells = shown.groupby(["protocol", "backbone", "variant", "fraction"])["seed"].nunique()
    reach = f"{cells.min()} to {cells.max()} repeats a score" if len(cells) else "no score"
    yield "Are scores given with their spread over repeats?", bool((cells > 1).all()), reach
    several = found.comparisons["error"].notna()
    yield (
        "Are differences given with intervals that allow for the number of questions?",
        bool(several.any()),
        f"{int(several.sum())} of {len(found.comparisons)} comparisons have simultaneous intervals",
    )
    trivial = int(shown["trivial"].notna().sum())
    yield "Is the score of an answer that looks at no image known?", trivial == len(shown), _of(trivial, len(shown))
    marked = int((shown["warnings"] != "").sum())
    yield (
        "Are failed or doubtful trainings marked?",
        True,
        f"{_of(marked, len(shown))} bear warnings, marked in every table",
    )
    settled = share(shown)
    yield (
        "Had fine-tunings settled when they ended?",
        None if settled is None else settled == 1,
        "not known" if settled is None else f"{100 * settled:.0f}% of those that train",
    )


def _data(records: list[Record], data: Iterable["Data"]) -> Iterator[Point]:
    named = list(data)
    unknown = [each.name for each in named if each.licence == UNKNOWN]
    yield (
        "Is the licence of all data and weights stated?",
        not unknown,
        f"not known: {', '.join(unknown)}" if unknown else "see the appendix",
    )
    made = sorted({record.dataset for record in records if record.synthetic})
    real = sorted({record.dataset for record in records if not record.synthetic})
    yield "Are the test images real?", not made, f"synthetic: {', '.join(made)}" if made else ", ".join(real)
    yield "Is there more than one data set?", len(made) + len(real) > 1, ", ".join([*real, *made])
    leaky = sorted({record.protocol for record in records if record.design.get("leaky")})
    yield (
        "Are training and test parts of different images and places?",
        not leaky,
        f"shared in {', '.join(leaky)}" if leaky else "no image or place is in both, as far as the sets say",
    )
    overlap = sorted({record.design["overlap"] for record in records if "overlap" in record.design})
    trained = any(record.corpus for record in records)
    yield (
        "Is it known whether test images lie under the pretraining corpus?",
        bool(overlap) if trained else None,
        "; ".join(overlap) or "records say nothing",
    )
    beyond = sum(record.counts.get("beyond", 0) > 0 for record in records)
    yield (
        "Did only labels inside the stated amount select?",
        not beyond,
        f"{_of(beyond, len(records))} selected on more",
    )


def _runs(store: Path, shown: pd.DataFrame, records: list[Record]) -> Iterator[Point]:
    kept = outcomes.kept(store, records)
    yield (
        "Is every test prediction's outcome kept, so that metrics can be computed again?",
        kept == len(records),
        _of(kept, len(records)),
    )
    weights = {record.weights for record in records}
    cards = sum((store / "weights" / key / "card.json").is_file() for key in weights)
    yield "Are all options of every pretraining kept?", cards == len(weights), f"{_of(cards, len(weights))} have a card"
    files = sum((store / "weights" / key / "backbone.safetensors").is_file() for key in weights)
    yield "Are the weights at hand?", files == len(weights), _of(files, len(weights))
    seeded = sum({"pretrain", "subset", "train"} <= set(record.seeds) for record in records)
    yield "Are all seeds kept?", seeded == len(records), f"{_of(seeded, len(records))}, in seeds.csv"
    revisions = sorted({str(record.provenance.get("revision") or UNKNOWN) for record in records})
    yield "Is the revision of the code known?", UNKNOWN not in revisions, ", ".join(revisions)
    drawn = len(list((store / "subsets").glob("*.json")))
    yield "Are the names of the labelled samples kept?", drawn > 0, f"{drawn} manifests"
    facts = [json.loads(text) for text in shown.drop_duplicates("weights")["pretraining"]]
    trials = sorted({int(each["trials"]) for each in facts if "trials" in each})
    trained = [each for each in facts if each.get("steps")]
    equal: bool | None = None if not trained else len(trials) == 1 and all("trials" in each for each in trained)
    yield (
        "Were the options of all methods tuned by as many trials?",
        equal,
        f"{', '.join(map(str, trials)) or 'no'} trials",
    )
    yield "Were equal steps given to all pretrainings?", *_equal(trained)


def _equal(trained: list[dict[str, Any]]) -> tuple[bool | None, str]:
    steps = sorted({int(each["steps"]) for each in trained})
    if not steps:
        return None, "nothing was trained"
    flops = [each["flops_forward"] for each in trained if each.get("flops_forward")]
    ratio = f"; forward FLOPs differ by up to {max(flops) / min(flops):.1f} times" if flops else ""
    shown = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    return len(steps) == 1, f"{shown} steps{ratio}"


def _compute(records: list[Record]) -> Iterator[Point]:
    devices = sorted(
        {str(each.provenance.get("device_name") or each.provenance.get("device") or UNKNOWN) for each in records}
    )
    yield "Are processors stated?", UNKNOWN not in devices, ", ".join(devices)
    timed = sum("train_seconds" in record.cost for record in records)
    yield "Is the time of every fine-tuning kept?", timed == len(records), _of(timed, len(records))
    yield "Was energy measured?", False, "it is not measured"


def _of(number: int, total: int) -> str:
    return f"{number:,} of {total:,}"
