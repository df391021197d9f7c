"""References in BibTeX: in full where `works.yaml` has the work, else with what the registries' words give.

A registry cites in words: `Grill et al., BYOL, NeurIPS 2020, arXiv:2006.07733`, several with semicolons between them. What
has an author and a year becomes an entry; no field is guessed. Other words (`a floor of ours`) stay words.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from results.paper.works import Work, find, surname
from results.tables import text

_NAME = r"[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*)?"
_AUTHORS = re.compile(rf"(?P<authors>{_NAME} et al\.|(?:{_NAME}, )*{_NAME} and {_NAME}|{_NAME}),? (?P<rest>.+)")
_ARXIV = re.compile(r"arXiv[: ](?P<id>\d{4}\.\d{4,5})")
_YEAR = re.compile(r"\b(?P<year>(?:19|20)\d\d)\b")
# Accents as BibTeX spells them: styles that shorten a name to letters would cut a character of two bytes in half.
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030c": "v", "\u0327": "c"}


@dataclass(frozen=True)
class Entry:
    """One reference: its key, the fields that are known, not escaped, and its type in BibTeX."""

    key: str
    fields: dict[str, str]
    kind: str = "misc"

    def bibtex(self) -> str:
        """The entry; braces keep BibTeX from changing the case of a title."""
        lines = [f"  {name} = {{{_field(name, value)}}}" for name, value in self.fields.items()]
        return f"@{self.kind}{{{self.key},\n" + ",\n".join(lines) + "\n}\n"


@dataclass
class Library:
    """The references of a paper, each once, in the order in which they were cited."""

    entries: dict[str, Entry] = field(default_factory=dict)
    _by_text: dict[str, str] = field(default_factory=dict)

    def cite(self, words: str) -> str:
        r"""LaTeX of a citation in words: `\cite` of what could be read as references, and the other words."""
        keys: list[str] = []
        others: list[str] = []
        for part in filter(None, map(str.strip, words.split(";"))):
            key = self._add(part)
            (keys if key else others).append(key or part)
        shown = [rf"\cite{{{','.join(keys)}}}"] if keys else []
        return "; ".join([*shown, *map(text.latex, others)])

    def bibtex(self) -> str:
        """The file."""
        return "\n".join(entry.bibtex() for entry in self.entries.values())

    def _add(self, words: str) -> str | None:
        known = self._by_text.get(words)
        if known:
            return known
        fields = parse(words)
        if fields is None:
            return None
        work = work_of(fields)
        entry = Entry("", complete(work), work.kind) if work else Entry("", fields)
        alike = (key for key, other in self.entries.items() if work and other.fields == entry.fields)
        key = next(alike, None) or self._free(f"{surname(_first(entry.fields))}{entry.fields.get('year', '')}")
        self.entries[key] = replace(entry, key=key)
        self._by_text[words] = key
        return key

    def _free(self, base: str) -> str:
        """A key that no entry has: the name and year, then with letters from b on."""
        key, number = base, 0
        while key in self.entries:
            number += 1
            key = f"{base}{chr(ord('a') + number)}"
        return key


def work_of(fields: Mapping[str, str]) -> Work | None:
    """The work in full that the fields of a short citation mean; None where `works.yaml` has none."""
    arxiv = _ARXIV.search(fields.get("note", ""))
    return find(_first(fields), fields.get("title", ""), fields.get("year", ""), arxiv["id"] if arxiv else "")


def complete(work: Work) -> dict[str, str]:
    """The fields of an entry in full."""
    fields = {
        "author": " and ".join(work.authors),
        "title": work.title,
        "journal": work.journal,
        "booktitle": work.booktitle,
        "volume": work.volume,
        "number": work.number,
        "pages": work.pages,
        "year": str(work.year),
        "doi": work.doi,
        "note": f"arXiv:{work.arxiv}" if work.arxiv else "",
    }
    return {name: value for name, value in fields.items() if value}


def parse(words: str) -> dict[str, str] | None:
    """The fields of one reference in words; None where no author and year, or author and arXiv number, can be read."""
    found = _AUTHORS.fullmatch(" ".join(words.split()))
    if found is None:
        return None
    rest = found["rest"]
    arxiv = _ARXIV.search(rest)
    parts = [part for part in rest.split(", ") if not _ARXIV.fullmatch(part)]
    dated = [number for number, part in enumerate(parts) if _YEAR.search(part)]
    if not dated and arxiv is None:
        return None
    last = dated[-1] if dated else len(parts)
    venue = _YEAR.sub("", parts[last]).strip() if dated else ""
    year = _YEAR.search(parts[last]) if dated else None
    fields = {"author": _authors(found["authors"])}
    title = ", ".join(parts[:last])
    fields |= {"title": title} if title else {}
    fields |= {"howpublished": venue} if venue else {}
    fields |= {"year": year["year"]} if year else {}
    more = ", ".join(parts[last + 1 :])
    notes = [f"arXiv:{arxiv['id']}"] if arxiv else []
    notes += [more] if more else []
    return fields | ({"note": ", ".join(notes)} if notes else {})


def _authors(words: str) -> str:
    return words.replace(" et al.", " and others").replace(", ", " and ")


def _first(fields: Mapping[str, str]) -> str:
    return fields["author"].split(" and ")[0]


def _field(name: str, value: str) -> str:
    if name == "author":
        return " and ".join(map(_name, value.split(" and ")))
    if name == "doi":
        return value
    if name == "pages":
        return value.replace("-", "--")
    return f"{{{text.latex(value)}}}" if name == "title" else text.latex(value)


def _name(author: str) -> str:
    """A name for BibTeX: "Family, Given" as it is, a lone word or two in braces, which make them one family name."""
    if author == "others":
        return author
    return "".join(map(_letter, author)) if ", " in author else f"{{{text.latex(author)}}}"


def _letter(char: str) -> str:
    parts = unicodedata.normalize("NFD", char)
    base, accent = parts[0], parts[1:]
    if accent in _ACCENTS:
        return f"{{\\{_ACCENTS[accent]}{{{base}}}}}"
    return char if char in "-'" else text.latex(char)
