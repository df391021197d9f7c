"""From the repository to a checked site: gather the pages, write their sources, render them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from bench import __version__
from website.front import add_front, add_quick_start
from website.lists import add_boards, add_decisions, add_reports, add_tutorials
from website.pages import Pages, SiteError
from website.reference.api import add_api
from website.reference.commands import add_commands
from website.reference.data import add_data_sets, add_land_cover, add_weights
from website.reference.models import add_options, add_records, add_study_keys
from website.reference.protocols import add_protocols
from website.reference.registered import add_registered

ROOT = Path(__file__).resolve().parent.parent
ASSETS = Path(__file__).parent / "assets"
# Pages of `docs/` that are no decision and no report, by the tab that they stand in; a new page must be put into one.
DOCS = {
    "how-to": ["installing", "how-to/own-data", "how-to/own-weights", "how-to/cluster",
               "how-to/publish-results", "tracking", "paper", "data", "data-sets", "corpus", "extending", "releasing"],
    "reference": ["studies", "command-line", "api", "methods", "tasks", "store"],
    "explanation": ["architecture", "trust", "results", "performance", "landscape", "roadmap"],
}  # fmt: skip

# A file that the renderer writes, by which a folder is known for a site that may be replaced.
MARK = "search.json"

Nav = list[Any]


def gather(root: Path, work: Path) -> tuple[Pages, Nav]:
    """All pages and the navigation.

    Args:
        root: of the repository.
        work: a folder for pictures that are drawn.

    Raises:
        SiteError: a page of `docs/` stands in no tab.
    """
    pages = Pages(root)
    taken = {tab: [_take(pages, tab, name) for name in names] for tab, names in DOCS.items()}
    project = [("README.md", "project/readme.md"), ("CONTRIBUTING.md", "project/contributing.md"),
               ("CHANGELOG.md", "project/changelog.md"), ("LICENSE", "project/licence.md")]  # fmt: skip
    quick, long = add_quick_start(pages), _take(pages, "start", "quick-start")
    for file in sorted((root / "docs" / "images").iterdir()):
        pages.copy(f"pictures/{file.name}", file)
    for name, path in project:
        text = (root / name).read_text(encoding="utf-8")
        pages.take(path, root / name, f"# Licence\n\n```text\n{text}\n```\n" if name == "LICENSE" else text)
    for file in sorted((root / "docs").glob("*.svg")):
        for folder in {Path(path).parent for paths in taken.values() for path in paths}:
            pages.copy(f"{folder.as_posix()}/{file.name}", file)
    tutorials = add_tutorials(pages, work)
    decisions, reports = add_decisions(pages), add_reports(pages)
    commands, protocols, api = add_commands(pages), add_protocols(pages), add_api(pages)
    keys, options, records = add_study_keys(pages), add_options(pages), add_records(pages)
    names, data, cover, weights = add_registered(pages), add_data_sets(pages), add_land_cover(pages), add_weights(pages)
    boards, front = add_boards(pages), add_front(pages, work)
    calibration = "findings/calibration.md"
    nav: Nav = [
        {"Start": [front, quick, long, {"Tutorials": tutorials}]},
        {"How to": taken["how-to"]},
        {"Reference": [
            *taken["reference"],
            {"Commands": commands},
            {"Keys and options": [keys, *options, protocols[1], records]},
            {"Protocols": [protocols[0], *({Path(each).stem: each} for each in protocols[2:])]},
            {"Names, data and terms": [names, data, cover, weights]},
            {"Python interface": api},
        ]},
        {"Explanation": [*taken["explanation"], {"Calibration": calibration}, {"Decisions": decisions}]},
        {"Findings": [path for path in reports if path != calibration]},
        {"Boards": [boards]},
        {"Project": [path for _, path in project]},
    ]  # fmt: skip
    _refuse_forgotten(pages)
    return pages, nav


def _take(pages: Pages, tab: str, name: str) -> str:
    path = f"{tab}/{name.removeprefix('how-to/')}.md"
    pages.take(path, pages.root / "docs" / f"{name}.md")
    return path


def _refuse_forgotten(pages: Pages) -> None:
    for file in sorted((pages.root / "docs").rglob("*.md")):
        if file not in pages.places:
            raise SiteError(f"{file.relative_to(pages.root)} stands in no tab: put it into DOCS of website/build.py")


def settings(nav: Nav, root: Path) -> dict[str, Any]:
    """The renderer's settings, in the words of MkDocs."""
    return {
        "site_name": "geokr-bench",
        "site_description": "Compares ways of pretraining networks for remote sensing.",
        "docs_dir": "sources",
        "site_dir": "site",
        "copyright": f"geokr-bench {__version__}. Numbers of the demo are of a synthetic world.",
        "use_directory_urls": False,
        "strict": True,
        "theme": {
            "name": "material",
            "font": False,
            "icon": {"logo": "lucide/satellite"},
            "favicon": "assets/favicon.svg",
            "features": ["navigation.tabs", "navigation.indexes", "navigation.top", "toc.follow", "content.code.copy"],
            "palette": [
                {
                    "media": f"(prefers-color-scheme: {word})",
                    "scheme": scheme,
                    "primary": "white" if word == "light" else "black",
                    "toggle": {"icon": icon, "name": f"Switch to {other} colours"},
                }
                for word, scheme, icon, other in (
                    ("light", "default", "lucide/moon", "dark"),
                    ("dark", "slate", "lucide/sun", "light"),
                )
            ],
        },
        "extra_css": ["assets/site.css"],
        "extra_javascript": ["assets/reach.js"],
        # Browsers refuse workers to pages of a disk, and the search is one; this stands in, from the folder itself.
        "extra": {"homepage": "index.html", "polyfills": ["assets/iframe-worker.js"], "generator": False},
        "plugins": [
            "search",
            "offline",
            {"mkdocstrings": {"handlers": {"python": {
                "paths": [str(root)],
                "options": {
                    "docstring_style": "google",
                    "show_source": False,
                    "show_root_heading": True,
                    "show_root_full_path": True,
                    "show_bases": True,
                    "show_signature_annotations": True,
                    "separate_signature": True,
                    "members_order": "source",
                    "filters": ["!^_"],
                },
            }}}},
        ],
        "markdown_extensions": [
            "admonition",
            "attr_list",
            "md_in_html",
            "tables",
            "sane_lists",
            {"toc": {"permalink": True, "toc_depth": 3}},
            {"pymdownx.highlight": {"anchor_linenums": False}},
            "pymdownx.superfences",
        ],
        "validation": {"links": {"not_found": "warn", "anchors": "warn"}},
        "nav": nav,
    }  # fmt: skip


def write_sources(folder: Path, root: Path = ROOT) -> None:
    """Write the settings and all sources, ready to be rendered, into a folder.

    Raises:
        SiteError: the folder holds sources of another time, of which some may have gone.
    """
    if (folder / "sources").exists():
        raise SiteError(f"{folder} holds sources already: name a new folder")
    pages, nav = gather(root, folder / "drawn")
    pages.write(folder / "sources")
    shutil.copytree(ASSETS, folder / "sources" / "assets", dirs_exist_ok=True)
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings(nav, root), sort_keys=False), encoding="utf-8")


def render(folder: Path, out: Path) -> None:
    """Render the sources of a folder.

    Raises:
        SiteError: the renderer is not installed or warned of something, or `out` is a folder of other things.
    """
    program = Path(sys.executable).with_name("zensical")
    if not program.exists():
        raise SiteError("the site's renderer is not installed: uv pip install -e '.[docs]'")
    call = [str(program), "build", "--strict", "--clean", "--config-file", "mkdocs.yml"]
    quiet = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False, env=quiet)  # noqa: S603
    if done.returncode:
        raise SiteError(f"the renderer warned of something, and warnings are errors:\n{done.stdout}{done.stderr}")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise SiteError(f"{out} holds other things than a site: name an empty folder, or a new one")
    shutil.rmtree(out, ignore_errors=True)
    # It links from the root of a server, which this folder need not be.
    shutil.copytree(folder / "site", out, ignore=shutil.ignore_patterns("404.html"))
