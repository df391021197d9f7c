"""The leaderboard as one static HTML file: no network, no library, every number with its provenance."""

import json
import os
from collections.abc import Collection
from pathlib import Path

import jinja2
from markupsafe import Markup

from bench.core.errors import StoreError
from bench.core.files import write_text
from results.labels import percent
from results.looks import DARK, DASHES, LIGHT, MARKERS
from results.page.content import Content, gather
from results.tables.formats import html_environment

PAGE = "index.html"
# Each record brings 2 KB of its provenance along: 40 MB are as much as a browser opens at once.
MOST_RECORDS = 20_000


def write_page(store: Path, folder: Path, protocols: Collection[str] = ()) -> tuple[Path, list[str]]:
    """Write `index.html` for a store into `folder`.

    Args:
        store: the store's folder.
        folder: where the page goes.
        protocols: ids of the protocols that it is of; of all where there is none.

    Returns:
        Its path, and a line for each file of the store that was left out.

    Raises:
        StoreError: there is no store, it has no usable record, or more than `MOST_RECORDS` of these protocols.
    """
    if not protocols:
        _refuse_too_many(store, _count_records(store))
    content = gather(store, store, protocols)
    _refuse_too_many(store, len(content.data["records"]))
    path = folder / PAGE
    write_text(path, render_page(content))
    return path, content.left_out


def _count_records(store: Path) -> int:
    """Files that should be records, counted and not read: a million take minutes to read."""
    try:
        with os.scandir(store / "records") as files:
            return sum(1 for file in files if file.name.endswith(".json"))
    except FileNotFoundError:
        return 0  # what is wrong is said by who reads it


def _refuse_too_many(store: Path, records: int) -> None:
    if records > MOST_RECORDS:
        raise StoreError(
            f"{store}: {records:,} records are more than a page can show, {MOST_RECORDS:,}: name some of its protocols "
            "with --protocols, or read all with `bench table`"
        )


def render_page(content: Content) -> str:
    """The page's text."""
    environment = html_environment()
    return environment.get_template("page.html").render(
        content=content,
        percent=percent,
        data=_embedded(content.data),
        markers=[_outline(points) for points in MARKERS],
        palette=_palette(),
        style=_source(environment, "page.css"),
        script=_source(environment, "page.js"),
    )


def _outline(points: list[tuple[float, float]]) -> str:
    """A marker as an SVG path, y downwards."""
    size = 5.0  # half the width in the units of a drawing; thin shapes are still told apart at 400 pixels
    return f"M{' '.join(f'{size * x:.1f} {-size * y:.1f}' for x, y in points)}z"


def _palette() -> Markup:
    """The rows' colours as custom properties, for both schemes, with a class for each, and the dashes."""
    schemes = [" ".join(f"--c{slot}: {colour};" for slot, colour in enumerate(colours)) for colours in (LIGHT, DARK)]
    classes = " ".join(f".c{slot} {{ --c: var(--c{slot}); }}" for slot in range(len(LIGHT)))
    dashes = " ".join(
        f".d{dash} .curve {{ stroke-dasharray: {' '.join(map(str, lengths))}; }}"
        for dash, lengths in enumerate(DASHES)
        if lengths
    )
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {schemes[1]} }} }}"
    return Markup(f":root {{ {schemes[0]} }}\n{dark}\n{classes}\n{dashes}\n")  # noqa: S704 - our own constants


def _embedded(value: object) -> Markup:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped here


def _source(environment: jinja2.Environment, name: str) -> Markup:
    """One of our own files, as it is."""
    loader = environment.loader
    assert loader is not None
    return Markup(loader.get_source(environment, name)[0])  # noqa: S704 - ships with this package
