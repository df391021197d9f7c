"""`bench data describe`: what a folder of labelled images holds, and the files with which it becomes a data set."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli import as_json as document
from bench.cli import loudness, options
from bench.cli.options import FOLDER
from bench.core.configs import is_path
from bench.core.errors import DataError
from tasks import datasets

if TYPE_CHECKING:
    from bench.studies.describing import Description, Pair
    from tasks.datasets.described.parts import Recognised

WORDS = {
    "classes": "one class an image, by folders",
    "labels": "several classes an image, by a table",
    "masks": "images and masks",
    "pairs": "pairs of two dates, and masks of change",
    "boxes": "images and boxes",
}
# So many sizes, and so many pairs, are named.
SHOWN = 3


@click.command()
@click.argument("source", type=FOLDER)
@click.option("--write", "name", metavar="NAME", help="Write the data set, a protocol and a study of this name here.")
@click.option("--corpus", "corpus_folder", type=FOLDER, help="A corpus, to look for the images among its tiles.")
@click.option("--bands", help="Red, green and blue in TIFFs of other bands, counted from 1, such as 4,3,2.")
@click.option("--range", "values", metavar="LOW:HIGH", help="Stored values that become 0 and 255, such as 0:3000.")
@options.as_json
def describe(
    source: Path, name: str | None, corpus_folder: Path | None, bands: str | None, values: str | None, *, as_json: bool
) -> None:
    """Say what SOURCE holds: a folder of labelled images, its archive, or a data set's own YAML file."""
    from bench.corpus.storage.reader import Corpus
    from bench.studies import describing, own_files

    corpus = Corpus.open(corpus_folder) if corpus_folder else None
    with _opened(source, _shared(bands, values)) as (folder, recognised), loudness.bar("reading images") as advance:
        found = describing.describe(folder, recognised.contents, corpus, advance)
    written = own_files.write(name, found, source) if name else []
    if as_json:
        document.echo({**_told(found), "guesses": recognised.guesses, "written": written})
        return
    for line in [*_lines(found), *(f"guessed: {text}" for text in recognised.guesses)]:
        click.echo(line)
    if written:
        click.echo(f"wrote {', '.join(map(str, written))}: read them, then run `bench run --study {written[-1]}`")


@contextmanager
def _opened(source: Path, shared: dict[str, Any]) -> "Iterator[tuple[Path, Recognised]]":
    """The folder, and what it is: as its own file says, or as it looks."""
    from tasks.datasets.archives import unpacked
    from tasks.datasets.described.parts import Recognised
    from tasks.datasets.described.recognising import recognise
    from tasks.datasets.described.templates import Tree

    spec = datasets.get(str(source)) if is_path(source.name) else None
    if spec is not None and (spec.source is None or spec.contents is None):
        raise DataError(f"{source} has no source: write the folder of the data set under source")
    where = spec.source if spec and spec.source else source
    with tempfile.TemporaryDirectory(prefix="bench-describe.") as scratch, unpacked(where, Path(scratch)) as folder:
        described = Recognised(spec.contents, []) if spec and spec.contents else recognise(Tree.of(folder), shared)
        yield folder, described


def _shared(bands: str | None, values: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        if bands:
            red, green, blue = (int(text) for text in bands.split(","))
            found["bands"] = [red, green, blue]
        if values:
            low, high = (float(text) for text in values.split(":"))
            found["range"] = [low, high]
    except ValueError:
        raise DataError("write --bands as three numbers from 1, such as 4,3,2, and --range as LOW:HIGH") from None
    return found


def _told(found: "Description") -> dict[str, Any]:
    """The same facts as plain values."""
    from bench.studies.describing import UNITS
    from bench.studies.own_files import split_of

    def named(pairs: "list[Pair]") -> list[list[str]]:
        return [[pair.a.below[0], pair.b.below[0]] for pair in pairs]

    leaks = found.leaks and {"tiles": found.leaks.tiles, "images": [each.below[0] for each in found.leaks.images]}
    return {
        "kind": found.kind,
        "task": found.task,
        "files": [template.text for template in found.contents.dates],
        "images": len(found.images),
        "places": found.places,
        "sizes": [{"height": h, "width": w, "images": count} for (h, w), count in found.sizes.most_common()],
        "bands": found.contents.bands,
        "unit": UNITS[found.kind],
        "classes": found.classes,
        "parts": found.parts,
        "left_out": found.left_out,
        "near_duplicates": named(found.alike),
        "near_duplicates_across_parts": named(found.across),
        "leaks": leaks,
        "suggested": {"size": found.slices.size, "split_by": split_of(found)["by"]},
    }


def _lines(found: "Description") -> list[str]:
    """What is printed, a fact a line."""
    from bench.studies.describing import UNITS
    from bench.studies.own_files import split_of

    unit, total = UNITS[found.kind], max(1, sum(found.classes.values()))
    sizes = ", ".join(f"{h} x {w} ({count:,})" for (h, w), count in found.sizes.most_common(SHOWN))
    more = f" and {len(found.sizes) - SHOWN:,} more sizes" if len(found.sizes) > SHOWN else ""
    bands = found.contents.bands
    lines = [
        f"kind: {WORDS[found.kind]} (task {found.task})",
        f"files: {' + '.join(template.text for template in found.contents.dates)}",
        f"images: {len(found.images):,}" + (f" of {found.places:,} places" if found.places else ""),
        f"sizes: {sizes}{more}",
        f"bands: {'red, green, blue' if bands is None else f'{bands} of the TIFFs, as red, green, blue'}",
        f"classes: {len(found.classes)}, in {unit}",
    ]
    lines += [f"  {name}: {count:,} ({count / total:.1%})" for name, count in found.classes.items()]
    lines += [f"parts: {', '.join(f'{part} {count:,}' for part, count in found.parts.items()) or 'none'}"]
    lines += [f"left out: {count:,} {why}" for why, count in found.left_out.items()]
    lines += [f"near-duplicates: {_alike(found.alike)}"]
    if found.parts:
        lines += [f"near-duplicates in different parts: {_alike(found.across)}"]
    lines += _leaks(found)
    split = split_of(found)
    return [*lines, f"suggested: slices of {found.slices.size}, split by {split['by']}"]


def _alike(pairs: "list[Pair]") -> str:
    named = ", ".join(f"{pair.a.below[0]} and {pair.b.below[0]}" for pair in pairs[:SHOWN])
    return f"{len(pairs):,} pairs, such as {named}" if pairs else "none"


def _leaks(found: "Description") -> list[str]:
    if found.leaks is None:
        return []
    tiles, images = found.leaks.tiles, found.leaks.images
    if not images:
        return ["corpus: no tile looks like an image"]
    named = ", ".join(image.below[0] for image in images[:SHOWN])
    test = sum(image.part == "test" for image in images)
    where = f", {test:,} of them of the test part" if found.parts else ""
    return [f"LEAK: {tiles:,} tiles of the corpus look like {len(images):,} images{where}, such as {named}"]
