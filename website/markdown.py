"""Markdown as it is written for the repository, made fit for a renderer that is not GitHub's; and pieces of new pages."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

FENCE = re.compile(r"^\s*(```+|~~~+)")
ITEM = re.compile(r"^(?:[-*+]|\d+[.)]) ")
# The target of an inline link or image; addresses with a scheme are left alone.
TARGET = re.compile(r"(?<=\]\()(?![a-z][a-z+.-]*:)([^)\s#]*)(#[^)\s]*)?(?=[)\s])")
CODE = re.compile(r"`+[^`]*`+")
HEADING = re.compile(r"^(#{1,6}) +(.*?)\s*#*$")


def outside_code(text: str) -> Iterator[tuple[bool, str]]:
    """Lines, each with whether it is prose: not a line of fenced code, nor the fence itself."""
    fence = ""
    for line in text.splitlines():
        found = FENCE.match(line)
        if fence:
            fence = "" if found and line.strip().startswith(fence) and not line.strip().strip(fence[0]) else fence
            yield False, line
        elif found:
            fence = found[1]
            yield False, line
        else:
            yield True, line


def with_links(text: str, change: Callable[[str, str], str]) -> str:
    """A text whose links' targets are changed.

    Args:
        text: of a page.
        change: from a target and its anchor, with `#` or empty, to what stands there instead.
    """
    return "\n".join(_line_with_links(line, change) if prose else line for prose, line in outside_code(text)) + "\n"


def _line_with_links(line: str, change: Callable[[str, str], str]) -> str:
    code = [found.span() for found in CODE.finditer(line)]

    def changed(found: re.Match[str]) -> str:
        inside = any(start <= found.start() < end for start, end in code)
        return found[0] if inside else change(found[1], found[2] or "")

    return TARGET.sub(changed, line)


def with_wide_lists(text: str) -> str:
    """A text whose lists are indented by four spaces a level, as Python-Markdown wants it, and not by their marks."""
    lines: list[str] = []
    offsets: list[int] = []  # where the text of each open item begins
    shift, in_code = 0, False
    for prose, line in outside_code(text):
        bare = line.lstrip(" ")
        if bare and (prose or not in_code):
            indent = len(line) - len(bare)
            while offsets and indent < offsets[-1]:
                offsets.pop()
            more = indent - offsets[-1] if offsets else indent
            shift = 4 * len(offsets) + (0 if offsets and more < 2 else more) - indent
            mark = ITEM.match(bare) if prose else None
            if mark:
                offsets.append(indent + len(mark[0]))
        in_code = not prose
        kept = len(line) - len(bare) + shift
        lines.append(" " * kept + bare if bare else "")
    return "\n".join(lines) + "\n"


def title_of(text: str) -> str:
    """The first heading of the first level; empty where there is none."""
    for prose, line in outside_code(text):
        found = HEADING.match(line)
        if prose and found and found[1] == "#":
            return found[2]
    return ""


def summary_of(text: str) -> str:
    """The first sentence of a page's prose."""
    paragraphs = re.split(r"\n\s*\n", "\n".join(line for prose, line in outside_code(text) if prose))
    for paragraph in paragraphs:
        if paragraph.strip() and not paragraph.lstrip().startswith(("#", "|", "-", ">", "<", "!")):
            words = re.sub(r"^\*\*\w+\.\*\* ", "", " ".join(paragraph.split()))
            return re.match(r".*?[.:](?= |$)|.*", words)[0].rstrip(":")  # type: ignore[index]  # it always matches
    return ""


def sections(text: str) -> list[tuple[str, str]]:
    """Headings of the second level and the text below each, up to the next; what stands before the first has none."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for prose, line in outside_code(text):
        heading = HEADING.match(line)
        if prose and heading and heading[1] == "##":
            found.append((heading[2], []))
        else:
            found[-1][1].append(line)
    return [(title, "\n".join(lines)) for title, lines in found]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown on one line."""
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(' '.join(cell.split()) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def code(text: object) -> str:
    """A text in the letters of code, safe in a table."""
    return f"<code>{plain(str(text))}</code>" if str(text) else ""


def plain(text: str) -> str:
    """A text none of whose characters means anything to Markdown or HTML; code between backticks stays code."""
    return "".join(
        f"<code>{_inert(part.strip('`'))}</code>" if part.startswith("`") else _inert(part)
        for part in re.split(r"(`[^`]+`)", text)
    )


def _inert(text: str) -> str:
    return re.sub(r"[|*_\[\]\\`]", lambda found: f"&#{ord(found[0])};", escape(text, quote=False))
