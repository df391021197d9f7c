"""`bench weights`: what a store has pretrained, and handing it to other libraries."""

from pathlib import Path

import click

from bench.api.networks import find_card
from bench.cli import as_json as document
from bench.cli import completing, loudness, options
from bench.cli.weights_publish import publish
from bench.core.texts import file_name, visible
from bench.store.store import Store

FORMATS = ("torchvision", "timm", "mmseg", "mmdet")
# Other benchmarks, which get a folder of weights and a model's configuration.
BENCHMARKS = ("torchgeo-bench", "pangaea")


@click.group()
def weights() -> None:
    """List a store's pretrained weights and export them."""


@weights.command(name="list")
@options.store()
@click.option("--published", is_flag=True, help="List published weights instead, which `fetch` gets.")
@options.as_json
def list_weights(store: Path, published: bool, as_json: bool) -> None:
    """List pretrained weights: key, method, backbone, seed, steps; or those that others publish."""
    if published:
        from bench.cli.published import show

        show(as_json=as_json)
        return
    if as_json:
        document.echo(list(Store(store).cards()))
        return
    for card in Store(store).cards():
        seed = f"seed {card['seed']:<11}"
        name, backbone = visible(card.get("row") or card["method"]), visible(card["backbone"])
        click.echo(f"{card['key']}  {name:22} {backbone:14} {seed} steps {card['steps']}")


@weights.command()
@click.argument("key", shell_complete=completing.keys)
@click.option("--format", "form", type=click.Choice([*FORMATS, *BENCHMARKS]), default="torchvision", show_default=True)
@options.store()
@click.option(
    "--out", type=click.Path(path_type=Path), help="File to write, without ending; default: named by content."
)
def export(key: str, form: str, store: Path, out: Path | None) -> None:
    """Write weights under another library's names, in a file that it loads; of a benchmark, a folder that it runs."""
    from bench.backbones.export import export as write
    from bench.backbones.weights import load

    opened = Store(store)
    card = find_card(opened, key)
    out = out or Path(file_name(f"{card['method']}-{card['backbone']}-{card['key']}-{form}"))
    kept = load(opened.weights(card["key"]))
    if form in BENCHMARKS:
        from bench.backbones import benchmarks

        hand_on = benchmarks.to_torchgeo_bench if form == "torchgeo-bench" else benchmarks.to_pangaea
        name = f"{card.get('row') or card['method']}-{card['backbone'].removeprefix('timm:')}"
        for line in hand_on(kept, card["backbone"], file_name(name), out):
            click.echo(line)
        return
    click.echo(write(kept, card["backbone"], form, out))
    mean, std = kept.input.mean, kept.input.std
    click.echo(
        f"feed it images in [0, 1], {', '.join(kept.input.bands)}, less mean {list(mean)}, divided by std {list(std)}"
    )


@weights.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--backbone",
    help="Say how the file fits this backbone; without it, which of the registered ones fit.",
    shell_complete=completing.backbones,
)
@click.option("--under", help="Keys that stand before the weights' names, such as student.")
@options.as_json
def inspect(file: Path, backbone: str | None, under: str | None, as_json: bool) -> None:
    """Say what a checkpoint of any library holds, and what a backbone would take of it; no code of it runs.

    FILE may be hub:NAME of published weights that were fetched.
    """
    from bench.cli.inspection import inspected, lines
    from bench.core.published import entry_of

    entry = entry_of(str(file))
    found = inspected(file if entry is None else entry.path, backbone, under)
    if as_json:
        document.echo(found)
        return
    for line in lines(found):
        click.echo(line)


@weights.command()
@click.argument("name", shell_complete=completing.published_weights)
@click.option("--accept-licence", is_flag=True, help="Fetch without being asked; the licence is named all the same.")
@loudness.loudness
def fetch(name: str, accept_licence: bool) -> None:
    """Fetch published weights into the data folder, and hold them against their SHA-256; what was stopped goes on."""
    from bench.cli.published import fetch_named

    fetch_named(name, accepted=accept_licence)


weights.add_command(publish)
