"""How far jobs are, as files that any process may read: a line now and then in `jobs/<key>/progress.jsonl`."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from bench.core.context import Progress

FILE = "progress.jsonl"
# Seconds between two lines; a job that is done sooner writes none.
EVERY = 2.0
_LOSS = re.compile(r"loss (-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Note:
    """One line.

    Attributes:
        at: seconds since 1970 by the clock of the machine that does the job.
        done, total: steps.
        text: a few words, such as the loss.
    """

    at: float
    done: int
    total: int
    text: str

    @property
    def loss(self) -> float | None:
        """The loss that the words name."""
        found = _LOSS.search(self.text)
        return float(found[1]) if found else None


def noted(folder: Path, report: Progress, every: float = EVERY) -> Progress:
    """Let a job's reports be kept in its folder too, a line every few seconds.

    Args:
        folder: of the job.
        report: is told of each as before.
        every: seconds between two lines.
    """
    last = time.monotonic()

    def tell(done: int, total: int, text: str) -> None:
        nonlocal last
        report(done, total, text)
        now = time.monotonic()
        if now - last >= every:
            last = now
            _append(folder / FILE, {"at": round(time.time(), 1), "done": done, "total": total, "text": text})

    return tell


def notes_of(folder: Path) -> list[Note]:
    """All lines of a job, the oldest first; one that is being written is left out."""
    try:
        lines = (folder / FILE).read_text().splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            said = json.loads(line)
            found.append(Note(float(said["at"]), int(said["done"]), int(said["total"]), str(said["text"])))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _append(path: Path, line: dict[str, object]) -> None:
    try:
        with path.open("a") as stream:
            stream.write(json.dumps(line) + "\n")
    except OSError:
        return  # a full disk will stop the job where it keeps its results, and say so there
