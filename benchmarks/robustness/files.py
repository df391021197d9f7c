"""Damaged files, thousands of them, given to the code that commands read them with.

    python -m benchmarks.robustness.files --mutations 2000 --seed 0 [--commands 3] [--keep FOLDER]

Each kind of file is damaged from a seed of its own and read in a process of its own, so that a crash is counted and not
felt. What counts as a fault: anything raised but a BenchError, more than two seconds of processor time, a process that
died, and a file of which a change of meaning was accepted. With --commands some of each kind go through `bench` itself.
"""

import json
import multiprocessing
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

import click

from benchmarks.robustness.targets import Target, targets

# Of processor time, for one file; and of the clock, for what waits.
SECONDS, PATIENCE = 2.0, 60.0
# Address space beyond what a process has when it begins: what a file claims is not to be believed.
MEMORY = 6 << 30
FAULTS = ("traceback", "hang", "crash", "wrongly accepted")


class _TooLongError(BaseException):
    """A file took more than its time; no reader may catch it."""


def _stop(*_: object) -> None:
    raise _TooLongError


def damaged(target: Target, seed: int, number: int) -> bytes:
    """The content of one damaged file, the same for the same seed and number."""
    draw = random.Random(f"{target.name} {seed} {number}")
    sound = target.path.read_bytes()
    for _ in range(20):
        found = target.damage(sound, draw)
        if found != sound:
            return found
    return sound + b"\0"


def try_one(target: Target, content: bytes, *, watched: bool = True) -> tuple[str, str]:
    """Read a damaged file; returns what happened, and more of it where that is a fault."""
    from bench.core.errors import BenchError

    sound = target.path.read_bytes()
    target.path.write_bytes(content)
    begun = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SECONDS if watched else 0)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE if watched else 0)
    try:
        accepted = target.read(target.root)
        happened, more = ("accepted" if accepted else "refused"), ""
        if accepted and target.means is not None and _changed(target, sound, content):
            happened, more = "wrongly accepted", "the change was not noticed"
    except BenchError:  # one line, for commands spell out what would begin another (`bench.core.texts.visible`)
        happened, more = "refused", ""
    except _TooLongError:
        happened, more = "hang", f"more than {time.process_time() - begun:.1f} s of processor time"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - what is counted here
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = next(
            (
                f
                for f in reversed(traceback.extract_tb(error.__traceback__))
                if "/bench/" in f.filename or "/tasks/" in f.filename or "/results/" in f.filename
            ),
            where,
        )
        happened = "traceback"
        more = (
            f"{type(error).__name__}: {str(error)[:120]} at {Path(place.filename).name}:{place.lineno} in {place.name}"
        )
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        target.path.write_bytes(sound)
    return happened, more


def _changed(target: Target, sound: bytes, content: bytes) -> bool:
    assert target.means is not None
    try:
        return bool(target.means(sound) != target.means(content))
    except ValueError:
        return True


def _work(folder: str, name: str, seed: int, begin: int, count: int, results: Any) -> None:
    """Try the files of one kind, from a number on; each is told before and after, so that a crash has a number."""
    target = next(each for each in _made(Path(folder)) if each.name == name)
    signal.signal(signal.SIGPROF, _stop)
    signal.signal(signal.SIGALRM, _stop)
    if try_one(target, target.path.read_bytes(), watched=False)[0] != ("accepted" if target.accepted else "refused"):
        raise RuntimeError(f"{name} is not read as it should be before it is damaged")  # imports are made too
    pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (pages + MEMORY, pages + MEMORY))
    for number in range(begin, count):
        results.send((number, None, ""))
        results.send((number, *try_one(target, damaged(target, seed, number))))
    results.send(None)


_TARGETS: dict[Path, list[Target]] = {}


def _made(folder: Path) -> list[Target]:
    if folder not in _TARGETS:
        _TARGETS[folder] = targets(folder)
    return _TARGETS[folder]


def try_all(folder: Path, name: str, seed: int, count: int) -> list[tuple[int, str, str]]:
    """What happened with each file of a kind: its number, the outcome, and more of a fault."""
    found: list[tuple[int, str, str]] = []
    begin = 0
    context = multiprocessing.get_context("fork")
    while begin < count:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(str(folder), name, seed, begin, count, theirs))
        process.start()
        theirs.close()
        at, open_ = begin, False
        try:
            while (told := ours.recv()) is not None:
                at, happened, more = told
                open_ = happened is None
                if happened is not None:
                    found.append((at, happened, more))
            begin = count
        except EOFError:
            process.join()
            if not open_:
                raise RuntimeError(f"{name}: the process ended with {process.exitcode} before it read a file") from None
            found.append((at, "crash", f"the process ended with {process.exitcode}"))
            begin = at + 1
            for each in _made(folder):  # the dead one left its damage
                if each.name == name:
                    each.path.write_bytes(_SOUND[name])
        process.join()
    return found


_SOUND: dict[str, bytes] = {}


def try_commands(target: Target, seed: int, count: int) -> list[tuple[int, str, str]]:
    """Some damaged files through the command that a user would type."""
    found = []
    bench = Path(sys.executable).with_name("bench")
    sound = target.path.read_bytes()
    for number in range(count if target.command else 0):
        content = damaged(target, seed, number)
        target.path.write_bytes(content)
        words = [w.replace("{}", str(target.path)).replace("[]", str(target.root)) for w in target.command]
        try:
            done = subprocess.run(
                [bench, *words], check=False, capture_output=True, text=True, errors="replace", timeout=300
            )
            told = done.stderr.splitlines()
            refused = done.returncode in {1, 2} and "Traceback" not in done.stderr + done.stdout
            refused &= done.returncode == 1 or "".join(told[-1:]).startswith("bench: ")
            happened = "accepted" if done.returncode == 0 else "refused" if refused else "traceback"
            found.append((number, happened, "" if happened != "traceback" else done.stderr[-300:]))
        except subprocess.TimeoutExpired:
            found.append((number, "hang", "300 s"))
        finally:
            target.path.write_bytes(sound)
    return found


@click.command()
@click.option("--mutations", default=2000, show_default=True, help="Damaged files of all kinds together.")
@click.option("--seed", default=0, show_default=True, help="Of the damage.")
@click.option("--commands", default=0, show_default=True, help="So many of each kind go through `bench` itself too.")
@click.option("--only", multiple=True, help="Kinds whose name holds this.")
@click.option("--keep", type=click.Path(path_type=Path), help="Write the files that were faults here.")
@click.option("--json", "out", type=click.Path(path_type=Path), help="Write the figures here.")
def main(mutations: int, seed: int, commands: int, only: tuple[str, ...], keep: Path | None, out: Path | None) -> None:
    """Damage files and read them."""
    with tempfile.TemporaryDirectory() as work:
        figures = measure(Path(work) / "files", mutations, seed, commands, only, keep)
    if out:
        out.write_text(json.dumps(figures, indent=1) + "\n")
    if any(figures["total"].get(fault) for fault in FAULTS):
        raise SystemExit(1)


def measure(
    folder: Path, mutations: int, seed: int, commands: int = 0, only: tuple[str, ...] = (), keep: Path | None = None
) -> dict[str, Any]:
    """Try all kinds, print a line each, and return the counts and every fault."""
    every = _made(folder)
    _SOUND.update({each.name: each.path.read_bytes() for each in every})
    shares = sum(each.share for each in every)
    chosen = [each for each in every if not only or any(text in each.name for text in only)]
    total: Counter[str] = Counter()
    faults: list[dict[str, Any]] = []
    kinds = {}
    print(f"{'kind':24}{'files':>7}{'refused':>9}{'accepted':>10}{'faults':>8}{'commands':>10}")
    for each in chosen:
        count = max(1, round(mutations * each.share / shares))
        found = try_all(folder, each.name, seed, count)
        typed = try_commands(each, seed, commands)
        counts = Counter(happened for _, happened, _ in found)
        bad = [(*one, how) for how, some in (("read", found), ("command", typed)) for one in some if one[1] in FAULTS]
        total.update(counts)
        total["commands"] += len(typed)
        total.update({f"{happened} by a command": 1 for _, happened, _, how in bad if how == "command"})
        kinds[each.name] = {"files": count, **counts, "commands": len(typed)}
        print(
            f"{each.name:24}{count:7}{counts['refused']:9}{counts['accepted']:10}{len(bad):8}{len(typed):10}",
            flush=True,
        )
        for number, happened, more, how in bad:
            faults.append({"kind": each.name, "number": number, "fault": happened, "more": more, "how": how})
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{each.name}-{number}".replace(" ", "-")).write_bytes(damaged(each, seed, number))
    for (kind, fault, more), times in Counter((f["kind"], f["fault"], f["more"]) for f in faults).most_common():
        print(f"  {times} x {kind}: {fault}: {more}")
    print(
        f"{sum(total[k] for k in ('refused', 'accepted', *FAULTS))} files, {total['commands']} commands, {len(faults)} faults"
    )
    return {"mutations": mutations, "seed": seed, "total": dict(total), "kinds": kinds, "faults": faults}


if __name__ == "__main__":
    main()
