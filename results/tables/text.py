"""Making names harmless: method and data set names come from users and from other packages.

Invisible and direction-changing characters are spelled out in every format (a right-to-left override in a name would
otherwise reorder the numbers behind it); what else is special depends on the format.
"""

import html
import re

from bench.core.texts import visible

__all__ = ["latex", "markdown", "spreadsheet", "value", "visible"]

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "-": r"{-}",  # no ligature of -- and ---
    "[": "{[}",  # else an option of the line break before it
    "]": "{]}",
    "*": "{*}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "±": r"$\pm$",
    "—": "---",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\textsection{}",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$#])")
# OWASP, "CSV Injection": a cell that starts so is run as a formula by common spreadsheets, full-width forms included.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
# Where a spreadsheet of many countries takes a semicolon for the end of a cell, another begins behind it.
_BEHIND = re.compile(f"(;[\\s\"']*)(?=[{re.escape(''.join(_FORMULA))}])")
_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?( ?% ?)?( (to|±) [+-]?[\d.,]+)*")


def latex(text: str) -> str:
    """Escape for LaTeX with T1 fonts and textcomp; characters beyond Latin-1 are spelled out, as pdfTeX has no glyph."""
    known = "".join(char if ord(char) < 256 or char in _LATEX else f"[U+{ord(char):04X}]" for char in visible(text))
    return "".join(_LATEX.get(char, char) for char in known)


def markdown(text: str) -> str:
    """Escape for a cell of a GitHub-flavoured Markdown table."""
    return _MARKDOWN.sub(r"\\\1", html.escape(visible(text), quote=False))


def spreadsheet(text: str) -> str:
    """Keep a spreadsheet from running a name as a formula, by an apostrophe before what would begin one."""
    shown = _BEHIND.sub(r"\1'", visible(text))
    return f"'{shown}" if shown.lstrip(" \"'").startswith(_FORMULA) else shown


def value(text: str) -> str:
    """A cell of a table that should hold a number, which may be negative: what is none is a name."""
    return text if _NUMBER.fullmatch(text) else spreadsheet(text)
