"""`bench weights publish`: weights with a model card, in a folder or on the hub."""

import tempfile
from pathlib import Path
from typing import Any

import click

from bench.cli import options
from bench.cli.hub import NAME, repository_of, send
from bench.core import files
from bench.core.documents import read_json
from bench.core.errors import CorpusError, StoreError, WeightsError
from bench.store.store import Store

# What a user may know and publish all the same.
DOUBTS = ("warnings", "synthetic")


@click.command()
@click.argument("key")
@click.option("--name", required=True, help="What the weights are to be called.")
@click.option("--to", "target", required=True, help="Folder, or hub:USER/NAME.")
@click.option("--licence", help="Of the weights, by its identifier on the hub: cc-by-4.0, mit, ...")
@click.option("--corpus", type=options.FOLDER, help="Their corpus, which is described in the card.")
@click.option("--corpus-licence", help="Terms of its images; of a fetched corpus those of its manifest.")
@click.option(
    "--despite", multiple=True, type=click.Choice(DOUBTS), help="Publish weights with warnings, or synthetic ones."
)
@click.option("--private", is_flag=True, help="On the hub, for you alone.")
@click.option("--dry-run", is_flag=True, help="Write the folder into the current one, and send nothing.")
@options.store()
def publish(
    key: str, *, name: str, target: str, licence: str | None, corpus: Path | None, corpus_licence: str | None,
    despite: tuple[str, ...], private: bool, dry_run: bool, store: Path,
) -> None:  # fmt: skip
    """Write weights as timm, torchvision and OpenMMLab load them, with a model card; or send them to the hub.

    The card says what they take, how they were made, on what and under which licence, and everything that the store has
    measured of them, what speaks against them included. Weights without a licence, with warnings, or of synthetic images
    are refused; --despite publishes the last two all the same.
    """
    from bench.api.networks import find_card

    if not NAME.fullmatch(name) or ".." in name:
        raise WeightsError(f"--name {name}: use letters, digits, -, _ and .")
    repository = repository_of(target)
    opened = Store(store)
    card = find_card(opened, key)
    terms, attribution, facts = _corpus(card, corpus, corpus_licence)
    _refuse(card, licence, terms, despite)
    if repository and not dry_run:
        with tempfile.TemporaryDirectory(prefix="bench-publish-") as work:
            folder = Path(work) / name
            _write(opened, card, name, folder, str(licence), facts, terms, attribution, repository)
            send(folder, repository, private=private)
        return
    folder = Path(name) if repository else Path(target)
    if folder.exists():
        raise WeightsError(f"{folder} is there already: choose another folder")
    with files.new_folder(folder) as work_folder:
        _write(opened, card, name, work_folder, str(licence), facts, terms, attribution, repository)
    for path in sorted(folder.iterdir()):
        click.echo(f"{path}: {path.stat().st_size:,} bytes")
    if repository:
        click.echo(f"would be sent to {repository}: nothing was")


def _corpus(card: dict[str, Any], corpus: Path | None, stated: str | None) -> tuple[str, str, dict[str, object]]:
    """Terms of the images, what must be said of them, and facts of the corpus.

    Raises:
        CorpusError: it is not the one that the weights were trained on.
    """
    facts: dict[str, object] = {"content hash": card.get("corpus_hash") or "-"}
    if corpus is None:
        return stated or "", "", facts
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(corpus)
    if opened.hash != card.get("corpus_hash"):
        raise CorpusError(f"{corpus} has hash {opened.hash}, these weights were trained on {card.get('corpus_hash')}")
    facts |= {
        "tiles": f"{len(opened):,}",
        "side of a tile": f"{opened.size} pixels",
        "bands": f"{', '.join(opened.bands.names)}, {opened.bands.values}",
        "land cover": ", ".join(opened.classes) if opened.has_landcover else "none",
    }
    from bench.corpus.fetch.manifest import FILE, read_manifest

    manifest = corpus.parent / FILE
    if not manifest.is_file():
        return stated or "", "", facts
    fetched = read_manifest(manifest)
    sources = [each for each in (fetched.source, fetched.landcover) if each]
    facts |= {"fetched from": "; ".join(each.title for each in sources), "manifest": fetched.digest}
    return (
        stated or "; ".join(f"{each.title}: {each.licence}" for each in sources),
        "; ".join(each.attribution for each in sources),
        facts,
    )


def _refuse(card: dict[str, Any], licence: str | None, terms: str, despite: tuple[str, ...]) -> None:
    """Refuse what nobody should trust, or may use.

    Raises:
        WeightsError: it says why, and what to do.
    """
    if not card.get("steps"):
        raise WeightsError(
            f"{card['key']} ({card['method']}) was not trained here: there is nothing of ours to publish"
        )
    if not licence:
        raise WeightsError("weights without a licence may be used by nobody: give --licence, such as cc-by-4.0")
    if not terms:
        raise WeightsError(
            "on which terms its images are is not known: give --corpus of a fetched corpus, or --corpus-licence"
        )
    warnings = card.get("warnings", {})
    if warnings and "warnings" not in despite:
        said = "; ".join(f"{name}: {text}" for name, text in warnings.items())
        raise WeightsError(f"{card['key']} has warnings ({said}): publish it --despite warnings, where that is known")
    if card.get("synthetic") and "synthetic" not in despite:
        raise WeightsError(
            f"{card['key']} was trained on synthetic images: publish it --despite synthetic, if you must"
        )


def _write(
    store: Store, card: dict[str, Any], name: str, folder: Path, licence: str, facts: dict[str, object], terms: str,
    attribution: str, repository: str,
) -> None:  # fmt: skip
    import methods
    from bench.backbones.publishing import write_files
    from bench.backbones.weights import load
    from results import load as load_records
    from results import model_card

    kept = load(store.weights(card["key"]))
    written = write_files(kept, card["backbone"], int(card["options"].get("size", 224)), name, folder)
    try:
        frame = load_records(store.root, lambda _: None)
    except StoreError:  # weights alone, nothing was fine-tuned yet
        from results.frame import from_records

        frame = from_records([])
    known = methods.registry.all().get(card["method"])
    told = model_card.Facts(
        name=name,
        card=card,
        files=written,
        licence=licence,
        corpus=facts,
        corpus_licence=terms,
        attribution=attribution,
        reference=known.reference if known else "",
        repository=repository,
    )
    model_card.draw_curve(card, folder / model_card.CURVE)
    files.write_text(folder / "README.md", model_card.write(store.root, frame, told))
    files.write_json(folder / "card.json", read_json(store.weights(card["key"]) / "card.json", StoreError, "run again"))
