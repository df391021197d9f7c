"""What other code may import, as mkdocstrings shows it: what the page on extending imports and names as specs."""

import ast
import re
from collections import defaultdict

import bench
from website.markdown import sections
from website.pages import Pages, SiteError

FOLDER = "reference/api"
OURS = ("bench", "methods", "tasks", "results")
# What a study's results are read from without a command: docs/results.md uses them.
RECORDS = ["results.load", "bench.store.records.Record"]


def offered(package: str) -> list[str]:
    """Where each name is defined that `import bench as gb` offers, from the source of the package, which imports it late."""
    imports = [line for line in ast.walk(ast.parse(package)) if isinstance(line, ast.ImportFrom)]
    homes = {name.name: f"{line.module}.{name.name}" for line in imports for name in line.names}
    return [homes[name] for name in bench.__all__ if name in homes]


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
    package = (pages.root / "bench" / "__init__.py").read_text(encoding="utf-8")
    groups = {"import bench as gb": offered(package), "Records": RECORDS, **public_names(extending)}
    index, paths = f"{FOLDER}/index.md", []
    lines = [
        (
            "# Python interface\n\nWhat code of yours may import; all else may change without notice. "
            "[From Python](//docs/api.md) shows "
            "the first at work, [extending](//docs/extending.md) has an example package for each door.\n"
        )
    ]
    for title, names in groups.items():
        path = f"{FOLDER}/{re.sub(r'[^a-z]+', '-', title.lower()).strip('-')}.md"
        shown = [f"::: {name}\n    options:\n      heading_level: 2\n" for name in names]
        pages.add(path, "\n".join([f"# {title}\n", *shown]))
        lines.append(f"- [{title}](/{path}): {', '.join(f'`{name}`' for name in names)}")
        paths.append(path)
    pages.add(index, "\n".join(lines) + "\n")
    return [index, *paths]
