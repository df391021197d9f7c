"""Path templates such as `{part}/images/{place}_{number:d}.png`, which say what the parts of a file's path mean.

`{field}` is any text within a folder's or a file's name, `{field:d}` digits only; the same field twice is the same text.
`*` is any text that means nothing. Files are matched, never made: a template cannot name a file outside its folder.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from bench.core.errors import DataError
from bench.core.files import is_stray
from tasks.datasets.layout import DEPTH

_FIELD = re.compile(r"\{([a-z][a-z_]*)(:d)?\}")
# A name is tried in all ways that its fields of any text allow: so many are quickly done with, whatever the name.
MOST_FIELDS = 3
MOST_FOLDERS = 8
MOST_FILES = 1_000_000


def check(text: str) -> str:
    """A template as it was written.

    Raises:
        ValueError: it is no template, or one that could take long to match.
    """
    folders = text.split("/")
    if text.startswith("/") or "\\" in text or not {"", ".", ".."}.isdisjoint(folders):
        raise ValueError("write a path below the data set's folder, with / between folders")
    texts = max(sum(not digits for _, digits in _FIELD.findall(each)) + each.count("*") for each in folders)
    if len(folders) > MOST_FOLDERS or texts > MOST_FIELDS:
        raise ValueError(
            f"a template has at most {MOST_FOLDERS} folders, and {MOST_FIELDS} fields or * of text in each"
        )
    if re.search(r"[}*][{*]", text):
        raise ValueError("two fields need something between them that tells where one ends")
    if set(_FIELD.sub("", text)) & set("{}"):
        raise ValueError("a field is written {name}, or {name:d} where it is a number")
    return text


Pattern = Annotated[str, AfterValidator(check)]


@dataclass(frozen=True)
class Found:
    """A file that matched.

    Attributes:
        root: folder that the template begins in, relative to the data set's.
        path: the file.
        below: its path relative to `root`, as a public layout names it.
        fields: what the parts of the path are.
    """

    root: str
    path: Path
    below: str
    fields: dict[str, str]


@dataclass(frozen=True)
class Template:
    """A checked template."""

    text: str

    @cached_property
    def fields(self) -> list[str]:
        """Names of the fields, each once, in order."""
        return list(dict.fromkeys(name for name, _ in _FIELD.findall(self.text)))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        known: set[str] = set()
        parts: list[str] = []
        at = 0
        for match in _FIELD.finditer(self.text):
            name, digits = match.groups()
            parts += [_literal(self.text[at : match.start()])]
            parts += [f"(?P={name})" if name in known else f"(?P<{name}>{'[0-9]+' if digits else '[^/]+?'})"]
            known.add(name)
            at = match.end()
        return re.compile("".join([*parts, _literal(self.text[at:])]), re.IGNORECASE)

    def find(self, tree: "Tree", endings: frozenset[str] | None = None) -> list[Found]:
        """The files that match in the nearest folder where one does.

        Several folders are taken where a field of a folder's name has other texts in each, as with `{part}` when `train.zip`
        and `val.zip` lie side by side.

        Args:
            tree: the files.
            endings: of the names to take, in lower case; None takes all.

        Raises:
            DataError: files of several folders match, or two that no field tells apart.
        """
        by_root: dict[str, list[Found]] = defaultdict(list)
        for path in tree.files:
            folders = path.split("/")
            depth = len(folders) - 1 - self.text.count("/")
            if not 0 <= depth <= DEPTH or (endings is not None and Path(path).suffix.lower() not in endings):
                continue
            below = "/".join(folders[depth:])
            match = self._pattern.fullmatch(below)
            if match:
                root = "/".join(folders[:depth])
                by_root[root].append(Found(root, tree.folder / path, below, match.groupdict()))
        if not by_root:
            return []
        nearest = min(root.count("/") + 1 if root else 0 for root in by_root)
        roots = [root for root in by_root if (root.count("/") + 1 if root else 0) == nearest]
        self._refuse_arbitrary(tree, {root: by_root[root] for root in roots})
        found = [each for root in roots for each in by_root[root]]
        self._refuse_twins(found)
        return found

    def _refuse_arbitrary(self, tree: "Tree", by_root: dict[str, list[Found]]) -> None:
        apart = any(
            sum(map(len, texts)) == len(set().union(*texts))
            for name in Template(self.text.rpartition("/")[0]).fields
            for texts in [[{each.fields[name] for each in found} for found in by_root.values()]]
        )
        if len(by_root) > 1 and not apart:
            listed = ", ".join(sorted(by_root)[:4])
            raise DataError(
                f"{tree.folder} has {self.text} in several folders ({listed}): give one of them as --source"
            )

    def _refuse_twins(self, found: Iterable[Found]) -> None:
        seen: dict[tuple[str, ...], Found] = {}
        for each in found:
            other = seen.setdefault(tuple(each.fields.values()), each)
            if other is not each:
                raise DataError(f"{each.path} and {other.path} are the same by {self.text}: keep one, or add a field")


@dataclass(frozen=True)
class Tree:
    """All files of a folder, as paths relative to it with `/`, by name."""

    folder: Path
    files: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> "Tree":
        """List a folder and those below it, linked ones too, without what systems left there.

        Raises:
            DataError: it is no folder, or holds absurdly many files.
        """
        if not folder.is_dir():
            raise DataError(f"{folder} is not a folder: give the unpacked data set, or its archive, as --source")
        files: list[str] = []
        seen: set[Path] = set()
        for where, inside, names in os.walk(folder, followlinks=True):
            real = Path(where).resolve()
            inside[:] = [] if real in seen else sorted(name for name in inside if not is_stray(name))
            if real in seen:  # a link to a folder that was listed, or to one above
                continue
            seen.add(real)
            below = Path(where).relative_to(folder)
            found = [(below / name).as_posix() for name in names if not is_stray(name)]
            if odd := next((path for path in found if not _is_text(path)), None):
                raise DataError(f"{folder} has a file whose name is no text ({os.fsencode(odd)!r}): rename it")
            files += found
            if len(files) > MOST_FILES:
                raise DataError(f"{folder} holds more than {MOST_FILES:,} files: give the data set's own folder")
        return cls(folder, tuple(sorted(files)))


def _is_text(name: str) -> bool:
    """Whether a file's name can be written down: an index is UTF-8, and has no line breaks in names."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(ord(letter) < ord(" ") or letter == "\x7f" for letter in name)


def _literal(text: str) -> str:
    return "[^/]*".join(map(re.escape, text.split("*")))
