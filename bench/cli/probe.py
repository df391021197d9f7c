"""`bench probe`: how good frozen features are."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from bench.cli.weights import find_card
from bench.store import Store


@click.command()
@click.argument("keys", nargs=-1, required=True)
@click.option("--store", default="runs", show_default=True, help="Folder of the results.")
@click.option("--corpus", type=click.Path(path_type=Path), help="Probe on this corpus' dominant classes.")
@click.option(
    "--images", type=click.Path(path_type=Path), help="Probe on a folder of labelled images, one folder a class."
)
@click.option("--size", default=64, show_default=True, help="Side that labelled images are read at, pixels.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def probe(
    keys: tuple[str, ...], store: str, corpus: Path | None, images: Path | None, size: int, as_json: bool
) -> None:
    """Probe frozen features of pretrained weights by nearest neighbours and a linear classifier.

    Without --corpus and --images the demo's held-out scenes are used. KEYS are those of `bench weights list`.
    """
    from bench import backbones, probe_sets, weights
    from bench.corpus.reader import Corpus
    from bench.paths import data_home
    from bench.probe import probe as measure

    if corpus and images:
        raise click.UsageError("--corpus and --images exclude each other")
    opened = Store(Path(store))
    cards = [find_card(opened, key) for key in keys]
    if corpus:
        samples = probe_sets.corpus_samples(Corpus.open(corpus))
    elif images:
        samples = probe_sets.folder_samples(images, size)
    else:
        samples = probe_sets.demo_samples(data_home())
    results = []
    for card in cards:
        backbone = backbones.build(card["backbone"])
        weights.load_into(backbone, weights.load(opened.weights(card["key"])), card["key"])
        found = measure(backbone, samples)
        results.append({"key": card["key"], "method": card["method"], "seed": card["seed"], **asdict(found)})
        if not as_json:
            state = "collapsed" if found.spread < found.collapse else "spread out"
            click.echo(
                f"{card['key']}  {card['method']:22} kNN {found.knn:.3f}  linear {found.linear:.3f}  "
                f"features {state} ({found.spread:.4f}, limit {found.collapse:.4f}), n {found.count}"
            )
    if as_json:
        click.echo(json.dumps(results, indent=1))
