"""`bench corpus merge | filter | split | sample`: corpora made from corpora."""

from pathlib import Path

import click

from bench.cli.corpus_counts import say
from bench.cli.options import FOLDER
from bench.core.errors import CorpusError


@click.command()
@click.argument("folders", type=FOLDER, nargs=-1, required=True)
@click.option("--out", type=FOLDER, required=True, help="Folder of the new corpus.")
@click.option("--distinct", is_flag=True, help="Keep one of tiles with equal pixels.")
def merge(folders: tuple[Path, ...], out: Path, distinct: bool) -> None:
    """Put corpora of one tile size and legend together."""
    from bench.corpus.build.derive import merge as put_together
    from bench.corpus.storage.reader import Corpus

    made = put_together([Corpus.open(folder) for folder in folders], out, distinct=distinct)
    say(made)


@click.command("filter")
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder of the new corpus.")
@click.option("--class", "classes", multiple=True, help="Dominant class to keep; may be given several times.")
@click.option("--min-share", default=0.0, help="Least proportion of the dominant class.")
@click.option("--source", "sources", multiple=True, help="Source to keep; may be given several times.")
@click.option("--within", type=float, nargs=4, help="West, south, east and north in degrees.")
@click.option("--away-from", metavar="DATASET", help="Keep tiles away from a data set: its name, or a prepared folder.")
@click.option("--km", type=click.FloatRange(min=0), default=0.0, show_default=True, help="How far away.")
def filter_tiles(
    folder: Path,
    out: Path,
    classes: tuple[str, ...],
    min_share: float,
    sources: tuple[str, ...],
    within: tuple[float, float, float, float] | None,
    away_from: str | None,
    km: float,
) -> None:
    """Keep the tiles that meet all conditions given."""
    from bench.corpus.build.derive import choose, take
    from bench.corpus.storage.reader import Corpus
    from bench.studies.places import places_of

    opened = Corpus.open(folder)
    others = None if away_from is None else places_of(away_from)
    numbers = choose(
        opened, classes=classes, min_share=min_share, sources=sources, within=within, away_from=others, km=km
    )
    away = away_from and f"{away_from} by {km:g} km"
    given = {"class": classes, "min-share": min_share, "source": sources, "within": within, "away-from": away}
    listed = "; ".join(f"{name} {value}" for name, value in given.items() if value)
    say(take(opened, numbers, out, f"filter ({listed})"))


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--part", "parts", multiple=True, required=True, help="A part and its share, such as train=0.8; one for each."
)
@click.option("--out", type=FOLDER, required=True, help="Folder that the parts are put into, by their names.")
@click.option("--seed", default=0, show_default=True, help="Seed of the random order.")
@click.option("--by", type=click.Choice(["scene", "tile"]), default="scene", show_default=True,
              help="What stays together; tiles of a scene overlap.")  # fmt: skip
def split(folder: Path, parts: tuple[str, ...], out: Path, seed: int, by: str) -> None:
    """Deal the tiles out into parts."""
    from bench.corpus.build.derive import split as deal
    from bench.corpus.build.derive import take
    from bench.corpus.storage.reader import Corpus

    shares = dict(_parse_part(text) for text in parts)
    opened = Corpus.open(folder)
    dealt = deal(opened, list(shares.values()), seed, by=by)
    for name, numbers in zip(shares, dealt, strict=True):
        say(take(opened, numbers, out / name, f"part {name} ({shares[name]:g} by {by}, seed {seed})"))


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder of the new corpus.")
@click.option("--count", type=int, help="Number of tiles.")
@click.option("--fraction", type=float, help="Or their share, in (0, 1].")
@click.option("--seed", default=0, show_default=True, help="A larger sample of one seed holds the smaller ones.")
def sample(folder: Path, out: Path, count: int | None, fraction: float | None, seed: int) -> None:
    """Draw tiles at random, for studies on the size of the corpus."""
    from bench.corpus.build.derive import sample as draw
    from bench.corpus.build.derive import take
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    if (count is None) == (fraction is None):
        raise CorpusError("bench corpus sample takes --count or --fraction: give one of them")
    if fraction is not None and not 0 < fraction <= 1:
        raise CorpusError(f"--fraction {fraction:g} is not in (0, 1]")
    number = count if count is not None else max(1, round((fraction or 0) * len(opened)))
    say(take(opened, draw(opened, number, seed), out, f"sample of {number} (seed {seed})"))


def _parse_part(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        value = float(share)
    except ValueError:
        raise CorpusError(f"--part {text!r} is not NAME=SHARE: use for instance train=0.8") from None
    if not name or "/" in name or name.startswith("."):
        raise CorpusError(f"--part {text!r} has no usable name: use for instance train=0.8")
    return name, value
