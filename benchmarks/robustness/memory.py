"""Too little memory: a call whose worker is killed, or finds none, is done once more alone, then failed with its reason.

python -m benchmarks.robustness.memory

Three ways: a control group whose limit the kernel's killer enforces (root alone may make one), a limit on the address
space of every process (`prlimit --as`), and SIGKILL of the worker at one job, as that killer would. One row of the study
has a network that does not fit, the other does; its cells must all be done.
"""

import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import psutil

from benchmarks.robustness import show
from benchmarks.robustness.processes import LOOK, Run, wait_for
from benchmarks.robustness.world import make_world, write_study

SMALL, LARGE = "timm:test_resnet", "resnet50"
# Bytes beside what the small network needs: far less than ResNet-50, its teacher and its optimiser's state.
SPARE = 200 * 2**20
HANGING = 600.0
GROUPS = Path("/sys/fs/cgroup/memory")


def of_sizes(folder: Path, backbones: list[str]) -> Path:
    """A study that pretrains networks of several sizes, and fine-tunes and probes each."""
    return write_study(
        folder,
        "sizes",
        {
            "corpus": str(folder / "corpus"),
            "data": {"demo-scenes": str(folder / "pictures")},
            "methods": ["moco"],
            "references": [],
            "backbones": backbones,
            "tasks": ["cls"],
            "protocols": {"cls": [str(folder / "scenes.yaml")]},
            "fractions": [0.2, 1.0],
            "seeds": 2,
        },
    )


@contextmanager
def control_group() -> Iterator[Path]:
    """A control group of memory (version 1)."""
    group = GROUPS / f"robustness-{os.getpid()}"
    group.mkdir()
    try:
        yield group
    finally:
        wait_for(lambda: not (group / "cgroup.procs").read_text(), 10, "the control group is empty")
        group.rmdir()


def inside(group: Path) -> list[str]:
    """A command line that puts what follows into a control group."""
    return ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]


def judge(run: Run, store: Path, expected: int) -> tuple[str, bool]:
    """How a run of both sizes ended: the small network's cells are done, and the large one's have failed with a reason."""
    code = run.wait(HANGING)
    backbones = [json.loads(path.read_text())["backbone"] for path in store.glob("records/*.json")]
    failures = [json.loads(path.read_text()) for path in store.glob("jobs/*/failure.json")]
    first = {text for text in (failure["error"] for failure in failures) if not text.startswith("its pretraining")}
    good = code == 1 and backbones.count(SMALL) == expected and backbones.count(LARGE) == 0 and bool(first)
    good = good and "Traceback" not in run.text
    reasons = " / ".join(sorted(first)) or run.text.splitlines()[-1]
    return f"code {code}, {backbones.count(SMALL)} of {expected} small cells done; {reasons}", good


def killed_by_the_kernel(folder: Path) -> tuple[str, bool]:
    """The limit of a control group is what the small network needs and a little more."""
    printed = folder / "printed.txt"
    with control_group() as group:
        run = Run(
            ["run", "--study", of_sizes(folder, [SMALL]), "--store", folder / "alone"], printed, before=inside(group)
        )
        if run.wait(HANGING):
            raise RuntimeError(run.text)
        # What lies in the page cache is counted too, and given back when it is wanted.
        needed = _resident(group, folder)
    with control_group() as group:
        (group / "memory.limit_in_bytes").write_text(str(needed + SPARE))
        study = of_sizes(folder, [SMALL, LARGE])
        run = Run(["run", "--study", study, "--store", folder / "group"], printed, before=inside(group))
        text, good = judge(run, folder / "group", 4)
        kills = [
            line.split()[1] for line in (group / "memory.oom_control").read_text().splitlines() if "oom_kill " in line
        ]
        return f"{text}; limit {(needed + SPARE) >> 20} MiB, {' '.join(kills) or '?'} killed by the kernel", good


def _resident(group: Path, folder: Path) -> int:
    """Most bytes that a run of the small network holds at a time, without what the page cache keeps for it."""
    most, printed = 0, folder / "printed.txt"
    run = Run(["run", "--study", of_sizes(folder, [SMALL]), "--store", folder / "again"], printed, before=inside(group))
    while run.process.poll() is None:
        for line in (group / "memory.stat").read_text().splitlines():
            name, value = line.split()
            if name == "total_rss":
                most = max(most, int(value))
        time.sleep(LOOK)
    return most


def without_address_space(folder: Path) -> tuple[str, bool]:
    """Every process may have as many addresses as those of the small network's run, and a little more."""
    printed, most = folder / "printed.txt", 0
    run = Run(["run", "--study", of_sizes(folder, [SMALL]), "--store", folder / "wide"], printed)
    while run.process.poll() is None:
        for member in run.members():
            with suppress(psutil.Error):
                most = max(most, member.memory_info().vms)
        time.sleep(5 * LOOK)
    limit = most + SPARE
    study, store = of_sizes(folder, [SMALL, LARGE]), folder / "narrow"
    text, good = judge(
        Run(["run", "--study", study, "--store", store], printed, before=["prlimit", f"--as={limit}"]), store, 4
    )
    return f"{text}; limit {limit >> 20} MiB", good


def killed_by_hand(folder: Path, times: int) -> tuple[str, bool]:
    """One cell's worker is killed whenever it is at that cell, so many times; then the same command goes on."""
    store, printed = folder / f"hand-{times}", folder / "printed.txt"
    study = of_sizes(folder, [SMALL])
    run = Run(["run", "--study", study, "--store", store], printed)
    chosen: list[str] = []
    alone: list[int] = []

    def strike() -> None:
        hit: set[tuple[int, float]] = set()
        while run.process.poll() is None and len(hit) < times:
            for holder in store.glob("jobs/*/holder.json"):
                with suppress(OSError, ValueError, ProcessLookupError):
                    said = json.loads(holder.read_text())
                    key = holder.parent.name
                    if sum(1 for _ in store.glob("weights/*/card.json")) < 2:
                        continue  # a pretraining, whose cells would fail with it
                    if (chosen and key != chosen[0]) or (said["pid"], said["since"]) in hit:
                        continue
                    others = {path.parent.name for path in store.glob("jobs/*/holder.json")} - {key}
                    os.kill(said["pid"], signal.SIGKILL)
                    hit.add((said["pid"], said["since"]))
                    chosen.append(key)
                    alone.append(len(others))
            time.sleep(0.005)

    thread = threading.Thread(target=strike)
    thread.start()
    code = run.wait(HANGING)
    thread.join()
    failures = {path.parent.name: json.loads(path.read_text())["error"] for path in store.glob("jobs/*/failure.json")}
    done = sum(1 for _ in store.glob("records/*.json"))
    again = Run(["run", "--study", study, "--store", store], printed)
    after, after_records = again.wait(HANGING), sum(1 for _ in store.glob("records/*.json"))
    expected = (0, 4, 0) if times == 1 else (1, 3, 1)
    good = (code, done, len(failures)) == expected and (after, after_records) == (0, 4) and len(chosen) == times
    if times > 1 and len(alone) == times:
        good = good and alone[1] == 0
    reason = "".join(failures.values())
    return (
        f"code {code}, {done} of 4 cells done, killed {len(chosen)} times, others at work then: {alone}; {reason}; "
        f"next run: code {after}, {after_records} of 4"
    ), good


@click.command()
@click.option("--only", help="One of the rows, by its first word.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def main(only: str | None, as_json: Path | None) -> None:
    """Let workers run out of memory; exit code 1 when a goal is missed."""
    figures: dict[str, object] = {}
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_world(folder)
        rows = {
            "once": lambda: killed_by_hand(folder, 1),
            "twice": lambda: killed_by_hand(folder, 2),
            "kernel": lambda: killed_by_the_kernel(folder),
            "addresses": lambda: without_address_space(folder),
        }
        for row, measure in rows.items():
            if only not in {None, row}:
                continue
            if row == "kernel" and not os.access(GROUPS, os.W_OK):
                figures[row] = "left out: no control groups of memory (version 1) that this user may make"
                continue
            text, good = measure()
            figures[row] = text if good else f"{text} MISSED"
            missed += not good
            click.echo(f"{row}: {figures[row]}", err=True)
    show(figures, as_json)
    raise SystemExit(missed > 0)


if __name__ == "__main__":
    main()
