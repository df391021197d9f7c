"""A full disk, a quota, a read-only store, few file handles, a clock that is set back: one clear line, nothing torn, goes on after.

python -m benchmarks.robustness.disks

The disks are mounted (`benchmarks.robustness.mounts`), which root alone may; for others they are left out, and said to be.
So is the quota where there is no `mkfs.btrfs`. The clock that is moved is Python's.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.robustness import show, stores
from benchmarks.robustness.mounts import allow, disk, fail, failing_disk, has_quotas, mend, quota, remount
from benchmarks.robustness.processes import Run, wait_for
from benchmarks.robustness.world import make_world

# Shares of the room that the finished store takes.
SHARES = (0.02, 0.1, 0.3, 0.6, 0.9)
# File handles: the goal's, and fewer.
HANDLES = (48, 24)
HANGING = 600.0
# Python's clock, moved by as many seconds as a file says; that of the file system stays. libfaketime would move both, and
# makes sleeps of threads fail (0.9.10: clock_nanosleep, EINVAL).
SHIFTED = """
import os, time
real = time.time
def moved():
    with open(os.environ["CLOCK_OFFSET"]) as file:
        return real() + float(file.read() or 0)
time.time = moved
"""
DAYS = 86_400
ROOM = 2**30


class Ended(NamedTuple):
    """How a run ended."""

    code: int
    text: str

    @property
    def said(self) -> str:
        """Its last words: the line of an error, or a traceback's name."""
        lines = [line for line in self.text.splitlines() if line.startswith("bench: ") or "Error" in line]
        return lines[-1] if lines else ""

    @property
    def is_one_line(self) -> bool:
        """Whether it ended well, or with one line that says what is wrong."""
        if "Traceback" in self.text:
            return False
        lines = [line for line in self.text.splitlines() if line.startswith(("bench: ", "failed: "))]
        return self.code == 0 or (self.code == 2 and len(lines) == 1)


class Bench:
    """Runs of one study on stores in one folder.

    Args:
        folder: for the world, and for what runs print.
    """

    def __init__(self, folder: Path) -> None:
        (folder / "world").mkdir()
        self.study = make_world(folder / "world")
        self._printed = folder / "printed.txt"
        self.whole = folder / "whole"
        if (first := self.run(self.whole)).code:
            raise RuntimeError(first.text)
        self.expected = stores.results_of(self.whole)

    def start(self, store: Path, **options: object) -> Run:
        """A run that is under way."""
        return Run(["run", "--study", self.study, "--store", store], self._printed, **options)  # type: ignore[arg-type]

    def run(self, store: Path, **options: object) -> Ended:
        """A run to its end."""
        run = self.start(store, **options)
        return Ended(run.wait(HANGING), run.text)

    def judge(self, store: Path) -> str:
        """Let the run go on; says what is wrong with the finished store."""
        found = stores.verify(store) if (store / "records").is_dir() else ""
        # Outcomes whose record was not written any more are whole, and written again with it.
        torn = "".join(line for line in found.splitlines() if "no record is computed from it" not in line)
        again = self.run(store)
        if torn or again.code:
            return torn or f"exit code {again.code}: {again.said}"
        return stores.difference(stores.results_of(store), self.expected)


def full(bench: Bench, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Disks of several sizes, all too small, which then grow."""
    used = sum(path.stat().st_blocks * 512 for path in bench.whole.rglob("*"))
    for share in SHARES:
        with disk(folder / "disk", int(share * used)) as mounted:
            ended = bench.run(mounted / "store")
            remount(mounted, f"size={ROOM}")
            wrong = bench.judge(mounted / "store")
        yield _line(f"disk full at {share:.0%}", ended, wrong)


def quotas(bench: Bench, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """A quota that is too small, and then larger."""
    if not has_quotas():
        yield "quota", "left out: there is no mkfs.btrfs", True
        return
    used = sum(path.stat().st_blocks * 512 for path in bench.whole.rglob("*"))
    for share in (SHARES[0], SHARES[2]):
        with quota(folder / "disk", ROOM, int(share * used)) as mine:
            ended = bench.run(mine / "store")
            allow(mine, "none")
            wrong = bench.judge(mine / "store")
        yield _line(f"quota used up at {share:.0%}", ended, wrong)


def read_only(bench: Bench, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """No store yet, one that has begun, a disk that turns read-only under a run, and a store of another user."""
    with disk(folder / "disk", ROOM) as mounted:
        remount(mounted, "ro")
        ended = bench.run(mounted / "store")
        remount(mounted, "rw")
        wrong = bench.judge(mounted / "store")
        yield _line("read-only, no store yet", ended, wrong)
    with disk(folder / "disk", ROOM) as mounted:
        _begin(bench, mounted / "store")
        remount(mounted, "ro")
        ended = bench.run(mounted / "store")
        remount(mounted, "rw")
        wrong = bench.judge(mounted / "store")
        yield _line("read-only, half a store", ended, wrong)
    with failing_disk(folder / "disk", ROOM) as mounted:
        run = bench.start(mounted / "store")
        _wait_for_records(run, mounted / "store")
        fail(mounted)
        ended = Ended(run.wait(HANGING), run.text)
        mend(mounted)
        wrong = bench.judge(mounted / "store")
        yield _line("turns read-only under a run", ended, wrong)
    with disk(folder / "disk", ROOM) as mounted:
        _begin(bench, mounted / "store")
        # Without the capabilities that let root write what is another's.
        dropped = ["setpriv", "--reuid=65534", "--bounding-set=-all", "--inh-caps=-all", "--clear-groups"]
        with _readable(folder):
            ended = bench.run(mounted / "store", before=dropped, environment={"HOME": "/nonexistent"})
        wrong = bench.judge(mounted / "store")
        yield _line("another user's store", ended, wrong)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """Let other users look into a temporary folder."""
    before = folder.stat().st_mode
    folder.chmod(0o755)
    (folder / "printed.txt").chmod(0o666)
    yield
    folder.chmod(before)


def _line(name: str, ended: Ended, wrong: str) -> tuple[str, str, bool]:
    good = ended.code == 2 and ended.is_one_line and not wrong
    return name, f"code {ended.code}, {wrong or 'goes on to equal results'}; {ended.said}", good


def _begin(bench: Bench, store: Path, **options: object) -> None:
    """Make some records of a store, then kill the run."""
    run = bench.start(store, **options)
    _wait_for_records(run, store)
    run.end()
    if run.gone_after(HANGING) is None:
        raise RuntimeError("a killed run does not end")


def _wait_for_records(run: Run, store: Path) -> None:
    wait_for(lambda: sum(1 for _ in store.glob("records/*.json")) >= 5, HANGING, run.text)


def few_handles(bench: Bench, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """Runs that may open few files: they end well, or in one line."""
    for handles in HANDLES:
        store = folder / "handles"
        shutil.rmtree(store, ignore_errors=True)
        ended = bench.run(store, before=["prlimit", f"--nofile={handles}"])
        wrong = bench.judge(store)
        text = f"code {ended.code}, {wrong or 'equal results'}; {ended.said}"
        yield f"{handles} file handles", text, ended.is_one_line and not wrong


def clock(bench: Bench, folder: Path) -> Iterator[tuple[str, str, bool]]:
    """The clock goes back two days while a run is under way; and a store whose files are two days younger than today."""
    offset, shifted = folder / "offset", folder / "shifted"
    shifted.mkdir()
    (shifted / "sitecustomize.py").write_text(SHIFTED)
    moved = {"PYTHONPATH": str(shifted), "CLOCK_OFFSET": str(offset)}
    for name, first, then in (
        ("clock set back 2 days in a run", 0, -2 * DAYS),
        ("clock set on 2 days in a run", 0, 2 * DAYS),
    ):
        store = folder / "clock"
        shutil.rmtree(store, ignore_errors=True)
        offset.write_text(str(first))
        run = bench.start(store, environment=moved)
        _wait_for_records(run, store)
        offset.write_text(str(then))
        ended = Ended(run.wait(HANGING), run.text)
        wrong = stores.difference(stores.results_of(store), bench.expected)
        yield name, f"code {ended.code}, {wrong or 'equal results'}; {ended.said}", ended.code == 0 and not wrong
    store = folder / "younger"
    offset.write_text(str(2 * DAYS))
    _begin(bench, store, environment=moved)
    wrong = bench.judge(store)
    yield "a store of 2 days from now goes on today", wrong or "equal results", not wrong


@click.command()
@click.option("--only", help="One of full, quotas, read_only, few_handles, clock.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def main(only: str | None, as_json: Path | None) -> None:
    """Run a small study where the system refuses it something; exit code 1 when a goal is missed."""
    figures: dict[str, object] = {}
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        for measure in (full, quotas, read_only, few_handles, clock):
            if only not in {None, measure.__name__}:
                continue
            if measure in {full, quotas, read_only} and os.geteuid() != 0:
                figures[measure.__name__] = "left out: root alone may mount a file system"
                continue
            for what, text, good in measure(bench, Path(name)):
                figures[what] = text if good else f"{text} MISSED"
                missed += not good
                click.echo(f"{what}: {figures[what]}", err=True)
    show(figures, as_json)
    raise SystemExit(missed > 0)


if __name__ == "__main__":
    main()
