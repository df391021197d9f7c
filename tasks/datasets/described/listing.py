"""Listing the images of a described data set: each with its files, its part, its place, and what belongs to it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bench.core.errors import DataError
from bench.core.files import because
from tasks.datasets.described.contents import Files
from tasks.datasets.described.templates import Found, Template, Tree
from tasks.datasets.pictures import SUFFIXES
from tasks.protocol_parts import PartName

PARTS: dict[PartName, tuple[str, ...]] = {
    "train": ("train", "training", "trainset", "tra"),
    "val": ("val", "valid", "validation", "dev", "valset"),
    "test": ("test", "testing", "testset"),
}
# A list has a line an image; no line is as long as a path.
MOST_LIST_BYTES = 1 << 28


@dataclass(frozen=True)
class Listed:
    """One image, or the two dates of one place.

    Attributes:
        name: the fields of its path; tells it from all others.
        files: one a date.
        below: their paths as the public layout has them.
        fields: what the parts of its path are.
        part: of the public layout, if it has parts.
        place: where it is of, if the layout says so.
    """

    name: str
    files: tuple[Path, ...]
    below: tuple[str, ...]
    fields: dict[str, str]
    part: str | None = None
    place: str | None = None


@dataclass(frozen=True)
class Listing:
    """The images of a data set.

    Attributes:
        tree: all files.
        images: those that are taken, by name.
        template: of their first date.
        every: those that are there, taken or not.
        left_out: why some are not taken, in words, with how many.
    """

    tree: Tree
    images: list[Listed]
    template: Template
    every: list[Listed]
    left_out: dict[str, int]

    def partners(self, text: str, endings: frozenset[str] | None) -> list[Path]:
        """The file of a template that belongs to each image: the one with the same fields.

        Raises:
            DataError: a field is unknown, an image has no such file, or a file no image.
        """
        template = Template(text)
        _check_fields(template, self.template)
        others = {_key(each.fields, template.fields): each for each in template.find(self.tree, endings)}
        extra = sorted(others.keys() - {_key(image.fields, template.fields) for image in self.every})
        if extra:
            raise DataError(f"{others[extra[0]].path} has no image {self.template.text}: is the download complete?")
        found = []
        for image in self.images:
            other = others.get(_key(image.fields, template.fields))
            if other is None:
                raise DataError(f"{image.files[0]} has no counterpart {text} in {self.tree.folder}")
            found.append(other.path)
        return found


def list_images(tree: Tree, contents: Files) -> Listing:
    """List a data set's images.

    Raises:
        DataError: there are none, a date is missing, or a list does not fit; the file is named.
    """
    first, *others = contents.dates
    found = first.find(tree, SUFFIXES)
    if not found:
        raise DataError(f"{tree.folder} has no picture {first.text}: give the folder that holds it as --source")
    dates = [_second_dates(other, first, tree, found) for other in others]
    every = sorted(
        (_listed(each, [date[at] for date in dates], contents) for at, each in enumerate(found)),
        key=lambda image: image.name,
    )
    if "part" in first.fields:
        images = _by_texts(every, contents, tree)
        why = "images of parts that are not asked for"
    else:
        images = _by_lists(every, contents, tree) if contents.lists else every
        why = "images that no list names"
    if not images:
        raise DataError(f"{tree.folder}: no image is of train, val or test: look at parts or lists")
    left = len(every) - len(images)
    return Listing(tree, images, first, every, {why: left} if left else {})


def stem_of(path: str) -> str:
    """Name of a picture without folder and ending."""
    return _folders(path)[-1]


def _second_dates(template: Template, first: Template, tree: Tree, images: list[Found]) -> list[Found]:
    _check_fields(template, first)
    others = {_key(each.fields, template.fields): each for each in template.find(tree, SUFFIXES)}
    keys = [_key(image.fields, template.fields) for image in images]
    for image, key in zip(images, keys, strict=True):
        if key not in others:
            raise DataError(f"{image.path} has no counterpart {template.text} in {tree.folder}")
    extra = sorted(others.keys() - set(keys))
    if extra:
        raise DataError(f"{others[extra[0]].path} has no counterpart {first.text} in {tree.folder}")
    return [others[key] for key in keys]


def _check_fields(template: Template, first: Template) -> None:
    unknown = [name for name in template.fields if name not in first.fields]
    if unknown:
        raise DataError(f"{template.text} has the field {{{unknown[0]}}}, which {first.text} has not")


def _key(fields: dict[str, str], names: list[str]) -> tuple[str, ...]:
    return tuple(fields[name] for name in names)


def _listed(first: Found, others: list[Found], contents: Files) -> Listed:
    place = "/".join(first.fields[name] for name in contents.place_fields) or None
    dates = [first, *others]
    return Listed(
        name="/".join(first.fields.values()) or stem_of(first.below),
        files=tuple(each.path for each in dates),
        below=tuple(each.below for each in dates),
        fields=first.fields,
        place=place,
    )


def _by_texts(images: list[Listed], contents: Files, tree: Tree) -> list[Listed]:
    """Parts by the texts of the field `{part}`."""
    words: Mapping[PartName, Sequence[str]] = contents.parts or PARTS
    part_of = {text.lower(): part for part, texts in words.items() for text in texts}
    kept = [replace(image, part=part_of.get(image.fields["part"].lower())) for image in images]
    unknown = sorted({image.fields["part"] for image in kept if image.part is None})
    if unknown and contents.parts is None:
        raise DataError(f"{tree.folder}: the part {unknown[0]!r} is none of train, val and test: name it under parts")
    return [image for image in kept if image.part]


def _by_lists(images: list[Listed], contents: Files, tree: Tree) -> list[Listed]:
    """Parts by lists of images."""
    named = _Names(images)
    part_of: dict[str, str] = {}
    for part, text in (contents.lists or {}).items():
        files = Template(text).find(tree)
        if not files:
            raise DataError(f"{tree.folder} has no list {text}: is the download complete?")
        for file in files:
            for line, entry in _entries(file.path):
                for image in named.find(entry, f"{file.path}, line {line}"):
                    if part_of.setdefault(image.name, part) != part:
                        raise DataError(f"{file.path}, line {line}: {entry} is listed in {part_of[image.name]} too")
    return [replace(image, part=part_of[image.name]) for image in images if image.name in part_of]


def _entries(path: Path) -> Iterable[tuple[int, str]]:
    """Names of a list with their lines: one a line, or with commas between; what follows a name is no part of it."""
    try:
        if path.stat().st_size > MOST_LIST_BYTES:
            raise DataError(f"{path} is too large for a list of images")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable list{because(error, 'write a name a line')}") from None
    return [
        (number, entry.strip())
        for number, line in enumerate(lines, start=1)
        for entry in line.split(",")
        if entry.strip() and not line.startswith("#")
    ]


class _Names:
    """Images by what a list may call them: the end of their path, without ending, or their place."""

    def __init__(self, images: list[Listed]) -> None:
        self._by_stem: dict[str, list[tuple[list[str], Listed]]] = defaultdict(list)
        self._by_place: dict[str, list[Listed]] = defaultdict(list)
        for image in images:
            for below in image.below:
                folders = _folders(below)
                self._by_stem[folders[-1]].append((folders, image))
            if image.place:
                self._by_place[image.place].append(image)

    def find(self, entry: str, where: str) -> list[Listed]:
        """The image, or the images of the place, that an entry names."""
        for name in dict.fromkeys([entry, *entry.split()[:1]]):
            wanted = _folders(name)
            ends = [each for folders, each in self._by_stem.get(wanted[-1], []) if folders[-len(wanted) :] == wanted]
            found = list({each.name: each for each in ends}.values())
            if len(found) > 1:
                raise DataError(f"{where}: {name} names several images, such as {found[0].below[0]}: write its folder")
            if found or name in self._by_place:
                return found or self._by_place[name]
        raise DataError(f"{where}: there is no image {entry!r}: is the data set complete?")


def _folders(path: str) -> list[str]:
    """Folders and name of a path, without a picture's ending."""
    parts = PurePosixPath(path.strip().replace("\\", "/")).parts or (path,)
    last = PurePosixPath(parts[-1])
    name = last.stem if last.suffix.lower() in SUFFIXES else last.name
    return [*(part for part in parts[:-1] if part != "."), name]
