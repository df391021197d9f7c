"""A paper's parts from a store: tables, figures, appendix, checklist and references, and a document that inputs all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from markupsafe import Markup

from bench.core.files import write_bytes, write_text
from bench.store.designs import Sheet
from bench.store.records import Record
from results.answers import Answers, primary_among, render
from results.figures import draw
from results.paper import appendix, checklist
from results.paper.figures import CAPTIONS, WIDTHS, as_pdf, caption_of
from results.paper.references import Library
from results.paper.tables import columns, score_tables
from results.tables.formats import latex_cell, latex_environment
from results.tables.layout import TextGrid


@dataclass(frozen=True)
class Data:
    """What a registry says of a data set, a corpus or published weights; '?' where it is not known."""

    name: str
    kind: str
    licence: str
    citation: str = ""
    source: str = ""


@dataclass(frozen=True)
class Known:
    """What the records do not say.

    Attributes:
        title: of the document.
        command: what makes it again.
        methods: reference of each registered method that the records name.
        networks: reference of each network.
        data: data sets, corpora and weights with their licences.
        protocols: by id, each value with its source; what was said of one whose file is another by now.
        sheets: tables of the studies' design sheets.
    """

    title: str
    command: str
    methods: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    data: tuple[Data, ...] = ()
    protocols: Mapping[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    sheets: tuple[Sheet, ...] = ()


def write_paper(
    store: Path, found: Answers, shown: pd.DataFrame, records: list[Record], known: Known, folder: Path
) -> list[Path]:
    """Write all parts; return their paths, `main.tex` first.

    Args:
        store: the store, or a folder of committed records.
        found: answers of all its records.
        shown: the records that the paper is about.
        records: the same as they are kept.
        known: what they do not say.
        folder: where the files go.
    """
    library = Library()
    cited = _cited(known, library)
    tables = {name: (title, text) for name, title, text in score_tables(shown, found.comparisons)}
    texts = {f"tables/{name}.tex": text for name, (_, text) in tables.items()}
    parts = {
        "methods": [appendix.methods(shown, cited)],
        "options": appendix.options(shown),
        "protocols": appendix.protocols(shown, known.protocols),
        "compute": [appendix.compute(records, shown), appendix.machines(records)],
        "licences": [appendix.licences([(each, cited.get(each.name, "")) for each in known.data])],
        "seeds": [appendix.seeds(shown)],
    }
    texts |= {f"appendix/{name}.tex": _grids(grids) for name, grids in parts.items()}
    texts["checklist.tex"] = _grids([checklist.grid(store, found, shown, records, known.data)])
    texts["verdicts.tex"] = render(found, primary_among(found, shown), "latex") + "\n"
    texts["references.bib"] = library.bibtex()
    texts["preamble.tex"] = _template("preamble.tex")
    paths = _write_figures(shown, found.comparisons, folder / "figures")
    figures = [(path.stem, caption) for path, caption in paths.items() if path.stem.endswith(f"-{WIDTHS[-1]}")]
    texts["main.tex"] = _template(
        "main.tex",
        title=known.title,
        command=known.command,
        tables=[(Markup(name), title) for name, (title, _) in tables.items()],  # noqa: S704 - as below
        figures=[(Markup(name), caption) for name, caption in figures],  # noqa: S704 - letters, digits and dashes
        appendix=list(parts),
        references=bool(library.entries),
    )
    for name, text in texts.items():
        write_text(folder / name, text)
    write_text(folder / "seeds.csv", appendix.seeds_csv(shown))
    return [
        folder / "main.tex",
        *(folder / name for name in sorted(texts) if name != "main.tex"),
        folder / "seeds.csv",
        *paths,
    ]


def _cited(known: Known, library: Library) -> dict[str, str]:
    """LaTeX by name of a method, network or data set: citations, and the words of what is no citation."""
    texts = {**known.methods, **known.networks, **{each.name: each.citation for each in known.data}}
    return {name: library.cite(text) for name, text in texts.items() if text}


def _write_figures(shown: pd.DataFrame, comparisons: pd.DataFrame, folder: Path) -> dict[Path, str]:
    found = {}
    for name, figure in draw(shown, comparisons, ends=True).items():
        if name.partition("-")[0] not in CAPTIONS:
            continue
        caption = caption_of(name, figure)
        # Names beside two panels leave no room for marks in one column.
        for width in WIDTHS[1:] if len(figure.axes) > 1 else WIDTHS:
            path = folder / f"{name}-{width}.pdf"
            write_bytes(path, as_pdf(figure, width))
            found[path] = caption
    return found


def _grids(grids: list[TextGrid]) -> str:
    return _template("grids.tex", grids=grids, cell=latex_cell, columns=columns)


def _template(name: str, **values: object) -> str:
    return latex_environment().get_template(f"paper/{name}").render(**values)
