"""What was meant: the known name nearest to one that is not known, in the words of every message about such a name."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path

# Of an unknown name where none is near: as many of those that look most like it are listed.
NEAREST = 3
# As many known names as this are listed whole.
MOST = 16
# Share of letters in common, as difflib counts them, from which on a name may have been meant.
NEAR_ENOUGH = 0.6


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was meant by `name`; None where none is near enough.

    Case counts for nothing, and neither does what separates words. Several names that are not separated by commas are
    answered with commas.
    """
    plain: dict[str, str] = {}
    for each in known:
        plain.setdefault(_plain(each), each)
    parts = [_plain(part) for part in re.split(r"[;\s]+", name.strip())]
    if len(parts) > 1 and all(part in plain for part in parts):
        return ",".join(plain[part] for part in parts)
    found = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=NEAR_ENOUGH)
    return plain[found[0]] if found else None


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")


def nearest(name: str, known: Iterable[str], most: int = MOST) -> list[str]:
    """The known names, or of more than `most` those that look most like `name`."""
    names = list(known)
    if len(names) <= most:
        return names
    return difflib.get_close_matches(name, names, n=NEAREST, cutoff=0)


def meant(name: str, known: Iterable[str]) -> str:
    """`; did you mean geokr?`, to follow a name; empty where nothing is near enough."""
    found = closest(name, known)
    return "" if found is None else f"; did you mean {found}?"


def among(name: str, known: Iterable[str], listed_by: str = "", more: Iterable[str] = ()) -> str:
    """What follows `unknown method 'geoker'` in a message: the name that was meant, and where all of them are.

    Args:
        name: what was given.
        known: the names that there are.
        listed_by: the command that lists them; without one they stand in the message, or the nearest of many.
        more: other forms of a name, such as `timm:<name>`.
    """
    names = list(dict.fromkeys(known))
    near = meant(name, names)
    choice = ", ".join([*nearest(name, names), *more])
    if not choice:
        return ": there is none"
    if not near:
        return f": choose from {choice}" + (f" ({listed_by} lists them)" if listed_by else "")
    return f"{near} ({f'{listed_by} lists them' if listed_by else f'choose from {choice}'})"


def file_meant(path: str | os.PathLike[str]) -> str:
    """` (did you mean FILE?)`, to follow a path at which nothing lies: the nearest name in the nearest folder that is there.

    Of `runs/records/a.json` where there is no `runs` but a `run`, `run` is what is named. Empty where nothing is near.
    """
    missing = Path(path)
    if missing.exists() or missing.is_symlink():
        return ""
    while not missing.parent.is_dir():
        if missing.parent == missing:
            return ""
        missing = missing.parent
    try:
        there = [each.name for each in os.scandir(missing.parent)]
    except OSError:  # a folder that may not be listed names nothing
        return ""
    found = closest(missing.name, there)
    return "" if found is None else f" (did you mean {missing.parent / found}?)"
