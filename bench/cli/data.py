"""`bench data`: prepare downstream data sets, check and list them, and show the subsets that cells are trained on."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import as_json as document
from bench.cli import completing, listing, loudness, options
from bench.cli.data_describe import describe
from bench.cli.data_download import download
from bench.cli.data_split import split
from bench.cli.options import FOLDER
from bench.core.errors import DataError, StudyError
from bench.core.paths import data_home
from bench.core.texts import visible
from bench.studies.inputs import Inputs, list_prepared, one_protocol
from tasks import datasets
from tasks.datasets import DatasetSpec

if TYPE_CHECKING:
    from tasks.prepared import Prepared
    from tasks.protocols import Protocol
    from tasks.subset_counts import SubsetCount


def _facts(spec: DatasetSpec) -> listing.Facts:
    there = [str(path) for name, path in list_prepared(data_home()) if name == spec.name]
    return {
        "from": spec.homepage,
        "licence": spec.licence,
        "cite": spec.citation,
        "layout": spec.layout,
        "protocols": [protocol.id for protocol in _protocols_of(spec.name)],
        "prepared": there or "no",
    }


data = listing.command(
    datasets.registry, "List downstream data sets: source, licence, citation, what is prepared; prepare them.", _facts
)


@data.command()
@click.argument("name", shell_complete=completing.dataset)
@click.option("--source", type=FOLDER, help="The unpacked public layout, its archive, or their folder.")
@click.option("--out", type=FOLDER, help="Folder to write; the harness' data folder where not given.")
@click.option(
    "--protocol",
    "protocol_id",
    help="Protocol whose slices are cut; the data set's first where not given.",
    shell_complete=completing.protocol,
)
@click.option("--option", "settings", multiple=True, metavar="KEY=VALUE", help="How to read an unusual copy.")
@loudness.loudness
def prepare(
    name: str, source: Path | None, out: Path | None, protocol_id: str | None, settings: tuple[str, ...]
) -> None:
    """Cut data set NAME, or that of a YAML file, into slices with an index; the result is complete or absent."""
    from tasks.prepared import Prepared

    spec, inputs = datasets.get(name), _inputs()
    source = source or spec.source
    if source is None:
        raise DataError(f"where is {spec.name}? Give its unpacked layout, its archive, or their folder as --source")
    protocol = _protocol_of(spec.name, protocol_id)
    target = out or inputs.prepared_folder(name, protocol.slices)
    if target.exists():
        raise DataError(f"{target} exists already: remove it, or choose another folder with --out")
    _tell_sums(spec, source)
    with loudness.bar(f"preparing {name}") as advance:
        inputs.prepare(name, source, protocol.slices, target, advance, _parse_options(settings))
    _print_counts(Prepared.open(target))
    if out:
        loudness.note(f"use it with --set data.{spec.name}={target}")


@data.command()
@click.argument("names", nargs=-1, shell_complete=completing.dataset)
@click.option("--folder", type=FOLDER, help="A prepared set elsewhere, made with --out.")
@options.as_json
def verify(names: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Check prepared sets against the hashes in their manifests; all of the data folder where none is named."""
    from tasks.prepared import Prepared
    from tasks.writing import verify as check

    for name in names:
        datasets.get(name)
    found = [folder] if folder else [path for name, path in list_prepared(data_home()) if not names or name in names]
    if not found:
        raise DataError(f"nothing is prepared in {data_home()}: make it with `bench data prepare`")
    sound = []
    for path in found:
        opened = Prepared.open(path)
        check(opened)
        sound.append({"folder": path, "slices": len(opened), "hash": opened.hash})
        if not as_json:
            click.echo(f"{path}: {len(opened)} slices, hash {opened.hash}: as it was prepared")
    if as_json:
        document.echo(sound)


@data.command()
@click.argument("protocol_id", metavar="PROTOCOL", shell_complete=completing.protocol)
@click.option("--seeds", default=3, show_default=True, help="Repeats, as in a study.")
@click.option("--study-seed", default=0, show_default=True, help="Root of the seed tree, as in a study.")
@click.option(
    "--labels",
    "--fractions",
    "labels",
    help="Comma-separated amounts, such as 1shot,50,1%; the protocol's own where not given.",
)
@click.option("--folder", type=FOLDER, help="The prepared set, where it is not in the data folder.")
@options.as_json
def subsets(
    protocol_id: str, seeds: int, study_seed: int, labels: str | None, folder: Path | None, *, as_json: bool
) -> None:
    """Print the asked and the true count of every class, for every amount of labels and seed of PROTOCOL."""
    from rich.console import Console
    from rich.table import Table

    import tasks
    from tasks.amounts import read_amount
    from tasks.protocols import load_protocol
    from tasks.subset_counts import count_subsets
    from tasks.subsets import subset_seed

    protocol = load_protocol(protocol_id)
    asked = [read_amount(text.strip()) for text in labels.split(",")] if labels else protocol.amounts
    prepared = _inputs().dataset(one_protocol(protocol, folder), protocol)
    task = tasks.get(protocol.task).load()(protocol, prepared)
    drawn = {seed: subset_seed(study_seed, seed) for seed in range(seeds)}
    counted = count_subsets(task, asked, drawn)
    if as_json:
        subsets = [_subset(row, task.scheme.classes) for row in counted]
        document.echo({"protocol": protocol.id, "counted_by": task.label.members, "subsets": subsets})
        return
    table = Table("labels", "seed", "asked", "true", *task.scheme.classes, title=f"{protocol.id}: true (asked)")
    for row in counted:
        cells = [f"{true} ({asked:.2f})" for true, asked in zip(row.true, row.asked, strict=True)]
        table.add_row(row.amount.text, str(row.seed), f"{row.asked_samples:.2f}", str(row.samples), *cells)
    Console().print(table)
    click.echo(f"counted by class: {task.label.members}")


def _subset(row: "SubsetCount", classes: list[str]) -> dict[str, Any]:
    of_class = {
        name: {"asked": asked, "true": true} for name, asked, true in zip(classes, row.asked, row.true, strict=True)
    }
    counts = {"samples_asked": row.asked_samples, "samples": row.samples}
    return {"labels": row.amount.text, "seed": row.seed, **counts, "classes": of_class}


data.add_command(describe)
data.add_command(download)
data.add_command(split)


def _protocols_of(name: str) -> "list[Protocol]":
    from tasks.protocols import known_protocols, load_protocol

    return [protocol for protocol in map(load_protocol, known_protocols()) if protocol.dataset == name]


def _protocol_of(name: str, protocol_id: str | None) -> "Protocol":
    from tasks.protocols import load_protocol

    if protocol_id is None:
        known = _protocols_of(name)
        if not known:
            raise DataError(
                f"no protocol is known for {name}: give one that says how it is cut, as --protocol FILE.yaml"
            )
        return known[0]
    protocol = load_protocol(protocol_id)
    if protocol.dataset != name:
        raise StudyError(f"protocol {protocol_id} is for data set {protocol.dataset}, not for {name}")
    return protocol


def _inputs() -> Inputs:
    return Inputs(loudness.note)


def _parse_options(texts: tuple[str, ...]) -> dict[str, str]:
    parsed = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise DataError(f"--option {text}: write it as key=value, such as bands=3,2,1")
        parsed[key] = value
    return parsed


def _tell_sums(spec: DatasetSpec, source: Path) -> None:
    """Say of each archive whether it is the one whose sum is published."""
    from bench.core.files import md5
    from tasks.datasets.archives import archives

    for archive in archives(source, spec.archives):
        if archive.name in spec.md5:
            same = md5(archive) == spec.md5[archive.name]
            verdict = (
                "is the published archive" if same else "differs from the published archive, it is read all the same"
            )
            loudness.note(f"{archive.name} {verdict}")


def _print_counts(prepared: "Prepared") -> None:
    click.echo(f"{prepared.path}: {len(prepared)} slices of {prepared.index['size']}, hash {prepared.hash}")
    if loudness.quiet():
        return
    for name, count in {**prepared.counts(), **prepared.index.get("found", {}), **prepared.repeats()}.items():
        click.echo(f"  {visible(name)}: {count:,}")
    published, images = prepared.index.get("published"), len(set(prepared.sources))
    if published and images != published:
        click.echo(f"  the published data set has {published:,} images, this copy {images:,}")
    if prepared.index.get("resized"):
        click.echo(f"  images that were resized: {prepared.index['resized']:,}")
