"""The parts of a folder that nobody described: lists of images, or a part that is to be tested on."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bench.core.errors import DataError
from tasks.datasets.described.contents import Contents, Files
from tasks.datasets.described.listing import PARTS, list_images
from tasks.datasets.described.templates import Tree
from tasks.datasets.pictures import SUFFIXES
from tasks.protocol_parts import PartName


@dataclass(frozen=True)
class Recognised:
    """A description, and what was guessed in it, a sentence each."""

    contents: Contents
    guesses: list[str] = field(default_factory=list)


def with_parts(tree: Tree, found: Recognised) -> Recognised:
    """Add what says which images are tested on: lists that lie beside them, or a validation part where no test part is."""
    contents, guesses = found.contents, list(found.guesses)
    if "part" not in contents.dates[0].fields:
        lists = _lists(tree, contents)
        return Recognised(contents.model_copy(update={"lists": lists}), guesses) if lists else found
    texts = sorted({each.fields["part"] for each in contents.dates[0].find(tree, SUFFIXES)})
    parts: dict[PartName, list[str]] = {
        part: [text for text in texts if text.lower() in words] for part, words in PARTS.items()
    }
    if parts["test"] or not parts["val"]:
        return found
    guesses.append("there is no test part: the validation part is tested on")
    swapped = {"train": parts["train"], "test": parts["val"]}
    return Recognised(contents.model_copy(update={"parts": swapped}), guesses)


def _lists(tree: Tree, contents: Files) -> dict[PartName, str] | None:
    """Lists of the images of train and test, val too where it is, that lie in one folder and name images that are there."""
    by_folder: dict[str, dict[PartName, str]] = defaultdict(dict)
    for text in tree.files:
        path = PurePosixPath(text)
        for part, words in PARTS.items():
            if path.suffix.lower() == ".txt" and path.stem.lower() in words:
                by_folder[path.parent.as_posix()][part] = text
    for lists in by_folder.values():
        chosen = dict(lists)
        if "test" not in chosen and "val" in chosen:
            chosen["test"] = chosen.pop("val")
        try:
            tried = contents.model_copy(update={"lists": chosen})
            if {"train", "test"} <= chosen.keys() and len(list_images(tree, tried).images):
                return chosen
        except DataError:  # lists of something else
            continue
    return None
