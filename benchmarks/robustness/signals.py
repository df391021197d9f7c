"""Told to stop, Ctrl-C once and twice, a terminal that closes, a machine that sleeps: how a run ends, and goes on.

python -m benchmarks.robustness.signals

Each is done to a run of a small study that is still importing, that pretrains, and that is at its cells. Measured are the
seconds until every process of it has ended, its exit code and its last line. What was disturbed while it pretrained is
disturbed again at its cells; then the same command goes on, and the finished store must equal that of a run that nobody
disturbed.
"""

import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import click

from benchmarks.robustness import show, stores
from benchmarks.robustness.processes import OnTerminal, Run, wait_for
from benchmarks.robustness.world import make_world

# Seconds within which a run must have ended.
GOAL = 10.0
# Seconds after which it is given up.
HANGING = 600.0
CTRL_C = b"\x03"


def terminate(run: OnTerminal) -> None:
    """SIGTERM to the command alone, as a scheduler or a service manager sends it."""
    run.process.terminate()


def terminate_all(run: OnTerminal) -> None:
    """SIGTERM to every process, as a machine that shuts down sends it."""
    for member in run.members():
        with suppress(OSError):
            os.kill(member.pid, signal.SIGTERM)


def interrupt(run: OnTerminal) -> None:
    """Ctrl-C on the keyboard, which reaches every process of the run."""
    run.type(CTRL_C)


def interrupt_twice(run: OnTerminal) -> None:
    """Ctrl-C and again a moment later, while the first one is being heeded."""
    run.type(CTRL_C)
    time.sleep(0.1)
    run.type(CTRL_C)


def hammer(run: OnTerminal) -> None:
    """Ctrl-C twenty times within half a second."""
    for _ in range(20):
        run.type(CTRL_C)
        time.sleep(0.025)


def hang_up(run: OnTerminal) -> None:
    """The window is closed, and there is nothing left to print on."""
    run.close()


# What is done, the exit codes that are right once the study runs, and before: there a signal may just end the process.
BLOWS: dict[str, tuple[Callable[[OnTerminal], None], set[int], set[int]]] = {
    "SIGTERM": (terminate, {0}, {-signal.SIGTERM}),
    "SIGTERM to all": (terminate_all, {0}, {-signal.SIGTERM}),
    "Ctrl-C": (interrupt, {130}, {130}),
    "Ctrl-C twice": (interrupt_twice, {130}, {130}),
    "Ctrl-C 20 times": (hammer, {130}, {130}),
    "terminal closed": (hang_up, {0}, {-signal.SIGHUP}),
}
MOMENTS = ("importing", "pretraining", "at its cells")


def reach(run: Run, store: Path, moment: str) -> None:
    """Wait until a run is where it shall be disturbed."""
    if moment == "importing":
        time.sleep(1.0)
        return

    def there() -> bool:
        if run.process.poll() is not None:
            raise RuntimeError(f"it ended before it was {moment}: {run.text}")
        claimed, cells = any(store.glob("jobs/*/holder.json")), sum(1 for _ in store.glob("records/*.json"))
        return claimed if moment == "pretraining" else cells >= 3

    wait_for(there, HANGING, f"{moment}: {run.text}")


def sleep_through(run: Run, seconds: float) -> None:
    """Stop every process of a run, and let them go on after a while."""
    members = run.members()
    for member in members:
        member.suspend()
    time.sleep(seconds)
    for member in members:
        member.resume()


def judge(run: OnTerminal, begun: float) -> tuple[int, float]:
    """Exit code of a run and the seconds from `begun` until nothing of it was left.

    Raises:
        RuntimeError: something was left after `HANGING`.
    """
    code = run.wait(HANGING)
    if run.gone_after(HANGING) is None:
        raise RuntimeError(f"{len(run.members())} processes never ended")
    return code, time.monotonic() - begun


def finish(study: Path, store: Path, printed: Path, expected: dict[str, object]) -> str:
    """Let the same command go on; says what is wrong with the finished store."""
    run = Run(["run", "--study", study, "--store", store], printed)
    if code := run.wait(HANGING):
        return f"exit code {code}: {run.text.splitlines()[-1]}"
    return stores.difference(stores.results_of(store), expected) or stores.verify(store)


def last_line(text: str) -> str:
    """What a run has said in the end, without what drew its bars."""
    return " / ".join(re.findall(r"bench: [^\x1b\r\n]*|Traceback", text))


@click.command()
@click.option("--sleep", default=60.0, show_default=True, help="Seconds for which every process is stopped.")
@click.option("--only", help="One of the rows, by its name.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def main(sleep: float, only: str | None, as_json: Path | None) -> None:
    """Disturb runs of a small study in every way; exit code 1 when a goal is missed."""
    figures: dict[str, object] = {}
    missed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "world").mkdir()
        study, printed = make_world(folder / "world"), folder / "printed.txt"
        whole, store = folder / "whole", folder / "store"
        if Run(["run", "--study", study, "--store", whole], printed).wait(HANGING):
            raise SystemExit(printed.read_text())
        expected = stores.results_of(whole)
        for blow, (strike, codes, early) in BLOWS.items():
            for moment in MOMENTS:
                if only not in {None, blow}:
                    continue
                if moment == MOMENTS[0]:
                    shutil.rmtree(store, ignore_errors=True)
                run = OnTerminal(["run", "--study", study, "--store", store], printed)
                reach(run, store, moment)
                begun = time.monotonic()
                strike(run)
                code, seconds = judge(run, begun)
                said = last_line(run.text)
                wrong = finish(study, store, printed, expected) if moment == MOMENTS[-1] else ""
                right = codes | early if moment == "importing" else codes
                good = seconds <= GOAL and code in right and not wrong and "Traceback" not in said
                missed += not good
                figures[f"{blow}, {moment}"] = (
                    f"{seconds:.1f} s, code {code}, {wrong or 'goes on'}{'' if good else ' MISSED'}; {said}"
                )
                click.echo(f"{blow}, {moment}: {figures[f'{blow}, {moment}']}", err=True)
        if only in {None, "asleep"}:
            shutil.rmtree(store, ignore_errors=True)
            run = OnTerminal(["run", "--study", study, "--store", store], printed)
            reach(run, store, "pretraining")
            sleep_through(run, sleep)
            code = run.wait(HANGING)
            wrong = stores.difference(stores.results_of(store), expected)
            missed += bool(code or wrong)
            figures[f"asleep for {sleep:g} s"] = f"code {code}, {wrong or 'equal results'}"
    show(figures, as_json)
    raise SystemExit(missed > 0)


if __name__ == "__main__":
    main()
