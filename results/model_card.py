"""A model card: what weights are, what they take, how they were made, and all that was measured of them.

What speaks against them stands beside what speaks for them: every question that a study asked of their row is answered
here, the open ones too.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from results.answers import answers
from results.labels import percent
from results.metrics import field_name
from results.tables import text

# The figure beside the card.
CURVE = "curve.svg"
# Points of a line that needs no marks.
MANY = 40
CITE = "geokr-bench: a harness that compares ways of pretraining networks for remote sensing"


@dataclass(frozen=True)
class Facts:
    """What the records do not say.

    Attributes:
        name: of the weights.
        card: their card in the store.
        files: name of the file by library.
        licence: of the weights, an identifier of the hub (`cc-by-4.0`).
        corpus: facts of the corpus by name, for a table; empty where nothing was read.
        corpus_licence: terms of the images.
        attribution: what who uses them must say; empty for nothing.
        reference: where the method was published.
        repository: name of the hub's repository; empty where they are not sent there.
    """

    name: str
    card: Mapping[str, Any]
    files: Mapping[str, str]
    licence: str
    corpus: Mapping[str, object]
    corpus_licence: str
    attribution: str = ""
    reference: str = ""
    repository: str = ""


def write(store: Path, frame: pd.DataFrame, facts: Facts) -> str:
    """The card as Markdown with the hub's front matter.

    Args:
        store: with the questions and outcomes of the records.
        frame: all records of the store, of `results.frame`.
        facts: what they do not say.
    """
    parts = [
        _front(facts),
        f"# {facts.name}",
        _opening(facts),
        *_takes(facts),
        *_loading(facts),
        *_training(facts),
        *_corpus(facts),
        *_measured(store, frame, facts),
        *_citation(facts),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def draw_curve(card: Mapping[str, Any], path: Path) -> bool:
    """Draw the losses of a training over its epochs, each on an axis of its own; returns whether they were kept."""
    curve = card.get("curve") or {}
    if not curve:
        return False
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.4 * len(curve), 2.6), layout="constrained")
    for place, (name, values) in zip(figure.subplots(1, len(curve), squeeze=False)[0], curve.items(), strict=True):
        # Of many epochs some, evenly spaced: their share of the training is exact.
        at = [100 * (number + 1) / len(values) for number in range(len(values))]
        place.plot(at, values, "o-" if len(values) < MANY else "-", markersize=3, color="#1b6ca8")
        place.set(xlabel="% of the epochs", title=name)
        place.set_ylim(bottom=min(0.0, *values))
    figure.savefig(path, metadata={"Date": None})
    return True


def _front(facts: Facts) -> str:
    said = {
        "license": facts.licence,
        "library_name": "timm",
        "pipeline_tag": "image-feature-extraction",
        "tags": ["remote-sensing", "earth-observation", "pretraining", str(facts.card["method"])],
    }
    return "---\n" + yaml.safe_dump(said, sort_keys=False) + "---"


def _opening(facts: Facts) -> str:
    card = facts.card
    said = (
        f"Weights of {_words(card['backbone'])}, pretrained by **{_words(card['method'])}** in {card['steps']:,} steps"
        + (f" on {_words(facts.corpus['tiles'])} tiles" if "tiles" in facts.corpus else "")
        + ". They give features of images; there is no classifier in them."
    )
    warnings = card.get("warnings", {})
    lines = [said, *(f"**Warning, {_words(name)}**: {_words(why)}." for name, why in warnings.items())]
    if card.get("synthetic"):
        lines.append("**They were pretrained on synthetic images, and say nothing about real ones.**")
    return "\n\n".join(lines)


def _takes(facts: Facts) -> Iterator[str]:
    said = facts.card["input"]
    bands = {"RGB": "red, green, blue"}.get(said["channels"], said["channels"])
    bands = bands if isinstance(bands, str) else ", ".join(bands)
    yield "## What they take"
    yield _table(
        ["", ""],
        [
            ["bands, in order", bands],
            ["values", "in [0, 1]: stored values divided by the largest of their type"],
            ["less mean", ", ".join(f"{value:.6g}" for value in said["mean"])],
            ["divided by s.d.", ", ".join(f"{value:.6g}" for value in said["std"])],
            ["side in pretraining", f"{facts.card['options'].get('size', '?')} pixels"],
        ],
    )


def _loading(facts: Facts) -> Iterator[str]:
    where = f"hf-hub:{facts.repository}" if facts.repository else f"local-dir:{facts.name}"
    yield "## How to load them"
    code = ["import timm", "", f'model = timm.create_model("{where}", pretrained=True)  # features: model(images)']
    for library, file in facts.files.items():
        if library == "torchvision":
            code += [
                "", "from safetensors.torch import load_file", "from torchvision import models", "",
                f"model = models.{facts.card['backbone']}()",
                f'model.load_state_dict(load_file("{file}"), strict=False)  # without its classifier',
            ]  # fmt: skip
        if library in {"mmseg", "mmdet"}:
            code += ["", f'# {library}: init_cfg=dict(type="Pretrained", checkpoint="{file}")']
    yield "```python\n" + "\n".join(code) + "\n```"


def _training(facts: Facts) -> Iterator[str]:
    card = facts.card
    made, cost = card["provenance"], card["cost"]
    yield "## How they were made"
    rows = [
        ["method", f"{card['method']}, version {card['method_version']}"],
        ["published in", facts.reference or "-"],
        ["steps", f"{card['steps']:,}"],
        *([name.replace("_", " "), f"{value:,.0f}"] for name, value in sorted(card.get("facts", {}).items())
          if name in {"tiles", "student_views", "teacher_views", "trials"}),
        *([["FLOPs", f"{card['facts']['flops']:.3g}"]] if "flops" in card.get("facts", {}) else []),
        ["losses in the last epoch", ", ".join(f"{name} {value:.4g}" for name, value in card["losses"].items()) or "-"],
        ["spread and rank of the features", _features(card)],
        ["seed", str(card["seed"])],
        ["made on", f"{made.get('device_name', made.get('device', '?'))}, torch {made['libraries']['torch']}"],
        ["time", f"{cost.get('train_seconds', 0):,.0f} s; energy was not measured"],
        ["code", f"geokr-bench {made.get('bench', '?')}, revision {made.get('revision', '?')}"],
    ]  # fmt: skip
    yield _table(["", ""], rows)
    yield "Options, defaults included:"
    yield "```json\n" + json.dumps(card["options"], indent=1, sort_keys=True) + "\n```"
    if card.get("curve"):
        yield f"![The mean of each loss over the epochs]({CURVE})"
    else:
        yield "Of the losses only the means of the last epoch were kept."


def _features(card: Mapping[str, Any]) -> str:
    found = card.get("features") or {}
    said = [
        f"{when} {found[when]['spread']:.3g}, {found[when]['rank']:.3g}" for when in ("start", "end") if when in found
    ]
    return "; ".join(said) or "-"


def _corpus(facts: Facts) -> Iterator[str]:
    yield "## What they saw"
    rows = [[name, str(value)] for name, value in facts.corpus.items()]
    yield _table(["", ""], [*rows, ["licence of the images", facts.corpus_licence]])
    if facts.attribution:
        yield f"Attribution: {_words(facts.attribution)}."


def _measured(store: Path, frame: pd.DataFrame, facts: Facts) -> Iterator[str]:
    mine = frame[frame["weights"] == facts.card["key"]]
    yield "## What was measured"
    if mine.empty:
        yield "Nothing yet: no record of these weights was at hand."
        return
    yield (
        "Means of these weights' records ± standard deviation over draws of labels, in percent, beside random weights of "
        "the same network under the same protocol."
    )
    rows = []
    names = ["protocol", "protocol_hash", "fraction", "metric"]
    for (protocol, version, fraction, metric), records in mine.groupby(names, sort=True):
        same = (frame["protocol_hash"] == version) & (frame["fraction"] == fraction) & (frame["method"] == "random")
        random = frame[same & frame["backbone"].isin(set(records["backbone"]))]["score"]
        labels = int(records["n_train"].iloc[0])
        kind = "synthetic images" if records["synthetic"].any() else "real images"
        rows.append([
            str(protocol), kind, f"{percent(float(fraction))} (n = {labels:,})", field_name(str(metric)),
            _spread(records["score"]), _spread(random),
        ])  # fmt: skip
    yield _table(["protocol", "test", "labels", "metric", "these weights", "random weights"], rows)
    variant = str(mine["variant"].iloc[0])
    yield from _verdicts(store, frame, variant)


def _spread(scores: pd.Series) -> str:
    if scores.empty:
        return "-"
    more = f" ± {100 * scores.std():.2f}" if len(scores) > 1 else ""
    return f"{100 * scores.mean():.2f}{more}"


def _verdicts(store: Path, frame: pd.DataFrame, variant: str) -> Iterator[str]:
    found = answers(store, frame, lambda _: None)
    compared = found.comparisons
    if compared.empty:
        return
    asked = compared[compared["primary"].astype(bool) & ((compared["a"] == variant) | (compared["b"] == variant))]
    if asked.empty:
        return
    yield "## Verdicts"
    yield (
        f"What studies asked of {_words(variant)} before they ran, over all of its pretrainings and not these weights alone; the "
        "intervals hold together."
    )
    yield "\n".join(f"- {_words(said.text)}" for said in found.sentences(asked))
    yield "How they are meant:"
    mine = compared[(compared["a"] == variant) | (compared["b"] == variant)]
    yield "\n".join(f"- {_words(line)}" for line in found.notes(mine))


def _citation(facts: Facts) -> Iterator[str]:
    yield "## Citation"
    lines = [f"- {_words(facts.reference)}"] if facts.reference else []
    yield "\n".join([*lines, f"- {CITE}"])


def _table(head: list[str], rows: list[list[str]]) -> str:
    cells = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_words(cell) for cell in row) + " |" for row in cells)


def _words(value: object) -> str:
    """Text of others in Markdown that a hub makes a page of."""
    return text.markdown(str(value))
