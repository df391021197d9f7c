"""How many labels each score rests on, how they were drawn, and what selected."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

HEADS = "In the heads, n counts labelled samples."
LEAKY = "Leaky (the paper's): images of the test part lie in the training part."
FEWER_STEPS = "Epochs, not steps: fewer labels, fewer steps."
# Share of an axis that the label of a tick takes.
_ROOM = 0.07
# The rules of `bench.store.records.Record.design`, in words.
_RULES = {
    "last": "nothing, the last step is tested",
    "val": "a validation part",
    "within": "a part of the labels",
    "folds": "folds inside the labels",
    "untuned": "nothing, the labels are too few",
}


def percent(fraction: float) -> str:
    """A label fraction as the field writes it: 0.0025 -> '0.25%', 1.0 -> '100%'."""
    return f"{100 * fraction:.6g}%"


def amounts(records: pd.DataFrame) -> dict[float, str]:
    """What each fraction of one protocol is called: as the study asked for it (`5shot`, `50`), or in percent."""
    return {
        float(str(fraction)): _amount(float(str(fraction)), rows.get("labels", []))
        for fraction, rows in records.groupby("fraction", sort=True)
    }


def heads(records: pd.DataFrame, marks: Mapping[float, str] | None = None) -> dict[float, str]:
    """The head of each column of a table: amount, n and n a class, as far as the records know; '1% (n = 9, 1.5 a class)'.

    Args:
        records: of one protocol and backbone.
        marks: what stands behind some amounts.
    """
    named, marked = amounts(records), marks or {}
    return {
        at: f"{named[at]}{f' {marked[at]}' if at in marked else ''}{f' ({said})' if said else ''}"
        for at, said in counts(records).items()
    }


def counts(records: pd.DataFrame) -> dict[float, str]:
    """Labels drawn at each fraction, and how many a class; '' where the records do not know what they used."""
    said = {}
    for fraction, rows in records.groupby("fraction", sort=True):
        known = rows[rows["n_labels"].notna() & rows["n_train"].notna()]
        parts = [f"n = {_reach(known['n_train'])}"] if len(known) else []
        if len(known) and known["n_classes"].notna().all() and (known["n_classes"] > 0).all():
            parts.append(f"{_reach((known['n_train'] / known['n_classes']).round(1))} a class")
        said[float(str(fraction))] = ", ".join(parts)
    return said


def shares(board: pd.DataFrame) -> dict[tuple[str, float], float]:
    """What each curve is drawn over: labels used (trained, selected and tuned on) as a share of the training part.

    Where a row's records do not know it, the share is the fraction. It is more than 1 where labels beyond the training
    part selected.

    Args:
        board: records of one protocol and backbone.

    Returns:
        (variant, fraction) -> share.
    """
    used = board["n_labels"].astype("Float64") / board["n_train_all"].astype("Float64")
    filled = used.fillna(board["fraction"]).astype("float64")
    means = filled.groupby([board["variant"], board["fraction"]]).mean()
    table = means.reset_index(name="share")
    return {(str(variant), float(fraction)): float(share) for variant, fraction, share in table.itertuples(index=False)}


def axis(board: pd.DataFrame) -> str:
    """What the horizontal axis of curves over `shares` says."""
    known = board["n_labels"].notna()
    if known.all():
        return "labels used, as a share of the training part"
    return "share of the labels" if not known.any() else "labels used (or asked for, in older records), as a share"


def ticks(board: pd.DataFrame) -> dict[float, str]:
    """Positions on that axis and their labels; one that would touch its neighbour is left out."""
    over, named = shares(board), amounts(board)
    at: dict[float, list[float]] = defaultdict(list)
    for (_, fraction), share in over.items():
        at[fraction].append(share)
    whole = math.log(max(over.values()) / min(over.values()))
    shown: dict[float, str] = {}
    for fraction, found in sorted(at.items()):
        place = sum(found) / len(found)
        same = max(abs(share - fraction) for share in found) < 1e-9 * fraction
        if not shown or math.log(place / max(shown)) > _ROOM * whole:
            shown[fraction if same else place] = named[fraction] if same else f"{100 * place:.3g}%"
    return shown


def designs(records: pd.DataFrame, name: str) -> list[str]:
    """The different values of one word of the records' designs, sorted; empty where none says it."""
    if "design" not in records:
        return []
    return sorted({words[name] for text in records["design"].unique() if name in (words := json.loads(text))})


def notes(records: pd.DataFrame) -> list[str]:
    """Sentences below a table: selection, labels beyond the fraction, draw, and a leaky split; none for older records.

    Args:
        records: of one protocol and backbone.
    """
    selection = designs(records, "selection")
    if not selection:
        return []
    rules = ", ".join(_RULES.get(rule, rule) for rule in selection)
    lines = [f"Selected on: {rules}."]
    beyond = records[records["n_beyond"].fillna(0) > 0]
    if len(beyond):
        lines.append(f"Selected on {_by_amount(beyond, 'n_beyond')} labels beyond the fraction.")
    used = records[records["n_labels"].notna()]
    if (used["n_labels"] != used["n_train"]).any():
        lines.append(f"Labels used: {_by_amount(used, 'n_labels')}.")
    untuned = records[[json.loads(text).get("selection") == "untuned" for text in records["design"]]]
    if len(untuned):
        lines.append(f"Below five labels a class nothing was selected (at {', '.join(amounts(untuned).values())}).")
    lines += [
        f"{word.capitalize()}: {', '.join(found)}." for word in ("draw", "split") if (found := designs(records, word))
    ]
    return [*lines, *_odd(records)]


def curve_notes(records: pd.DataFrame) -> list[str]:
    """What stands under the curves of one protocol and backbone."""
    return [FEWER_STEPS] if "epochs" in designs(records, "length") and len(set(records["fraction"])) > 1 else []


def _odd(records: pd.DataFrame) -> list[str]:
    """What sets a protocol apart from the usual: leaking images, batch norm's statistics, a tuned or longer twin."""
    lines = [LEAKY] if designs(records, "leaky") else []
    lines += [
        f"Batch norm's statistics: {', '.join(found)}."
        for found in [designs(records, "bn")]
        if found != ["as-trained"] and found
    ]
    return [*lines, *curve_notes(records)]


def _by_amount(records: pd.DataFrame, column: str) -> str:
    """Numbers by amount of labels: '9 at 1%, 240 at 100%', or one number where all are equal."""
    named = amounts(records)
    said = {named[float(str(at))]: _reach(rows[column]) for at, rows in records.groupby("fraction", sort=True)}
    if len(set(said.values())) == 1 and len(said) > 1:
        return next(iter(said.values()))
    return ", ".join(f"{number} at {amount}" for amount, number in said.items())


def _amount(fraction: float, asked: Iterable[object]) -> str:
    names = {str(text) for text in asked if isinstance(text, str)}
    return names.pop() if len(names) == 1 else percent(fraction)


def _reach(values: pd.Series) -> str:
    """One number, or the smallest and the largest."""
    ends = [f"{float(end):,.10g}" for end in (values.min(), values.max())]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
