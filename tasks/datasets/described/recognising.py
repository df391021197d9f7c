"""Recognising the layout of a folder that nobody described: a first description, for its owner to read and correct."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import ValidationError

from bench.core.documents import first_problem
from bench.core.errors import DataError
from tasks.datasets.described.annotations import MOST_COCO_BYTES, is_coco
from tasks.datasets.described.contents import (
    ChangePairs,
    ClassFolders,
    ImagesAndBoxes,
    ImagesAndMasks,
    LabelTable,
)
from tasks.datasets.described.listing import PARTS
from tasks.datasets.described.masks import mask_classes
from tasks.datasets.described.names import class_names
from tasks.datasets.described.parts import Recognised, with_parts
from tasks.datasets.described.tables import read_table
from tasks.datasets.described.templates import Template, Tree
from tasks.datasets.pictures import SUFFIXES

BEFORE = ("a", "before", "t1", "im1", "img1", "image1", "pre", "time1", "t1_img")
AFTER = ("b", "after", "t2", "im2", "img2", "image2", "post", "time2", "t2_img")
MASKS = (
    "mask", "masks", "label", "labels", "gt", "ground_truth", "groundtruth", "annotation", "annotations", "out", "cm",
    "masks_png", "labels_png", "label_png", "segmentationclass", "semantic", "semantic_masks", "change", "seg", "ann_dir", "annfiles",
)  # fmt: skip
# What tells a mask from its image in one folder, or beside the name of its image in another.
ENDINGS = ("_mask", "_label", "_labels", "_gt", "_seg", "-mask", "-label", "_m", "_l")
IMAGE_ENDINGS = ("_sat", "_image", "_img", "")
FITTING = 0.9
FEWEST_PLACES = 5
# No place holds more of the images than this, where the text before the numbers is one.
LARGEST_PLACE = 0.5


@dataclass(frozen=True)
class _Folder:
    """Pictures of one folder, by stem."""

    parts: tuple[str, ...]
    stems: frozenset[str]
    ending: str


def recognise(tree: Tree, shared: dict[str, Any]) -> Recognised:
    """Describe a folder by its names and its annotations.

    Args:
        tree: the files.
        shared: what its owner said of all kinds, such as the bands.

    Raises:
        DataError: no layout is recognised.
    """
    folders = _folders(tree)
    if not folders:
        raise DataError(f"{tree.folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    for attempt in (_pairs, _coco, _voc, _lines, _masks, _masks_beside, _table, _classes):
        try:
            found = attempt(tree, folders, shared)
        except ValidationError as error:  # names that no template, or no class, can have
            raise DataError(
                f"{tree.folder}: {first_problem(error)}: rename it, or describe it in a YAML file"
            ) from None
        if found is not None:
            return with_parts(tree, found)
    raise DataError(
        f"{tree.folder} has no layout that is recognised (folders of classes, images and masks, boxes, pairs, a table of "
        "labels): describe it in a YAML file, docs/data-sets.md says how"
    )


def _folders(tree: Tree) -> list[_Folder]:
    by_folder: dict[tuple[str, ...], list[PurePosixPath]] = defaultdict(list)
    for text in tree.files:
        path = PurePosixPath(text)
        if path.suffix.lower() in SUFFIXES:
            by_folder[path.parts[:-1]].append(path)
    return [_Folder(parts, frozenset(p.stem for p in paths), _ending(paths)) for parts, paths in by_folder.items()]


def _ending(paths: Sequence[PurePosixPath]) -> str:
    endings = {path.suffix for path in paths}
    return endings.pop() if len(endings) == 1 else ".*"


def _role(folder: _Folder, words: Iterable[str]) -> int | None:
    """Where in its path a folder plays a role: the last name that is one of some words."""
    at = [place for place, name in enumerate(folder.parts) if name.lower() in words]
    return at[-1] if at else None


def _template(folders: Sequence[_Folder], name: str, role: int | None = None) -> str | None:
    """A template of folders of equal depth: equal names stay, parts become `{part}`, other names `{group}`.

    Args:
        folders: of the same role.
        name: of a file in them.
        role: where the name that plays the role stands.
    """
    if len({len(each.parts) for each in folders}) != 1:
        return None
    words = {word for texts in PARTS.values() for word in texts}
    levels: list[str] = []
    groups = 0
    for at in range(len(folders[0].parts)):
        names = {each.parts[at] for each in folders}
        if len(names) == 1 and not (names <= words and at != role):
            levels.append(_plain(names.pop()))
        elif {each.lower() for each in names} <= words and "{part}" not in levels:
            levels.append("{part}")
        elif at == role:
            return None
        else:
            levels.append("{group}" if not groups else f"{{group_{'abcdefgh'[groups]}}}")
            groups += 1
    endings = {each.ending for each in folders}
    return "/".join([*levels, name + (endings.pop() if len(endings) == 1 else ".*")])


def _plain(name: str) -> str:
    """A folder's name as a template writes it; signs that mean something there become any text."""
    return re.sub(r"[{}*\\]+", "*", name)


def _named(stems: Iterable[str]) -> tuple[str, list[str]]:
    """How the files of a folder are named: `{name}`, or crops of places by the numbers at their ends.

    Returns:
        The template, and what was guessed.
    """
    stems = sorted(stems)
    for pattern, write in (
        (r"(.+?)([_-])\d+([_-])\d+", lambda m: f"{{place}}{m[2]}{{x:d}}{m[3]}{{y:d}}"),
        (r"(.*?\d)([_-](?:[A-Za-z]+[_-])*)\d+", lambda m: f"{{place}}{m[2]}{{number:d}}"),
    ):
        matches = [re.fullmatch(pattern, stem) for stem in stems]
        if not all(matches):
            continue
        texts = {write(match) for match in matches if match}
        places = Counter(match[1] for match in matches if match)
        several = len(places) >= FEWEST_PLACES and len(stems) >= 2 * len(places)
        if len(texts) == 1 and several and max(places.values()) <= LARGEST_PLACE * len(stems):
            text = texts.pop()
            shown = f"{stems[0]} is of {min(places)}"
            return text, [f"names look like those of crops, {text}: {len(places)} places, such as {shown}"]
    return "{name}", []


def _counterpart(name: str, template: str) -> str:
    """A template's last name put in the place of another's fields."""
    return template.replace("{name}", name)


def _pairs(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    dates = [[each for each in folders if _role(each, words) is not None] for words in (BEFORE, AFTER)]
    masks = [each for each in folders if _role(each, MASKS) is not None]
    if not all(dates) or not masks or not _same([*dates, masks]):
        return None
    name, guesses = _named(frozenset().union(*(each.stems for each in masks)))
    before, after, mask = (
        _template(group, name, _role(group[0], words))
        for group, words in zip([*dates, masks], [BEFORE, AFTER, MASKS], strict=True)
    )
    if not (before and after and mask):
        return None
    values, found = mask_classes(tree, mask, class_names(tree))
    if len(values["classes"]) != len(dates):
        raise DataError(
            f"{tree.folder}: masks of pairs have {len(values['classes'])} values, expected unchanged and changed"
        )
    for each, word in zip(values["classes"], ("unchanged", "changed"), strict=True):
        each["name"] = word
    facts = {"kind": "pairs", "before": before, "after": after, "masks": mask, **values, **shared}
    return Recognised(ChangePairs.model_validate(facts), guesses + [said for said in found if "called by" not in said])


def _same(groups: list[list[_Folder]]) -> bool:
    """Whether groups of folders hold files of the same names."""
    names = [Counter(stem for folder in group for stem in folder.stems) for group in groups]
    return all(each == names[0] for each in names)


def _images_of(folders: list[_Folder], guesses: list[str]) -> str | None:
    name, found = _named(frozenset().union(*(each.stems for each in folders)))
    guesses += found
    return _template(folders, name)


def _boxes(
    tree: Tree,
    folders: list[_Folder],
    shared: dict[str, Any],
    how: Literal["voc", "coco", "corners", "yolo"],
    boxes: str,
) -> Recognised | None:
    guesses: list[str] = []
    images = _images_of(folders, guesses)
    if images is None:
        return None
    last = images.split("/")[-1].rpartition(".")[0]
    facts = {"kind": "boxes", "images": images, "boxes": _counterpart(last, boxes), "format": how, **shared}
    if how in {"corners", "yolo"}:
        numbers = sorted(_numbers(tree, boxes))
        named = class_names(tree)
        first = 0 if how == "yolo" or 0 in numbers else 1
        names = [named.get(number, f"class {number}") for number in range(first, max([*numbers, first]) + 1)]
        facts |= {"classes": names, "first": first}
        if not named:
            guesses.append("the annotations name no class: give them names under classes")
    return Recognised(ImagesAndBoxes.model_validate(facts), guesses)


def _coco(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    files = [
        text
        for text in tree.files
        if text.lower().endswith(".json")
        and (tree.folder / text).stat().st_size <= MOST_COCO_BYTES
        and is_coco(tree.folder / text)
    ]
    if not files:
        return None
    parents = {PurePosixPath(text).parent.as_posix() for text in files}
    if len(parents) > 1:
        return None
    folder = parents.pop()
    name = PurePosixPath(files[0]).name if len(files) == 1 else "*.json"
    return _boxes(tree, folders, shared, "coco", _plain(name) if folder == "." else f"{folder}/{_plain(name)}")


def _beside(tree: Tree, folders: list[_Folder], ending: str) -> str | None:
    """Template of files of an ending, one for each picture."""
    by_folder: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for text in tree.files:
        path = PurePosixPath(text)
        if path.suffix.lower() == ending:
            by_folder[path.parts[:-1]].add(path.stem)
    stems = Counter(stem for folder in folders for stem in folder.stems)
    others = [_Folder(parts, frozenset(names), ending) for parts, names in by_folder.items() if names & stems.keys()]
    fitting = sum(len(each.stems & stems.keys()) for each in others)
    return _template(others, "{name}") if others and fitting >= FITTING * stems.total() else None


def _voc(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    boxes = _beside(tree, folders, ".xml")
    return _boxes(tree, folders, shared, "voc", boxes) if boxes else None


def _lines(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    boxes = _beside(tree, folders, ".txt")
    if not boxes:
        return None
    words = [line.split() for line in _text_lines(tree, boxes)]
    if not words or not all(len(each) == 5 and _is_number(each[1:]) and each[0].isdecimal() for each in words):
        return None
    shares = all(abs(float(value)) <= 1 for each in words for value in each[1:])
    return _boxes(tree, folders, shared, "yolo" if shares else "corners", boxes)


def _masks(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    masks = [each for each in folders if _role(each, MASKS) is not None]
    images = [each for each in folders if each not in masks]
    if not masks or not images:
        return None
    stems = Counter(stem for folder in images for stem in folder.stems)
    of_masks = Counter(stem for folder in masks for stem in folder.stems)
    for ending in ("", *ENDINGS):
        if all(stem.endswith(ending) for stem in of_masks) and stems == Counter(
            {stem.removesuffix(ending): count for stem, count in of_masks.items()}
        ):
            guesses: list[str] = []
            image = _images_of(images, guesses)
            mask = image and _template(masks, image.split("/")[-1].rpartition(".")[0] + ending, _role(masks[0], MASKS))
            return _described_masks(tree, image, mask, guesses, shared) if image and mask else None
    return None


def _masks_beside(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    for ending in ENDINGS:
        for other in IMAGE_ENDINGS:
            masks = [
                _Folder(each.parts, frozenset(s.removesuffix(ending) for s in each.stems if s.endswith(ending)), ".*")
                for each in folders
            ]
            images = [
                _Folder(
                    each.parts,
                    frozenset(
                        s.removesuffix(other) for s in each.stems if s.endswith(other) and not s.endswith(ending)
                    ),
                    ".*",
                )
                for each in folders
            ]
            if masks == images and any(each.stems for each in masks):
                guesses: list[str] = []
                name, found = _named(frozenset().union(*(each.stems for each in masks)))
                image, mask = _template(images, name + other), _template(masks, name + ending)
                return _described_masks(tree, image, mask, guesses + found, shared) if image and mask else None
    return None


def _described_masks(tree: Tree, image: str, mask: str, guesses: list[str], shared: dict[str, Any]) -> Recognised:
    values, found = mask_classes(tree, mask, class_names(tree))
    facts = {"kind": "masks", "images": image, "masks": mask, **values, **shared}
    return Recognised(ImagesAndMasks.model_validate(facts), guesses + found)


def _table(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    stems = {stem for folder in folders for stem in folder.stems}
    for text in tree.files:
        if PurePosixPath(text).suffix.lower() not in {".csv", ".tsv", ".txt"}:
            continue
        try:
            _, rows = read_table(tree.folder / text)
        except DataError:
            continue
        named = {PurePosixPath(name).stem if PurePosixPath(name).suffix.lower() in SUFFIXES else name for name in rows}
        if len(named & stems) >= FITTING * len(stems):
            images = _template(folders, "{name}")
            facts = {"kind": "labels", "images": images, "table": _plain(text), **shared}
            return Recognised(LabelTable.model_validate(facts)) if images else None
    return None


def _classes(tree: Tree, folders: list[_Folder], shared: dict[str, Any]) -> Recognised | None:
    if len({len(each.parts) for each in folders}) != 1 or not folders[0].parts:
        return None
    above = [_Folder(each.parts[:-1], each.stems, each.ending) for each in folders]
    images = _template(above, "{class}/{name}")
    names = {each.parts[-1] for each in folders}
    if images is None or "{group" in images or len(names) < 2:
        return None
    del tree
    return Recognised(ClassFolders.model_validate({"kind": "classes", "images": images, **shared}))


def _text_lines(tree: Tree, template: str) -> list[str]:
    """Lines of the first files of a template that hold any."""
    found: list[str] = []
    for file in Template(template).find(tree):
        if file.path.stat().st_size < 1 << 20:
            found += [line for line in file.path.read_text(errors="replace").splitlines() if line.strip()]
    return found


def _numbers(tree: Tree, template: str) -> set[int]:
    return {int(line.split()[0]) for line in _text_lines(tree, template) if line.split()[0].isdecimal()}


def _is_number(words: Sequence[str]) -> bool:
    return all(re.fullmatch(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", word) for word in words)
