"""`bench paper`: what a paper needs of a store, as LaTeX that compiles."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import methods
import tasks.datasets
from bench import backbones
from bench.cli import options
from bench.cli.reading import say_left_out
from bench.core.errors import BenchError, StoreError, StudyError
from bench.core.published import of_content
from tasks.protocols import Protocol, computed_in, load_protocol

if TYPE_CHECKING:
    from bench.store.records import Record
    from results.paper import Data

UNKNOWN = "?"
# What torchvision's own weights are under is stated nowhere per file; its README leaves it to the data set's terms.
IMAGENET = "torchvision's weights: see its README; ImageNet's images are for research"


@click.command()
@options.store()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the parts.")
@click.option(
    "--study", "studies", multiple=True, help="Only records that this study asked for first; may be repeated."
)
@click.option("--corpus", "corpora", multiple=True, type=options.FOLDER, help="A corpus, whose licence is stated.")
@click.option("--title", help="Of the document  [default: the studies' names].")
def command(store: Path, out: Path, studies: tuple[str, ...], corpora: tuple[Path, ...], title: str | None) -> None:
    """Write tables, figures, appendix, checklist and references of a store for a paper.

    `main.tex` inputs all parts and compiles (pdflatex, bibtex, pdflatex twice); a document of your own inputs `preamble` and
    takes what it wants. Everything is made of records and of what registries say of data sets, methods and protocols;
    references are in full where `works.yaml` has the work, and else say what the registries say.
    """
    from results.answers import answers
    from results.export.content import gather
    from results.page.designs import read_designs
    from results.paper import Known, write_paper

    content = gather(store, studies, say_left_out)
    names = sorted(set(content.frame["study"]))
    sheets, problems = read_designs(store)
    for problem in problems:
        say_left_out(problem)
    known = Known(
        title=title or ", ".join(names),
        command=f"bench paper --store {store.name}" + "".join(f" --study {name}" for name in studies),
        methods=_references(methods.registry, content.frame["method"], "reference"),
        networks=_networks(set(content.frame["backbone"])),
        data=tuple(_data(content.records, corpora)),
        protocols={
            str(protocol): _values(str(protocol), set(rows["protocol_hash"]))
            for protocol, rows in content.frame.groupby("protocol", sort=True)
        },
        sheets=tuple(sheet for sheet in sheets if sheet.study in names),
    )
    found = answers(store, content.everything, say_left_out)
    for path in write_paper(store, found, content.frame, content.records, known, out):
        click.echo(path)


def _references(registry: Any, names: Any, attribute: str) -> dict[str, str]:
    entries = registry.all()
    return {name: getattr(entries[name], attribute) for name in sorted(set(names)) if name in entries}


def _networks(names: set[str]) -> dict[str, str]:
    """What the one line of a network cites, which stands in brackets."""
    found = {}
    for name in sorted(names):
        try:
            summary = backbones.get(name).summary
        except BenchError:  # a package that is gone
            continue
        _, bracket, rest = summary.rpartition("(")
        if bracket and rest.endswith(")."):
            found[name] = rest.removesuffix(").")
    return found


def _data(records: "list[Record]", corpora: tuple[Path, ...]) -> "list[Data]":
    from results.paper import Data

    known = tasks.datasets.registry.all()
    found = []
    for name in sorted({record.dataset for record in records}):
        spec = known.get(name)
        licence, cited, home = (spec.licence, spec.citation, spec.homepage) if spec else (UNKNOWN, "", UNKNOWN)
        found.append(Data(name, "data set", licence, "" if cited == "this software" else cited, home))
    given = {}
    for folder in corpora:
        digest, licence, source = _corpus(folder)
        given[digest] = licence, source
    for digest in sorted({record.corpus for record in records if record.corpus}):
        synthetic = any(record.synthetic_corpus for record in records if record.corpus == digest)
        default = ("as the harness", "made by the harness") if synthetic else (UNKNOWN, "see --corpus")
        licence, source = given.pop(digest, default)
        found.append(Data(f"corpus {digest[:8]}", "corpus", licence, "", source))
    if given:
        raise StudyError(f"--corpus: no record was pretrained on the corpus {min(given)[:8]}: leave it out")
    return found + [Data(*each) for each in sorted(_weights(records))]


def _weights(records: "list[Record]") -> set[tuple[str, str, str, str, str]]:
    """Weights of others that rows started from."""
    found = set()
    for record in records:
        if record.method == "imagenet" or record.options.get("init") == "imagenet":
            found.add(("ImageNet weights", "weights", IMAGENET, "", "torchvision"))
        for name in ("file", "init", "weights"):
            value = str(record.options.get(name, ""))
            if value.startswith("sha256:"):
                entry = of_content(value)
                shown = entry.name if entry else f"file {value.removeprefix('sha256:')[:8]}"
                found.add(
                    (shown, "weights", entry.licence if entry else UNKNOWN, "", entry.source if entry else UNKNOWN)
                )
    return found


def _corpus(folder: Path) -> tuple[str, str, str]:
    """Hash of a corpus, the terms of its images, and where they come from."""
    from bench.corpus.fetch.manifest import FILE, read_manifest
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    manifest = folder.parent / FILE
    if not manifest.is_file():
        return opened.hash, UNKNOWN, "the user's own images"
    fetched = read_manifest(manifest)
    sources = [each for each in (fetched.source, fetched.landcover) if each]
    licence = "; ".join(f"{each.title}: {each.licence}" for each in sources)
    return opened.hash, licence, "; ".join(each.title for each in sources)


def _values(name: str, hashes: set[str]) -> list[tuple[str, str, str]]:
    """The values of a protocol with their sources; none where its file is not the one of the records."""
    try:
        protocol = load_protocol(name)
    except BenchError:
        return []
    alike = {protocol.hash, *(computed_in(protocol, precision).hash for precision in ("fp32", "bf16"))}
    if not hashes & alike:
        return []
    values = protocol.model_dump(mode="json")
    return [(place, _plain(_at(values, place, protocol)), source) for place, source in protocol.sources.items()]


def _at(values: Any, place: str, protocol: Protocol) -> Any:
    for part in place.split("."):
        if not isinstance(values, dict) or part not in values:
            raise StoreError(f"protocol {protocol.id} has a source for {place}, which it has not: mend its file")
        values = values[part]
    return values


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
