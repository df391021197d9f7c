"""The report: tables as CSV, figures as PNG, and a page that shows them together."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment

from bench.core import files
from bench.corpus.landcover.footprints import LandCover
from bench.corpus.report.analysis import Change, Row, by_band, by_class, by_reason, by_repeat, by_source, compare_epochs
from bench.corpus.storage.reader import Corpus

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Corpus {{ corpus.hash }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1050px; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; margin: .5em 0 1.5em } th, td { padding: .2em .8em; border-bottom: 1px solid #ddd }
td + td, th + th { text-align: right } img { max-width: 100% } h2 { margin-top: 2em } .note { color: #666 }
</style></head><body>
<h1>Corpus {{ corpus.hash }}</h1>
<p>{{ "{:,}".format(corpus|length) }}{{ " synthetic" if corpus.synthetic }} tiles of {{ corpus.size }} x {{ corpus.size }} pixels, overlap {{ m.overlap }},
bands {{ m.bands }}, stretch {{ m.stretch }}.
Land cover: {{ m.land_covers|map(attribute="title")|join("; ") or "none" }}.
{% if m.images and m.images.left_out %}{{ "{:,}".format(m.images.left_out) }} images were left out by a list.{% endif %}
{% if m.maps %}Every tile has a map.{% endif %}
{% if m.product and (m.controls or not m.images) %}Controls: {% for name, entry in m.controls.items() %}{{ name }} ({{ entry.missing }} tiles without)
{{- "" if loop.last else ", " }}{% else %}none{% endfor %}.{% endif %}</p>
{% for note in m.history %}<p class="note">Made by: {{ note }}</p>{% endfor %}
{% for part in parts %}<h2>{{ part.title }}</h2>
{% if part.image %}<p><img src="{{ part.image }}" alt="{{ part.title }}"></p>{% endif %}
{% if part.rows %}<table><tr>{% for name in part.rows[0] %}<th>{{ name }}</th>{% endfor %}</tr>
{% for row in part.rows %}<tr>{% for value in row.values() %}<td>{{ value }}</td>{% endfor %}</tr>{% endfor %}</table>
{% endif %}{% if part.note %}<p class="note">{{ part.note }}</p>{% endif %}{% endfor %}
{% if warnings %}<h2>Warnings</h2><ul>{% for warning in warnings %}<li>{{ warning }}</li>{% endfor %}</ul>{% endif %}
{% if m.skipped %}<h2>Scenes or images that could not be used</h2><ul>{% for why in m.skipped.values() %}<li>{{ why }}</li>{% endfor %}</ul>{% endif %}
</body></html>
"""


def write_report(
    corpus: Corpus,
    out: Path,
    covers: Mapping[int, LandCover] | None = None,
    other: LandCover | None = None,
    other_name: str | None = None,
) -> Path:
    """Write the paper's analyses of a corpus into a folder.

    Args:
        corpus: the corpus.
        out: folder to write; files in it of the same names are replaced.
        covers: the rasters the corpus was built from by their number among `Manifest.land_covers`, for the sheet of
            tiles beside their land cover (Fig. 5).
        other: another epoch, for the table of changes (Table III, Fig. 4).
        other_name: name of that epoch, where its product has no years.

    Returns:
        The page.

    Raises:
        CorpusError: a raster cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    parts = [*_facts(corpus, out), *_places(corpus, out)]
    if corpus.has_landcover and other is not None:
        parts.append(_epochs(corpus, other, other_name, out))
    if corpus.has_landcover and (covers or corpus.manifest.maps):
        parts.append(_examples(corpus, covers or {}, out))
    for part in parts:
        if part.rows:
            files.write_text(out / f"{part.name}.csv", _csv(part.rows))
    page = Environment(autoescape=True).from_string(PAGE)
    warnings = [warning for scene in corpus.manifest.scenes for warning in scene.warnings]
    files.write_text(out / "index.html", page.render(corpus=corpus, m=corpus.manifest, parts=parts, warnings=warnings))
    return out / "index.html"


@dataclass(frozen=True)
class _Part:
    """One analysis: a table, which is a CSV file of its name too, a figure that lies in the folder, and a note."""

    name: str
    title: str
    rows: list[Row] | None = None
    image: str | None = None
    note: str = ""


def _facts(corpus: Corpus, out: Path) -> Iterator[_Part]:
    """What the tiles are: sources, classes, what was left out, equal pixels and values."""
    from bench.corpus.report.figures import draw_classes

    yield _Part("sources", "Tiles by source (Table I)", by_source(corpus))
    if corpus.has_landcover:
        draw_classes(corpus, out / "classes.png")
        yield _Part("classes", "Tiles by dominant class (Table II, Fig. 3)", by_class(corpus), "classes.png")
    yield _Part("rejected", "Left out, by reason", by_reason(corpus))
    if repeated := by_repeat(corpus):
        yield _Part("equal", "Tiles with equal pixels", repeated)
    yield _Part("bands", "Values by band, in [0, 1]", by_band(corpus))


def _places(corpus: Corpus, out: Path) -> Iterator[_Part]:
    """Where the tiles lie; pictures of those that have no place on the Earth."""
    from bench.corpus.report.figures import draw_map, draw_pictures

    placed = np.isfinite(corpus.index["lon"])
    if placed.any():
        draw_map(corpus, out / "map.png")
        yield _Part("map", "Where the tiles lie", image="map.png")
    if not placed.all():
        draw_pictures(corpus, out / "tiles.png")
        note = f"{np.count_nonzero(~placed):,} tiles are of images without a place on the Earth."
        yield _Part("tiles", "Tiles of each source", image="tiles.png", note=note)


def _epochs(corpus: Corpus, other: LandCover, other_name: str | None, out: Path) -> _Part:
    """Land cover of the corpus beside that of another epoch."""
    from bench.corpus.report.figures import draw_change

    change = _change(corpus, other, other_name)
    draw_change(change, out / "change.png")
    note = (
        f"Mean proportions over {change.tiles:,} tiles that have land cover in both epochs. The dominant class "
        f"differs in {change.changed:.2%} of them (the paper says about 5%)."
    )
    summary: list[Row] = [{"tiles": change.tiles, "dominant_class_changed": round(change.changed, 6)}]
    files.write_text(out / "change_of_dominant_class.csv", _csv(summary))
    rows = change.rows(corpus.classes)
    return _Part("change", "Land cover in two epochs (Table III, Fig. 4)", rows, "change.png", note)


def _examples(corpus: Corpus, covers: Mapping[int, LandCover], out: Path) -> _Part:
    """Tiles beside the land cover that they were given."""
    from bench.corpus.report.figures import draw_examples

    draw_examples(corpus, covers, out / "examples.png")
    note = _not_shown(corpus, covers) if covers else ""
    return _Part("examples", "Tiles beside their land cover (Fig. 5)", image="examples.png", note=note)


def _not_shown(corpus: Corpus, covers: Mapping[int, LandCover]) -> str:
    """Which land covers of the corpus are missing on the sheet of examples; empty where none is."""
    entries = corpus.manifest.land_covers
    missing = [entry.title for number, entry in enumerate(entries) if number not in covers]
    return f"Without the tiles over {' and '.join(missing)}, whose rasters were not given." if missing else ""


def _change(corpus: Corpus, other: LandCover, other_name: str | None) -> Change:
    ours = str(corpus.manifest.epoch or "corpus")
    theirs = other_name or str(other.epoch or "other")
    first = ours.isdecimal() and theirs.isdecimal() and int(theirs) < int(ours)
    before, after = (theirs, ours) if first else (ours, theirs)
    return compare_epochs(corpus, other, before, after, other_is_first=first)


def _csv(rows: list[Row]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
