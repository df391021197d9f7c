"""SIGKILL at random moments: are records lost, doubled or changed, and does a process outlive its run?

python -m benchmarks.robustness.kills --kills 200 --seed 0

A study is run again and again until nothing is left to do, and is killed all the while. Each start of `bench run` is
killed as the seed draws it: while it imports and plans, or when its workers are at their jobs. There the blows fall one
after the other on a worker, on the worker that pretrains, or on the server that workers are forked from, and the last on
the command itself, alone or with its whole process group; one in five of the last is SIGTERM followed by SIGKILL, so that
a checkpoint is being written. A finished store is held against that of a run that nobody disturbed, and the next round
begins with an empty one.
"""

import json
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil

from benchmarks.robustness import stores
from benchmarks.robustness.processes import LOOK, Run, kill
from benchmarks.robustness.world import make_world

# Share of starts that are killed before any worker is at a job.
EARLY = 0.25
# Blows at workers in a start that gets so far, and seconds between two of them.
MOST_BLOWS, BETWEEN = 24, 3.0
# Seconds after its command was killed in which every process of a run must have ended.
PATIENCE = 10.0
# Share of last blows that are announced by SIGTERM, and the most seconds before SIGKILL follows.
ANNOUNCED, NOTICE = 0.2, 1.0
# Seconds after which a start that nobody has killed counts as hanging.
HANGING = 600.0


@dataclass
class Findings:
    """What was done to the runs and what came of it."""

    blows: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    rounds: int = 0
    lost: int = 0
    changed: int = 0
    wrong: int = 0
    orphans: int = 0
    unsound: int = 0
    hung: int = 0
    claims_left: int = 0
    claims_kept: int = 0
    parts_left: int = 0
    longest_life: float = 0.0
    codes: Counter[int] = field(default_factory=Counter)

    @property
    def kills(self) -> int:
        """SIGKILLs that met a living process; a process group counts as one."""
        return self.blows.total()

    def table(self) -> dict[str, object]:
        """By name, in the order of a report."""
        return {
            "kills": self.kills,
            "of them": dict(self.blows),
            "starts of the command": self.starts,
            "finished rounds": self.rounds,
            "records or weights lost": self.lost,
            "written a second time or changed": self.changed,
            "other than undisturbed": self.wrong,
            "stores that bench verify finds damaged": self.unsound,
            f"processes alive {PATIENCE:g} s after their command": self.orphans,
            "longest life after the command, s": round(self.longest_life, 2),
            "claims that killed holders had signed": self.claims_left,
            "of them never taken over": self.claims_kept,
            "half-written temporary files left": self.parts_left,
            "runs that hung": self.hung,
            "exit codes of runs that ended by themselves": dict(self.codes),
        }

    @property
    def sound(self) -> bool:
        """Whether nothing went wrong."""
        return not any(
            (self.lost, self.changed, self.wrong, self.unsound, self.orphans, self.claims_kept, self.hung)
        ) and not (self.codes.keys() - {0, 1, -signal.SIGTERM})


class Killer:
    """Kills runs of one study until so many blows have met something.

    Args:
        study: file of the study.
        folder: for the stores.
        seed: of all that is drawn.
    """

    def __init__(self, study: Path, folder: Path, seed: int) -> None:
        self._study, self._folder = study, folder
        self._random = random.Random(seed)
        self.found = Findings()
        whole = folder / "whole"
        begun = time.monotonic()
        run = self._start(whole)
        self._startup = self._seconds_to_work(run, begun)
        if run.wait(HANGING):
            raise RuntimeError(run.text)
        self._expected = stores.results_of(whole)

    def go(self, kills: int, minutes: float) -> Findings:
        """Round after round; what is left of the last one ends undisturbed."""
        end = time.monotonic() + 60 * minutes
        while self.found.kills < kills and time.monotonic() < end:
            store = self._folder / "round"
            shutil.rmtree(store, ignore_errors=True)
            self._round(store, kills, end)
            self._compare(store)
            click.echo(f"round {self.found.rounds}: {self.found.kills} kills, {dict(self.found.blows)}", err=True)
        return self.found

    def _start(self, store: Path) -> Run:
        return Run(["run", "--study", self._study, "--store", store], self._folder / "printed.txt")

    def _seconds_to_work(self, run: Run, begun: float) -> float:
        while not run.workers() and run.process.poll() is None:
            time.sleep(LOOK)
        return time.monotonic() - begun

    def _round(self, store: Path, kills: int, end: float) -> None:
        seen: dict[str, stores.File] = {}
        signed: set[str] = set()
        while True:
            run = self._start(store)
            self.found.starts += 1
            enough = self.found.kills >= kills or time.monotonic() > end
            killed = False if enough else self._disturb(run)
            if killed:
                self._bury(run)
            else:
                self._let_end(run)
            seen = self._check(store, seen)
            click.echo(f"start {self.found.starts}: {self.found.kills} kills, {len(seen)} files", err=True)
            left = stores.claims(store)
            if killed:
                self.found.claims_left += len(left - signed)
                signed |= left
            elif run.process.returncode == 0:
                self.found.claims_kept += len(left)
                return

    def _disturb(self, run: Run) -> bool:
        """Kill parts of a run and then the whole; returns whether its command was killed."""
        if self._random.random() < EARLY:
            self._rest(run, self._random.uniform(0, self._startup))
            return self._kill_command(run)
        while not run.workers():
            if run.process.poll() is not None:
                return False
            time.sleep(LOOK)
        for _ in range(self._random.randint(0, MOST_BLOWS)):
            self._rest(run, self._random.uniform(0, BETWEEN))
            self._kill_part(run)
        self._rest(run, self._random.uniform(0, BETWEEN))
        return self._kill_command(run)

    @staticmethod
    def _rest(run: Run, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and run.process.poll() is None:
            time.sleep(LOOK)

    def _kill_part(self, run: Run) -> None:
        workers = run.workers()
        pretraining = [each for each in workers if self._pretrains(each)]
        kind = self._random.choices(("worker", "pretraining worker", "server"), (6, 3, 1))[0]
        server = run.server()
        if kind == "server" and server is not None:
            self.found.blows[kind] += kill(server)
        elif kind == "pretraining worker" and pretraining:
            self.found.blows[kind] += kill(self._random.choice(pretraining))
        elif workers:
            chosen = self._random.choice(workers)
            self.found.blows["pretraining worker" if chosen in pretraining else "worker"] += kill(chosen)

    def _pretrains(self, worker: psutil.Process) -> bool:
        """Whether it has signed for a job that has no record to give: its log or checkpoint lies beside no cell."""
        for holder in (self._folder / "round" / "jobs").glob("*/holder.json"):
            try:
                said = json.loads(holder.read_text())
            except (OSError, ValueError):
                continue
            if said["pid"] == worker.pid:
                return f"weights/{holder.parent.name}/backbone.safetensors" in self._expected
        return False

    def _kill_command(self, run: Run) -> bool:
        if run.process.poll() is not None:
            return False
        if self._random.random() < ANNOUNCED:
            run.process.terminate()
            self._rest(run, self._random.uniform(0, NOTICE))
            if run.process.poll() is not None:
                return False
        whole = self._random.random() < 0.5
        try:
            os.killpg(run.process.pid, signal.SIGKILL) if whole else run.process.kill()
        except ProcessLookupError:
            return False
        run.process.wait()
        self.found.blows["process group" if whole else "command"] += 1
        return True

    def _bury(self, run: Run) -> None:
        life = run.gone_after(PATIENCE)
        if life is None:
            self.found.orphans += len(run.members())
            run.end()
        else:
            self.found.longest_life = max(self.found.longest_life, life)

    def _let_end(self, run: Run) -> None:
        try:
            run.process.wait(HANGING)
        except TimeoutError:
            self.found.hung += 1
            run.end()
        self.found.codes[run.process.returncode] += 1
        self._bury(run)

    def _check(self, store: Path, seen: dict[str, stores.File]) -> dict[str, stores.File]:
        """Hold all that was ever seen against what there is now."""
        now = stores.files_of(store)
        self.found.lost += len(seen.keys() - now.keys())
        self.found.changed += sum(now[name] != seen[name] for name in seen.keys() & now.keys())
        return now

    def _compare(self, store: Path) -> None:
        found = stores.results_of(store)
        self.found.rounds += 1
        self.found.wrong += len(self._expected.keys() ^ found.keys())
        self.found.wrong += sum(self._expected[name] != found[name] for name in self._expected.keys() & found.keys())
        self.found.unsound += bool(stores.verify(store))
        self.found.parts_left += stores.left_parts(store)


@click.command()
@click.option("--kills", default=200, show_default=True, help="SIGKILLs that must meet a living process.")
@click.option("--seed", default=0, show_default=True, help="Of what is killed and when.")
@click.option("--minutes", default=60.0, show_default=True, help="After which no more fall.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def main(kills: int, seed: int, minutes: float, as_json: Path | None) -> None:
    """Kill runs of a small study at random moments; exit code 1 when a goal is missed."""
    from benchmarks.robustness import show

    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "world").mkdir()
        found = Killer(make_world(Path(folder) / "world"), Path(folder), seed).go(kills, minutes)
    show(found.table() | {"minutes": round((time.monotonic() - begun) / 60, 1)}, as_json)
    raise SystemExit(not found.sound)


if __name__ == "__main__":
    main()
