"""What other code may import, as mkdocstrings shows it: what the page on extending imports and names as specs."""

import ast
import re
from collections import defaultdict

from website.markdown import sections
from website.pages import Pages, SiteError

FOLDER = "reference/api"
OURS = ("bench", "methods", "tasks", "results")
# Where it is there, it is the public door of studies and results, and stands first.
DOOR = "bench.api"
# What reads results without a command, and corpora in a loader of one's own: docs/results.md and docs/corpus.md use them.
READING = {
    "Results": ["results.load", "bench.store.records.Record"],
    "A corpus": ["bench.corpus.storage.reader.Corpus"],
}


def public_names(extending: str) -> dict[str, list[str]]:
    """The names that the page on extending calls public, by the section that imports or names them.

    Raises:
        SiteError: an example of the page is no Python.
    """
    found: dict[str, list[str]] = defaultdict(list)
    known: set[str] = set()
    for title, text in sections(extending):
        named = re.findall(rf"`((?:{'|'.join(OURS)})(?:\.\w+)*\.[A-Z]\w+)`", text)
        for block in re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            named += _imported(block, title)
        for name in named:
            if name not in known:
                known.add(name)
                found[title or "Specs"].append(name)
    return dict(found)


def _imported(block: str, title: str) -> list[str]:
    try:
        body = ast.parse(block).body
    except SyntaxError as error:
        raise SiteError(f"docs/extending.md, {title}: an example is no Python: {error}") from None
    return [
        f"{line.module}.{name.name}"
        for line in body
        if isinstance(line, ast.ImportFrom) and str(line.module).partition(".")[0] in OURS
        for name in line.names
    ]


def add_api(pages: Pages) -> list[str]:
    """A page for each door and one that lists them; returns their paths, the list first."""
    extending = (pages.root / "docs" / "extending.md").read_text(encoding="utf-8")
    groups = {**READING, **public_names(extending)}
    if (pages.root / "bench" / "api.py").is_file():
        groups = {"Python": [DOOR], **groups}
    index, paths = f"{FOLDER}/index.md", []
    lines = [
        (
            "# Python interface\n\nWhat code of yours may import; all else may change without notice. "
            "[Extending](//docs/extending.md) has an example package for each door.\n"
        )
    ]
    for title, names in groups.items():
        path = f"{FOLDER}/{re.sub(r'[^a-z]+', '-', title.lower()).strip('-')}.md"
        shown = [f"::: {name}\n    options:\n      heading_level: {1 if name == DOOR else 2}\n" for name in names]
        pages.add(path, "\n".join([f"# {title}\n", *shown]))
        lines.append(f"- [{title}](/{path}): {', '.join(f'`{name}`' for name in names)}")
        paths.append(path)
    pages.add(index, "\n".join(lines) + "\n")
    return [index, *paths]
