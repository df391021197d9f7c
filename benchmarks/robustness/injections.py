"""What a text would do that is shown: read as a spreadsheet, a page, Markdown, LaTeX, a figure and a terminal read it.

Each check returns what is wrong, a line each; nothing where a name has stayed a name.
"""

import csv
import io
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

# What a spreadsheet takes for a formula, and numbers, which may be negative.
FORMULA = re.compile(r"^[\s\"]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
NUMBER = re.compile(r"^[+-]?[\d.]+(e[+-]?\d+)?$")
# Tags that our Markdown makes: of tables, emphasis, lists, headings, code and our own plots.
TAGS = set("table thead tbody tr th td p em strong u sup ul li h1 h2 h3 code pre img".split())  # noqa: SIM905
# LaTeX commands of our tables and texts, and those that characters of names become.
COMMANDS = set(
    """
    documentclass usepackage newcolumntype raggedright arraybackslash begin end caption toprule midrule bottomrule
    endhead resizebox ifdim width textwidth else fi textbf underline textsuperscript centering item noindent
    footnotesize pm small par medskip bigskip textbackslash textasciitilde textasciicircum textless textgreater
    textbar textquotedbl textasciigrave textquotesingle textdagger textdaggerdbl textsection linewidth clearpage
    """.split()  # noqa: SIM905
)


class _Tags(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def _acts(attributes: dict[str, str | None]) -> bool:
    """Whether a tag has a handler, or an address that is a program; a word such as `script` in a name is neither."""
    return any(
        name.startswith("on") or re.match(r"[\s\0]*(javascript|vbscript):", value or "", re.IGNORECASE)
        for name, value in attributes.items()
    )


def check_csv(text: str) -> list[str]:
    """Cells that a spreadsheet would run, whichever of three signs ends a cell."""
    found = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    found += [cell for line in text.splitlines() for end in (";", "\t") for cell in line.split(end)[1:]]
    return [f"a cell begins with {cell[:20]!r}" for cell in found if FORMULA.match(cell) and not NUMBER.match(cell)]


def check_markdown(text: str) -> list[str]:
    """Tags and addresses that a page made of the Markdown would have beside ours."""
    from markdown_it import MarkdownIt

    tags = _Tags()
    tags.feed(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    return [
        f"a page has <{tag} {attributes}>"
        for tag, attributes in tags.found
        if tag not in TAGS or _acts(attributes) or (tag == "img" and ":" in str(attributes.get("src")))
    ]


def check_page(text: str) -> list[str]:
    """Scripts beside the page's own two, handlers, and images that are fetched."""
    tags = _Tags()
    tags.feed(text)
    scripts = sum(tag == "script" for tag, _ in tags.found)
    bad = [
        f"<{tag} {attributes}>"
        for tag, attributes in tags.found
        if _acts(attributes) or (tag == "img" and not str(attributes.get("src", "data:")).startswith("data:"))
    ]
    return [*bad, *([f"{scripts} scripts"] if scripts != 2 else [])]


def check_latex(text: str) -> list[str]:
    r"""Commands of names: ours are known, and a name's backslash is `\textbackslash`."""
    return [f"LaTeX has \\{each}" for each in sorted(set(re.findall(r"\\([A-Za-z]+)", text)) - COMMANDS)] + [
        "LaTeX has ^^" for _ in re.findall(r"\^\^", text)[:1]
    ]


def check_terminal(text: str) -> list[str]:
    """Characters that a terminal would act on, or that turn text round."""
    unseen = {c for c in text if unicodedata.category(c) in {"Cc", "Cf"} and c not in "\n\u200a"}
    return [f"a terminal is sent U+{ord(c):04X}" for c in sorted(unseen)]


def check_svg(file: Path) -> list[str]:
    """Scripts, handlers and links of a figure."""
    tags = _Tags()
    tags.feed(file.read_text())
    return [
        f"{file.name} has <{tag}>"
        for tag, attributes in tags.found
        if tag in {"script", "foreignobject", "a"}
        or _acts(attributes)
        # A heat map is a picture within the figure.
        or (tag == "image" and not str(attributes.get("xlink:href")).startswith("data:image/png;base64,"))
    ]
