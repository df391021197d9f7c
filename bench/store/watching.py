"""What a run looks like from another process: everything is read from the store, so it may be on another machine.

Who holds a job says so in `jobs/<key>/holder.json`. On this machine a holder whose process is gone is dead. Of another
machine that cannot be seen: there a job shows when it last gave a sign of life, by the youngest of its files.
"""

import json
import os
import socket
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.store.claims import CLAIM_LEASE, HOLDER, LEASE, Holder, holder_of
from bench.store.plans import Planned
from bench.store.progress import FILE, notes_of
from bench.store.store import Store

# Records that say how fast cells come.
RECENT = 20
# Seconds after which a silent holder on another machine is worth a word: progress comes every few seconds.
SILENT = 300.0


@dataclass(frozen=True)
class Running:
    """A job that somebody holds.

    Attributes:
        key, kind, label: of the job.
        host, pid: of who holds it.
        age: seconds since it was claimed, by the holder's clock and ours.
        seen: seconds since the last sign of life.
        done, total: steps; 0 where it has not said.
        losses: as they were reported, the oldest first.
        left: seconds that it will take, from its own speed; None where it is not known.
    """

    key: str
    kind: str
    label: str
    host: str
    pid: int
    age: float
    seen: float
    done: int
    total: int
    losses: list[float]
    left: float | None

    @property
    def silent(self) -> bool:
        """Whether nothing was heard of it for so long that it may be dead."""
        return self.seen > SILENT


@dataclass(frozen=True)
class Failed:
    """A job whose last try failed, and why in one line."""

    key: str
    kind: str
    label: str
    error: str


@dataclass(frozen=True)
class Picture:
    """A store at one moment.

    Attributes:
        store: its folder.
        studies: whose jobs are counted.
        total, done: jobs by kind (`pretraining`, `cell`).
        running: the longest held first.
        failed: of the jobs that are not done and that nobody holds.
        left: seconds until all is done, at the present speed; None where it is not known.
    """

    store: str
    studies: list[str]
    total: dict[str, int]
    done: dict[str, int]
    running: list[Running]
    failed: list[Failed]
    left: float | None

    @property
    def waiting(self) -> int:
        """Jobs that are neither done, nor held, nor failed."""
        return sum(self.total.values()) - sum(self.done.values()) - len(self.running) - len(self.failed)

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self.running and self.waiting <= 0


@dataclass
class Lookout:
    """Takes pictures of a store; what cannot change any more is read once.

    Attributes:
        store: that is watched.
        study: whose jobs are counted; None for all.
    """

    store: Store
    study: str | None = None
    _seconds: dict[str, float] = field(default_factory=dict)

    def look(self) -> Picture:
        """A picture of now.

        Raises:
            StoreError: a plan is damaged.
        """
        root = self.store.root
        plans = [plan for plan in self.store.plans() if self.study in {None, plan.study}]
        jobs = {job.key: job for plan in plans for job in plan.jobs}
        ready = _names(root / "records", ".json"), _names(root / "weights", "")
        if not plans and self.study is None:  # a store of before plans were kept
            jobs = {key: Planned(key=key, kind="cell", label=key) for key in ready[0]}
            jobs |= {key: Planned(key=key, kind="pretraining", label=key) for key in ready[1]}
        if self.study is None:
            others = _names(root / "jobs", "") - set(jobs)
            held = {key for key in others if (root / "jobs" / key / HOLDER).exists()} - ready[0] - ready[1]
            jobs |= {key: Planned(key=key, kind="cell", label=key) for key in held}
        finished = {key for key, job in jobs.items() if key in ready[job.kind == "pretraining"]}
        running, failed = [], []
        for key in jobs.keys() - finished:
            found = _running(self.store.job(key), jobs[key])
            error = None if found else _error(self.store.job(key))
            running += [found] if found else []
            failed += [Failed(key, jobs[key].kind, jobs[key].label, error)] if error else []
        total, done = _count(jobs.values()), _count(jobs[key] for key in finished)
        running.sort(key=lambda each: -each.age)
        failed.sort(key=lambda each: each.label)
        left = self._left([jobs[key] for key in finished], running, total, done, failed)
        return Picture(str(root), [plan.study for plan in plans], total, done, running, failed, left)

    def _left(
        self, ready: list[Planned], running: list[Running], total: dict[str, int], done: dict[str, int],
        failed: list[Failed],
    ) -> float | None:  # fmt: skip
        """Seconds until all is done: pretrainings by what those before took, cells by the pace at which they came."""
        lost = _count(failed)
        begun = _count(running)
        open_trainings, open_cells = (
            total.get(kind, 0) - done.get(kind, 0) - lost.get(kind, 0) for kind in ("pretraining", "cell")
        )
        seconds = 0.0
        if open_trainings > 0:
            known = [each.left for each in running if each.kind == "pretraining" and each.left is not None]
            took = [value for job in ready if job.kind == "pretraining" and (value := self._took(job.key)) is not None]
            fresh = open_trainings - len(known)
            if fresh > 0 and not took:
                return None
            mean = sum(took) / len(took) if took else 0.0
            seconds += (sum(known) + fresh * mean) / max(begun.get("pretraining", 0), 1)
        if open_cells > 0:
            pace = _pace([self.store.root / "records" / f"{job.key}.json" for job in ready if job.kind == "cell"])
            if pace is None:
                return None
            seconds += open_cells * pace
        return seconds

    def _took(self, key: str) -> float | None:
        """Seconds of a finished pretraining that trained."""
        if key not in self._seconds:
            try:
                card = json.loads((self.store.weights(key) / "card.json").read_text())
                self._seconds[key] = float(card["cost"]["train_seconds"]) if card.get("steps") else 0.0
            except (OSError, ValueError, KeyError, TypeError):
                return None
        return self._seconds[key]


def _running(folder: Path, job: Planned) -> Running | None:
    holder = holder_of(folder)
    if holder is None or not _alive(holder, folder):
        return None
    now = time.time()
    notes = notes_of(folder)
    # Another machine's clock may be off, that of the file system is one for all: the age of files is by that.
    signs = [_modified(folder / name) for name in (HOLDER, CLAIM_LEASE, FILE, "checkpoint.pt", "log.txt")]
    seen = max(0.0, now - max(signs))
    last = notes[-1] if notes else None
    left = None
    if last and 0 < last.done < last.total:
        first = next((note for note in notes if note.at >= holder.since and note.done < last.done), None)
        if first:
            left = (last.at - first.at) / (last.done - first.done) * (last.total - last.done)
    return Running(
        job.key,
        job.kind,
        job.label,
        holder.host,
        holder.pid,
        max(0.0, now - holder.since),
        seen,
        last.done if last else 0,
        last.total if last else 0,
        [note.loss for note in notes if note.loss is not None],
        left,
    )


def _alive(holder: Holder, folder: Path) -> bool:
    """Whether a holder lives, as far as that can be seen from here."""
    if holder.host == socket.gethostname():
        try:
            os.kill(holder.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    lease = folder / CLAIM_LEASE
    return not lease.exists() or time.time() - _modified(lease) < LEASE


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _error(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "failure.json").read_text())["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _names(folder: Path, suffix: str) -> set[str]:
    """Keys that a folder holds; of weights those that are whole, for they appear under their name at once."""
    try:
        found = [entry.name for entry in os.scandir(folder)]
    except OSError:
        return set()
    return {name.removesuffix(suffix) for name in found if name.endswith(suffix) and not name.startswith(".")}


def _count(jobs: Iterable[Planned | Running | Failed]) -> dict[str, int]:
    return dict(Counter(job.kind for job in jobs))


def _pace(records: list[Path]) -> float | None:
    """Seconds from one record to the next, over the last ones; None where there are too few."""
    times = sorted(filter(None, map(_modified, records)))[-RECENT:]
    return (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else None
