"""`bench probe`: how good frozen features are."""

import json
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench.cli import options
from bench.cli.weights import find_card
from bench.core.errors import StoreError
from bench.store.store import Store
from results.warned import MARK

Rows = list[dict[str, Any]]


@click.command()
@click.argument("keys", nargs=-1)
@options.store()
@click.option("--corpus", type=click.Path(path_type=Path), help="Probe on this corpus' dominant classes.")
@click.option(
    "--images", type=click.Path(path_type=Path), help="Probe on a folder of labelled images, one folder a class."
)
@click.option("--size", default=64, show_default=True, help="Side that labelled images are read at, pixels.")
@click.option("--adabn", is_flag=True, help="Take batch norm's statistics from the probed images first.")
@options.as_json
def probe(
    keys: tuple[str, ...],
    store: Path,
    corpus: Path | None,
    images: Path | None,
    size: int,
    adabn: bool,
    as_json: bool,
) -> None:
    """Probe frozen features of pretrained weights by nearest neighbours and a linear classifier.

    Without --corpus and --images the demo's held-out scenes are used. KEYS are those of `bench weights list`, all of
    them when none is given. Where the store has `random` weights of the same backbone and seed, the table says in how
    many seeds a method beats them in both probes.
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
        found = measure(weights.restore(card["backbone"], kept.state, card["key"]), kept.input, samples, adabn)
        known = {name: card[name] for name in ("key", "method", "backbone", "seed", "steps")}
        of_row = {name: card.get(name) for name in ("row", "corpus_hash")}
        doubts = {"options": card.get("options", {}), "warnings": card.get("warnings", {})}
        rows.append({**known, **of_row, **doubts, "adabn": adabn, **asdict(found)})
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        click.echo("\n".join(table(rows)))


def table(rows: Rows) -> list[str]:
    """Row x {kNN, linear} x seeds as a Markdown table, one line a row and backbone, with the warnings of its weights.

    Args:
        rows: what `bench probe --json` prints.
    """
    rows = [row | {"label": name} for row, name in zip(rows, _labels(rows), strict=True)]
    groups: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["method"] != "random", row["seed"])):
        groups[row["label"], row["backbone"]].append(row)
    random = {(row["backbone"], row["seed"]): row for row in rows if row["method"] == "random"}
    lines = [
        "| method | backbone | weights | steps | kNN | linear | beats random in both | spread / limit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    marked: dict[str, None] = {}
    for (label, backbone), group in groups.items():
        doubts = {f"{name}: {text}": None for row in group for name, text in row["warnings"].items()}
        marked |= {f"{MARK} {label}: {doubt}": None for doubt in doubts}
        pairs = [(row, random[backbone, row["seed"]]) for row in group if (backbone, row["seed"]) in random]
        wins = sum(mine["knn"] > other["knn"] and mine["linear"] > other["linear"] for mine, other in pairs)
        columns = [
            f"{label} {MARK}" if doubts else label,
            backbone,
            " ".join(row["key"][:8] for row in group),
            str(group[0]["steps"]),
            *(" ".join(f"{row[name]:.3f}" for row in group) for name in ("knn", "linear")),
            f"{wins} of {len(pairs)}" if pairs and group[0]["method"] != "random" else "",
            " ".join(f"{row['spread'] / row['collapse']:.2f}" for row in group),
        ]
        lines.append("| " + " | ".join(columns) + " |")
    adapted = "; batch norm's statistics are those of the probed images" if rows[0]["adabn"] else ""
    return [*lines, "", f"n {rows[0]['count']}; several weights stand in the order of their seeds{adapted}", *marked]


def _labels(rows: Rows) -> list[str]:
    """What tables of records call the rows too: a study's name, or the method and the options that tell it apart."""
    import pandas as pd

    from results.variants import label, options_text

    columns = ["backbone", "method", "options", "corpus", "row"]
    values = [
        (row["backbone"], row["method"], options_text(row["options"]), row["corpus_hash"], row["row"]) for row in rows
    ]
    return list(label(pd.DataFrame(values, columns=columns)))
