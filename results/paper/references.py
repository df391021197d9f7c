"""References in BibTeX, from the citations that the registries hold and from nothing else.

A registry cites in words: `Grill et al., BYOL, NeurIPS 2020, arXiv:2006.07733`, several with semicolons between them. What
has an author and a year becomes an entry, with the fields that the words give; nothing is looked up, and no field is
guessed. Other words (`a floor of ours`) stay words.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from results.tables import text

_NAME = r"[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*)?"
_AUTHORS = re.compile(rf"(?P<authors>{_NAME} et al\.|(?:{_NAME}, )*{_NAME} and {_NAME}|{_NAME}),? (?P<rest>.+)")
_ARXIV = re.compile(r"arXiv[: ](?P<id>\d{4}\.\d{4,5})")
_YEAR = re.compile(r"\b(?P<year>(?:19|20)\d\d)\b")


@dataclass(frozen=True)
class Entry:
    """One reference: its key and the fields that are known, not escaped."""

    key: str
    fields: dict[str, str]

    def bibtex(self) -> str:
        """The entry; braces keep BibTeX from changing the case of a title."""
        lines = [f"  {name} = {{{_field(name, value)}}}" for name, value in self.fields.items()]
        return f"@misc{{{self.key},\n" + ",\n".join(lines) + "\n}\n"


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
        first = re.split(r", | and ", fields["author"])[0].split()[-1]
        plain = unicodedata.normalize("NFKD", first).encode("ascii", "ignore").decode().lower()
        base = key = f"{re.sub(r'[^a-z]', '', plain)}{fields.get('year', '')}"
        number = 0
        while key in self.entries:
            number += 1
            key = f"{base}{chr(ord('a') + number)}"
        self.entries[key] = Entry(key, fields)
        self._by_text[words] = key
        return key


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


def _field(name: str, value: str) -> str:
    if name == "author":
        names = [part if part == "others" else f"{{{text.latex(part)}}}" for part in value.split(" and ")]
        return " and ".join(names)
    return f"{{{text.latex(value)}}}" if name == "title" else text.latex(value)
