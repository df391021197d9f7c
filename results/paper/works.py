"""Published works in full, from `works.yaml`, found by what a short citation says of them.

A short citation means a work where the first author's surname is the work's, the year, if it gives one, is too, and
either the arXiv number is or its title is the work's title or one of its `cited_as`. A venue alone means no work.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

_FILE = Path(__file__).with_name("works.yaml")


class Work(BaseModel):
    """One work, as its source prints it.

    Attributes:
        authors: all of them, each "Family, Given".
        title: the whole title.
        year: of the journal or the meeting, else of the preprint.
        journal, booktitle: where it was published; neither for a preprint.
        volume, number: of the journal.
        pages: first and last with a dash, or the number of the article.
        doi: without the address of a resolver.
        arxiv: its number, `2006.07733`.
        cited_as: short titles.
        seen: the public sources in which the fields were read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    authors: tuple[str, ...] = Field(min_length=1)
    title: str = Field(min_length=1)
    year: int = Field(ge=1900, le=2100)
    journal: str = ""
    booktitle: str = ""
    volume: str = ""
    number: str = ""
    pages: str = Field("", pattern=r"^(\d+(-\d+)?)?$")
    doi: str = Field("", pattern=r"^(10\.\d{4,}/[\w.()/-]+)?$")
    arxiv: str = Field("", pattern=r"^(\d{4}\.\d{4,5})?$")
    cited_as: tuple[str, ...] = ()
    seen: str = Field(min_length=1)

    @property
    def kind(self) -> str:
        """The type of the entry in BibTeX."""
        return "article" if self.journal else "inproceedings" if self.booktitle else "misc"

    def means(self, author: str, title: str, year: str, arxiv: str) -> bool:
        """Whether a short citation means this work.

        Args:
            author: the first author, or the surname.
            title: of the citation; empty where it has none.
            year: empty where it gives none.
            arxiv: number; empty where it gives none.
        """
        if surname(author) != surname(self.authors[0]) or year not in {"", str(self.year)}:
            return False
        if arxiv:
            return arxiv == self.arxiv
        return bool(year) and _words(title) in {_words(each) for each in (self.title, *self.cited_as)}


@cache
def works() -> tuple[Work, ...]:
    """All works of the file."""
    return tuple(Work.model_validate(each) for each in yaml.safe_load(_FILE.read_text(encoding="utf-8")))


def find(author: str, title: str, year: str, arxiv: str) -> Work | None:
    """The work that a short citation means; None where the file has none."""
    return next((work for work in works() if work.means(author, title, year, arxiv)), None)


def surname(author: str) -> str:
    """The last word of a family name in plain small letters: `zamir` of "Waqas Zamir, Syed" and of "Waqas Zamir"."""
    last = author.partition(",")[0].split()[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z]", "", plain)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.casefold()))
