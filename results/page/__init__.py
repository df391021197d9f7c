"""The leaderboard as one static HTML file: no network, no library, every number with its provenance."""

import json
from pathlib import Path

import jinja2
from markupsafe import Markup

from bench.core.files import write_text
from results.labels import percent
from results.looks import DARK, DASHES, LIGHT, MARKERS
from results.page.content import Content, gather
from results.tables.formats import html_environment

PAGE = "index.html"


def write_page(store: Path, folder: Path) -> tuple[Path, list[str]]:
    """Write `index.html` for a store into `folder`.

    Returns:
        Its path, and a line for each file of the store that was left out.

    Raises:
        StoreError: there is no store, or it has no usable record.
    """
    content = gather(store, store)
    path = folder / PAGE
    write_text(path, render_page(content))
    return path, content.left_out


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
