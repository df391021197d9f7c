"""What a built site must hold: every link and anchor leads somewhere in it, and no page asks anything of a network."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes that make a browser fetch something as the page opens; a link of `<a>` is followed by a reader alone.
FETCHED = {"src", "srcset", "poster", "data"}
CSS_ADDRESS = re.compile(r"""(?:url\(|@import)\s*['"]?((?:https?:)?//[^'")\s]+)""")


@dataclass
class _Page(HTMLParser):
    """Ids, links and fetched addresses of one page."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.ids.add(value)
            elif name == "href":
                (self.links if tag in {"a", "area"} else self.fetched).append(value)
            elif name in FETCHED:
                self.fetched.append(value)


def faults(site: Path) -> list[str]:
    """A line for each link that leads nowhere and each address off the folder that a page would fetch."""
    pages = {file: _read(file) for file in sorted(site.rglob("*.html"))}
    found = []
    for file, page in pages.items():
        name = file.relative_to(site)
        found += [f"{name}: {fault}" for link in page.links if (fault := _broken(site, file, link, pages))]
        for address in page.fetched:
            if _outside(address):
                found.append(f"{name}: fetches {address}")
            elif fault := _broken(site, file, address, pages):
                found.append(f"{name}: {fault}")
    for sheet in sorted(site.rglob("*.css")):
        found += [
            f"{sheet.relative_to(site)}: fetches {each}" for each in CSS_ADDRESS.findall(sheet.read_text("utf-8"))
        ]
    return sorted(set(found))


def count_links(site: Path) -> tuple[int, int]:
    """How many pages there are, and how many links within the site they hold."""
    pages = [_read(file) for file in site.rglob("*.html")]
    return len(pages), sum(not _outside(link) for page in pages for link in page.links)


def _read(file: Path) -> _Page:
    page = _Page()
    page.feed(file.read_text(encoding="utf-8"))
    page.close()
    return page


def _outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in {"", "data", "javascript"}


def _broken(site: Path, file: Path, link: str, pages: dict[Path, _Page]) -> str:
    """What is wrong with a link; empty where nothing is, or where it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    if parts.path.startswith("/"):
        return f"{link} begins at the root of a disk or server"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if target.is_dir():
        return f"{link} leads to a folder, which a browser lists and does not open"
    if not target.is_file() or not target.is_relative_to(site.resolve()):
        return f"{link} leads to no file"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and target in pages and anchor not in pages[target].ids | {"__top", "top"}:
        return f"{link} leads to no such anchor"
    return ""
