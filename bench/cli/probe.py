"""`bench probe`: how good frozen features are."""

from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.api.networks import find_card
from bench.cli import as_json as document
from bench.cli import options
from bench.core.errors import StoreError
from bench.store.store import Store
from results.warned import MARK

Rows = list[dict[str, Any]]
# A row's weights and the random ones of their seed.
Pairs = list[tuple[dict[str, Any], dict[str, Any]]]
# Whose images batch norm's statistics are of.
STATISTICS = ("as trained", "target")
# Marks a row that beats random weights under one of them and not under the other.
FLIP = "\u2195"


@click.command()
@click.argument("keys", nargs=-1)
@options.store()
@click.option("--corpus", type=click.Path(path_type=Path), help="Probe on this corpus' dominant classes.")
@click.option(
    "--images", type=click.Path(path_type=Path), help="Probe on a folder of labelled images, one folder a class."
)
@click.option("--size", default=64, show_default=True, help="Side that labelled images are read at, pixels.")
@options.as_json
def probe(
    keys: tuple[str, ...],
    store: Path,
    corpus: Path | None,
    images: Path | None,
    size: int,
    as_json: bool,
) -> None:
    """Probe frozen features of pretrained weights by nearest neighbours and a linear classifier.

    Without --corpus and --images the demo's held-out scenes are used. KEYS are those of `bench weights list`, all of
    them when none is given. Every row is probed as it was trained, and with batch norm's statistics of the probed images.
    Where the store has `random` weights of the same backbone and seed, the table says in how many seeds a method beats
    them in both probes, and marks rows of which that changes with the statistics.
    """
    from bench.backbones import weights
    from bench.core.paths import data_home
    from bench.corpus.registry import registry as corpora
    from bench.corpus.storage.reader import Corpus
    from bench.pretraining.probe import probe as measure
    from bench.studies import probe_sets

    if corpus and images:
        raise click.UsageError("--corpus and --images exclude each other")
    opened = Store(store)
    cards = [find_card(opened, key) for key in keys] or list(opened.cards())
    if not cards:
        raise StoreError(f"store {store} has no weights to probe: make some with bench pretrain")
    if corpus:
        samples = probe_sets.corpus_samples(Corpus.open(corpus))
    elif images:
        samples = probe_sets.folder_samples(images, size)
    else:
        held_out = corpora.get("demo-held-out").make(data_home(), lambda text: click.echo(text, err=True))
        samples = probe_sets.corpus_samples(Corpus.open(held_out))
    rows: Rows = []
    for card in cards:
        kept = weights.load(opened.weights(card["key"]))
        found = measure(weights.restore(card["backbone"], kept.state, card["key"]), kept.input, samples)
        known = {name: card[name] for name in ("key", "method", "backbone", "seed", "steps")}
        of_row = {name: card.get(name) for name in ("row", "corpus_hash")}
        doubts = {"options": card.get("options", {}), "warnings": card.get("warnings", {})}
        scores = {bn: asdict(each) for bn, each in zip(STATISTICS, found, strict=True)}
        rows.append({**known, **of_row, **doubts, "count": len(samples.images), **scores})
    if as_json:
        document.echo(rows)
    else:
        click.echo("\n".join(table(rows)))


def table(rows: Rows) -> list[str]:
    """Row x statistics x {kNN, linear} x seeds as a Markdown table, one line a row and backbone, with what is doubtful.

    Args:
        rows: what `bench probe --json` prints.
    """
    rows = [row | {"label": name} for row, name in zip(rows, _labels(rows), strict=True)]
    groups: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["method"] != "random", row["seed"])):
        groups[row["label"], row["backbone"]].append(row)
    random = {(row["backbone"], row["seed"]): row for row in rows if row["method"] == "random"}
    heads = [f"{what}, {bn}" for bn in STATISTICS for what in ("kNN", "linear", "beats random", "spread / limit")]
    names = ["method", "backbone", "weights", "steps", *heads]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    notes: dict[str, None] = {}
    for (label, backbone), group in groups.items():
        doubts = {f"{MARK} {label}: {name}: {text}": None for row in group for name, text in row["warnings"].items()}
        pairs = [
            (row, random[backbone, row["seed"]])
            for row in group
            if row["method"] != "random" and (backbone, row["seed"]) in random
        ]
        flips = _flips(label, pairs)
        notes |= doubts | dict.fromkeys(flips)
        columns = [
            " ".join([label, *([MARK] if doubts else []), *([FLIP] if flips else [])]),
            backbone,
            " ".join(row["key"][:8] for row in group),
            str(group[0]["steps"]),
            *(column for bn in STATISTICS for column in _columns([row[bn] for row in group], pairs, bn)),
        ]
        lines.append("| " + " | ".join(columns) + " |")
    whose = "target: batch norm's statistics are those of the probed images, whose labels are not looked at"
    return [*lines, "", f"n {rows[0]['count']}; several weights stand in the order of their seeds; {whose}", *notes]


def _columns(scores: Rows, pairs: Pairs, bn: str) -> list[str]:
    """Both probes, wins over random weights, and spread of one row under the statistics `bn`."""
    return [
        *(" ".join(f"{score[name]:.3f}" for score in scores) for name in ("knn", "linear")),
        f"{sum(_beats(*pair, bn) for pair in pairs)} of {len(pairs)}" if pairs else "",
        " ".join(f"{score['spread'] / score['collapse']:.2f}" for score in scores),
    ]


def _beats(row: dict[str, Any], random: dict[str, Any], bn: str) -> bool:
    """Whether weights are better than random ones of their seed in both probes."""
    return all(row[bn][name] > random[bn][name] for name in ("knn", "linear"))


def _flips(label: str, pairs: Pairs) -> list[str]:
    """A line for each change of the statistics that turns whether a row beats random weights, with the seeds."""
    lines = []
    for there, gone in (STATISTICS, STATISTICS[::-1]):
        seeds = [str(row["seed"]) for row, other in pairs if _beats(row, other, there) and not _beats(row, other, gone)]
        if seeds:
            lines.append(f"{FLIP} {label}: beats random {there} and not {gone} in seed {', '.join(seeds)}")
    return lines


def _labels(rows: Rows) -> list[str]:
    """What tables of records call the rows too: a study's name, or the method and the options that tell it apart."""
    import pandas as pd

    from results.variants import label, options_text

    columns = ["backbone", "method", "options", "corpus", "row"]
    values = [
        (row["backbone"], row["method"], options_text(row["options"]), row["corpus_hash"], row["row"]) for row in rows
    ]
    return list(label(pd.DataFrame(values, columns=columns)))
