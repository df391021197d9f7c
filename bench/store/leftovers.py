"""What a store no longer needs: found first, told, and deleted when asked. A record is never among it."""

import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from bench.core.errors import StoreError
from bench.store.claims import is_held
from bench.store.contents import last_change, listed, size_of, temporary
from bench.store.records import read_record
from bench.store.store import Store

Kind = Literal["weights", "jobs", "features", "temporary", "outcomes"]
KINDS: tuple[Kind, ...] = get_args(Kind)
WHY: dict[Kind, str] = {
    "weights": "no record rests on them, and no named study needs them",
    "jobs": "logs of what is done, and checkpoints and logs of what is not, untouched since",
    "features": "computed again by the next cell that probes them",
    "temporary": "left by processes that were killed",
    "outcomes": "of cells without a record",
}
DAY = 86400.0
# A file that is being written is younger; outcomes are written just before their record.
SETTLED = 1.0


@dataclass(frozen=True)
class Leftover:
    """One thing that can go.

    Attributes:
        kind: of what.
        path: file or folder.
        bytes: that go with it.
    """

    kind: Kind
    path: Path
    bytes: int


def leftovers(root: Path, days: float, needed: Collection[str] = (), keep: Collection[str] = ()) -> list[Leftover]:
    """Everything in a store that nothing needs any more.

    Weights go where no record rests on them, no job in `needed` is theirs, and nothing has touched them for so many days.
    A job's folder goes where nobody holds it and nothing has touched it for so many days; one that says that the job
    diverged stays, as it keeps the job from being tried again. Features go always: they are computed again.

    Args:
        root: the store.
        days: how long weights and jobs stay untouched before they go.
        needed: keys of pretrainings that studies still need.
        keep: kinds that stay.

    Raises:
        StoreError: there is no store, or one of its records cannot be read, so that nobody knows what it rests on.
    """
    store, now = Store(root), time.time()
    if not store.exists:
        raise StoreError(f"{root} is no store that runs were made in: name one with --store")
    found: list[tuple[Kind, Path, float]] = []
    if "weights" not in keep:
        used = _used(root) | set(needed)
        found += [("weights", path, days) for path in _visible(root / "weights") if path.name not in used]
    if "jobs" not in keep:
        found += [("jobs", path, days) for path in _visible(root / "jobs") if _is_idle(store, path)]
    if "features" not in keep:
        found += [("features", path, 0.0) for path in _visible(root / "features")]
    if "temporary" not in keep:
        found += [("temporary", path, SETTLED) for path in temporary(root)]
    if "outcomes" not in keep:
        lone = (path for path in _visible(root / "outcomes") if not store.has_record(path.stem))
        found += [("outcomes", path, SETTLED) for path in lone if path.suffix == ".npz"]
    old = [(kind, path) for kind, path, age in found if now - last_change(path) >= age * DAY]
    return [Leftover(kind, path, size_of(path)) for kind, path in old]


def delete(root: Path, found: Iterable[Leftover]) -> int:
    """Delete leftovers, each at once to whoever looks; returns the bytes that went.

    Raises:
        StoreError: something runs in the store, whose work may rest on what would go.
    """
    held = next((path for path in _visible(root / "jobs") if is_held(path)), None)
    if held is not None:
        who = Store(root).holder(held.name)
        raise StoreError(f"{root} is in use ({who or f'job {held.name} is held'}): delete when nothing runs in it")
    gone = 0
    for each in found:
        path = each.path
        if path.is_dir() and not path.is_symlink() and not path.name.startswith("."):
            path = path.rename(path.with_name(f".{path.name}.gone.part"))  # a folder of which a half is left is worse
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        gone += each.bytes
    return gone


def _used(root: Path) -> set[str]:
    try:
        return {read_record(path).weights for path in _visible(root / "records")}
    except StoreError as error:
        raise StoreError(
            f"{error} - until then nobody knows which weights it rests on: mend that first, or add --keep weights"
        ) from None


def _is_idle(store: Store, folder: Path) -> bool:
    return not is_held(folder) and store.diverged(folder.name) is None


def _visible(folder: Path) -> Iterator[Path]:
    return (path for path in listed(folder) if not path.name.startswith(".") and not path.is_symlink())
