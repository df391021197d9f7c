"""`bench corpus fetch`: imagery and land cover of places from public archives, frozen in a manifest."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bench.cli import loudness
from bench.cli.options import FOLDER
from bench.core.errors import CorpusError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bench.core.context import Count
    from bench.core.web import Web
    from bench.corpus.fetch.fetching import Asked, Fetch
    from bench.corpus.fetch.manifest import Manifest
    from bench.corpus.fetch.places import Place
    from bench.corpus.fetch.sources import Imagery, LandCover

OF_A_NEW_ONE = frozenset(
    {
        "bbox",
        "around",
        "places",
        "grid",
        "tiles",
        "balance",
        "seed",
        "bands",
        "season",
        "clouds",
        "window_clouds",
        "epoch",
        "side",
        "km",
        "dry_run",
    }
)
"""What a manifest has settled."""
SIDE = 2560.0
"""Metres: 256 pixels of 10 m."""
TILE, STRETCH = 256, "0:3000"
_DAY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_MIB = 1 << 20


def _numbers(count: int, shape: str) -> Any:
    def parse(_context: click.Context, option: click.Parameter, value: str | None) -> tuple[float, ...] | None:
        if value is None:
            return None
        try:
            found = tuple(float(part) for part in value.split(","))
        except ValueError:
            found = ()
        if len(found) != count:
            raise CorpusError(f"--{option.name} {value}: give {shape}")
        return found

    return parse


@click.command()
@click.option("--bbox", callback=_numbers(4, "west,south,east,north in degrees"), help="West,south,east,north.")
@click.option("--around", callback=_numbers(2, "longitude,latitude in degrees"), help="Or longitude,latitude.")
@click.option("--km", default=20.0, show_default=True, help="Of --around: side of the square, kilometres.")
@click.option("--places", type=FOLDER, help="Or a CSV table of places: lon, lat, and name where they have one.")
@click.option(
    "--grid", type=click.Choice(["majortom"]), help="Or the shipped list of 2,000 places over all continents."
)
@click.option("--manifest", type=FOLDER, help="Or what another fetch wrote: the same again, pixel for pixel.")
@click.option("--tiles", type=click.IntRange(min=1), help="How many places of the list are taken; all by default.")
@click.option(
    "--balance", type=click.Choice(["landcover"]), help="Choose them so that land cover is as even as can be."
)
@click.option("--seed", default=0, show_default=True, help="Of the choice.")
@click.option("--source", default="earth-search", show_default=True, help="Imagery: a shipped name, or your own .yaml.")
@click.option("--bands", default="red,green,blue", show_default=True, help="Bands of the source, in order.")
@click.option("--season", default="2021-05/2021-09", show_default=True, help="First and last month or day.")
@click.option("--clouds", default=10.0, show_default=True, help="Largest share of clouds of a whole image, per cent.")
@click.option("--window-clouds", default=1.0, show_default=True, help="And of the window, per cent.")
@click.option("--landcover", default="esa-worldcover", show_default=True, help="Land cover: a source, or none.")
@click.option("--epoch", type=int, help="Its year; the newest by default.")
@click.option("--side", default=SIDE, show_default=True, help="Side of a window, metres.")
@click.option("--out", type=FOLDER, required=True, help="Folder for scenes, land cover and fetch.json.")
@click.option("--dry-run", is_flag=True, help="Say what would be read and kept, and ask nobody.")
@click.option("--freeze", is_flag=True, help="Keep the manifest alone.")
@click.option("--build", is_flag=True, help="Build the corpus too, in the folder's corpus.")
@click.option("--workers", default=8, show_default=True, type=click.IntRange(1, 32), help="Places at a time.")
@loudness.loudness
@click.pass_context
def fetch(
    context: click.Context, /, out: Path, *, dry_run: bool, freeze: bool, build: bool, workers: int, **given: Any
) -> None:
    """Fetch windows of images and of the land cover below them; a fetch that was stopped goes on when it is run again.

    Only the hosts that the source's file lists are asked. Licence and attribution are in the manifest, fetch.json, with
    the hash of everything that was read; --manifest fetches the same again, or says what has changed.
    """
    from bench.core.web import Web
    from bench.corpus.fetch.fetching import STATE, Fetch
    from bench.corpus.fetch.manifest import FILE, read_manifest

    _refuse_others(context, out)
    if given["manifest"]:
        known = read_manifest(given["manifest"])
        source, cover = _ours(context, known)
    else:
        asked, places = _asked(given), _places(given)
        source, cover = asked.source, asked.landcover
    loudness.note(f"imagery: {source.title}; {source.licence}; {source.attribution}")
    if cover:
        loudness.note(f"land cover: {cover.title}; {cover.licence}; {cover.attribution}")
    if not given["manifest"]:
        count = given["tiles"] or len(places)
        if dry_run:
            _say_estimate(asked, count, out, adjacent=given["places"] is None and given["grid"] is None)
            return
        if not freeze:
            _refuse_too_much(asked, count, out)
    web = Web(source.hosts, f"source {source.name}", CorpusError)
    cover_web = Web(cover.hosts, f"source {cover.name}", CorpusError) if cover else None
    work = Fetch(None if freeze else out, out / STATE, web, cover_web, workers)
    try:
        made = _again(work, known) if given["manifest"] else _new(work, asked, places, given)
    except OSError as error:
        raise CorpusError(f"{out} cannot be written ({error.strerror or error}): what is done is kept") from None
    finally:
        asked_for = [each.traffic for each in (web, cover_web) if each]
        requests, received = (sum(getattr(each, name) for each in asked_for) for name in ("requests", "bytes"))
        loudness.note(f"{requests} requests, {received / _MIB:.1f} MiB read")
    written = work.finish(made, out / FILE)
    for name, reason in made.left_out.items():
        click.echo(f"left out: {name}: {reason}")
    click.echo(f"{len(made.places)} places, {len(made.left_out)} left out, hash {made.digest[:16]}")
    click.echo(f"wrote {written}")
    if build:
        _build(made, out)


def _refuse_others(context: click.Context, out: Path) -> None:
    """Refuse options that would say nothing, and a folder in which another fetch has ended: the two would mix."""
    from bench.corpus.fetch.fetching import SCENES, STATE
    from bench.corpus.fetch.manifest import FILE

    given = context.params
    stated = [name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given["freeze"] and given["build"]:
        raise CorpusError("--freeze keeps no pixels to build from: leave one of --freeze and --build out")
    if given["manifest"] and (other := [name for name in stated if name in OF_A_NEW_ONE]):
        raise CorpusError(
            f"--{other[0].replace('_', '-')} is of a new fetch: a manifest says it all, leave one of both out"
        )
    if "km" in stated and not given["around"]:
        raise CorpusError("--km is of --around: add it, or leave --km out")
    if "seed" in stated and not given["balance"]:
        raise CorpusError("--seed is of --balance: add it, or leave --seed out")
    another = (out / FILE).exists() and (not given["manifest"] or given["manifest"].resolve() != (out / FILE).resolve())
    if not given["dry_run"] and not (out / STATE).exists() and (another or (out / SCENES).exists()):
        raise CorpusError(f"{out} holds a fetch that has ended: name another --out, or delete it to fetch anew")


def _ours(context: click.Context, known: "Manifest") -> "tuple[Imagery, LandCover | None]":
    """The archives of a manifest as this machine knows them: a stranger's file must not say which hosts are asked."""
    from bench.corpus.fetch import sources

    def named(option: str, theirs: str) -> str:
        given = context.get_parameter_source(option) is ParameterSource.COMMANDLINE
        return str(context.params[option]) if given else theirs

    try:
        cover = known.landcover
        return (
            sources.imagery(named("source", known.source.name)),
            sources.land_cover(named("landcover", cover.name)) if cover else None,
        )
    except CorpusError as error:
        raise CorpusError(
            f"{error}; the manifest is of {known.source.name}{f' and {cover.name}' if cover else ''}: give files of yours as "
            "--source and --landcover, for it is you who says which hosts are asked"
        ) from None


def _asked(given: dict[str, Any]) -> "Asked":
    from bench.corpus.fetch import sources
    from bench.corpus.fetch.fetching import Asked

    source = sources.imagery(given["source"])
    cover = None if given["landcover"] == "none" else sources.land_cover(given["landcover"])
    bands = tuple(part.strip() for part in given["bands"].split(",") if part.strip())
    source.assets_of(bands)
    if not bands or len(set(bands)) < len(bands):
        raise CorpusError(f"--bands {given['bands']}: name each band once")
    if not 2 * source.resolution <= given["side"] <= 50_000:
        raise CorpusError(f"--side {given['side']:g}: windows have {2 * source.resolution:g} to 50,000 metres")
    if given["epoch"] is not None and cover is None:
        raise CorpusError("--epoch is of the land cover: leave it or --landcover none out")
    return Asked(
        source=source,
        landcover=cover,
        epoch=cover.epoch(given["epoch"]) if cover else None,
        season=_season(given["season"]),
        side=given["side"],
        clouds=given["clouds"],
        most_clouded=given["window_clouds"] / 100,
        bands=bands,
    )


def _season(text: str) -> Any:
    import calendar

    from bench.corpus.fetch.items import Season

    parts = [_DAY.fullmatch(part.strip()) for part in text.split("/")]
    if len(parts) != 2 or not all(parts):
        raise CorpusError(f"--season {text}: give the first and the last month or day, such as 2021-05/2021-09")
    first, last = (part.groups() for part in parts if part)
    if not all(1 <= int(month) <= 12 for _, month, _ in (first, last)):
        raise CorpusError(f"--season {text}: months are 01 to 12")
    end = last[2] or f"{calendar.monthrange(int(last[0]), int(last[1]))[1]:02d}"
    begin, end = f"{first[0]}-{first[1]}-{first[2] or '01'}", f"{last[0]}-{last[1]}-{end}"
    if begin > end:
        raise CorpusError(f"--season {text} ends before it begins")
    return Season(first=begin, last=end)


def _places(given: dict[str, Any]) -> "list[Place]":
    """The places that are asked for."""
    from bench.corpus.fetch import places

    ways = [name for name in ("bbox", "around", "places", "grid", "manifest") if given[name] is not None]
    if len(ways) != 1:
        listed = ", ".join(f"--{name}" for name in ways) or "none"
        raise CorpusError(f"say where by one of --bbox, --around, --places, --grid and --manifest: {listed} is given")
    if given["balance"] and (given["tiles"] is None or given["landcover"] == "none"):
        raise CorpusError("--balance landcover chooses --tiles places by their land cover: give both")
    if given["bbox"]:
        found = places.in_box(given["bbox"], given["side"])
    elif given["around"]:
        lon, lat = given["around"]
        found = places.around(lon, lat, given["km"], given["side"])
    else:
        found = places.from_file(given["places"] or places.shipped())
    if given["tiles"] and given["tiles"] > len(found):
        raise CorpusError(f"--tiles {given['tiles']}: there are {len(found):,} places")
    return found


def _new(work: "Fetch", asked: "Asked", places: "list[Place]", given: dict[str, Any]) -> "Manifest":
    """Fetch what is asked for, of places that are chosen first where that is asked for too."""
    where = next(name for name in ("bbox", "around", "places", "grid") if given[name] is not None)
    chosen = {"where": f"{where} {given[where]}", "tiles": given["tiles"], "balance": given["balance"]}
    told = asked.told() | chosen | ({"seed": given["seed"]} if given["balance"] else {})
    work.begin(told)
    if given["balance"]:
        with _bar("looking at land cover", work.cover_web) as advance:
            places = work.balance(asked, places, given["tiles"], given["seed"], advance)
    elif given["tiles"]:
        places = places[: given["tiles"]]
    with _bar("fetching", work.web, work.cover_web) as advance:
        return work.fetch(asked, places, told, advance)


def _again(work: "Fetch", known: "Manifest") -> "Manifest":
    """Fetch what a manifest names."""
    work.begin({"manifest": known.digest})
    with _bar("fetching", work.web, work.cover_web) as advance:
        work.refetch(known, advance)
    return known


def _say_estimate(asked: "Asked", places: int, out: Path, *, adjacent: bool) -> None:
    from bench.corpus.fetch.fetching import estimate

    expected = estimate(asked, places, adjacent=adjacent)
    there, free = _free(out)
    click.echo(
        f"{places:,} places: about {expected.read / _MIB:,.0f} MiB would be read from {expected.files:,} files or more, and "
        f"{expected.kept / _MIB:,.0f} MiB kept; {free / _MIB:,.0f} MiB are free at {there}"
    )


def _refuse_too_much(asked: "Asked", places: int, out: Path) -> None:
    from bench.corpus.fetch.fetching import estimate

    (there, free), kept = _free(out), estimate(asked, places, adjacent=False).kept
    if kept > free:
        raise CorpusError(
            f"{there} has {free / _MIB:,.0f} MiB free, about {kept / _MIB:,.0f} MiB would be kept: make room"
        )


def _free(out: Path) -> tuple[Path, int]:
    """The folder that is there already, and the bytes that are free on its disk."""
    there = next(each for each in (out.resolve(), *out.resolve().parents) if each.exists())
    return there, shutil.disk_usage(there).free


def _build(made: "Manifest", out: Path) -> None:
    """Cut tiles as large as the windows, at most 256 pixels, with reflectances of 0 to 0.3 as 0 to 255."""
    from bench.cli.corpus_counts import say
    from bench.corpus.build.pipeline import build_corpus
    from bench.corpus.fetch.fetching import LANDCOVER, SCENES

    width = made.places[0].bands[made.bands[0]].window[2]
    cover = made.landcover
    with loudness.bar("cutting") as advance:
        corpus = build_corpus(
            out / SCENES,
            out / LANDCOVER if cover else None,
            cover.product if cover else None,
            out / "corpus",
            epoch=made.epoch,
            size=min(TILE, width),
            stretch=STRETCH if made.source.values != "uint8" else "none",
            names=made.bands,
            progress=advance,
        )
    say(corpus)


def _bar(title: str, *asked: "Web | None") -> "AbstractContextManager[Count]":
    """A bar over places, with the bytes that came until now."""
    from rich.progress import MofNCompleteColumn, TextColumn

    def received() -> str:
        return f"{sum(web.traffic.bytes for web in asked if web) / _MIB:,.1f} MiB"

    return loudness.bar(title, MofNCompleteColumn(), TextColumn("{task.fields[read]}"), read=received)
