"""Runs as a user starts them, found again by a mark in their environment, whoever has become their parent."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

MARK = "ROBUSTNESS_RUN"
COMMAND = "from bench.cli import main; main()"
# Heard though a shell starts jobs in the background deaf to Ctrl-C, and nohup to the end of a terminal; this may be one.
HEARING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    f"signal.signal(signal.SIGHUP, signal.SIG_DFL); {COMMAND}"
)
# Seconds between two looks.
LOOK = 0.05


class Run:
    """One `bench` command in a process group of its own.

    Args:
        arguments: of `bench`.
        printed: file that takes what it prints.
        before: what its command line begins with, such as `prlimit --nofile=48`.
        environment: variables beside those of this process.
    """

    def __init__(
        self,
        arguments: Sequence[object],
        printed: Path,
        *,
        before: Sequence[object] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self.mark = uuid.uuid4().hex
        self.printed = printed
        command = [*map(str, before), sys.executable, "-c", HEARING, *map(str, arguments)]
        variables = os.environ | {MARK: self.mark, "COLUMNS": "300", "OMP_NUM_THREADS": "1"} | (environment or {})
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # else each compiles torch anew
        self.process = self._begin(command, variables)

    def _begin(self, command: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.printed.open("wb") as stream:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=variables,
            )

    @property
    def text(self) -> str:
        """What it has printed."""
        return self.printed.read_text(errors="replace")

    def members(self) -> list[psutil.Process]:
        """All processes of the run that are alive, the command itself among them while it is."""
        return marked(self.mark)

    def workers(self) -> list[psutil.Process]:
        """Those that do jobs: forked from the server, which is a child of the command."""
        server = self.server()
        with suppress(psutil.NoSuchProcess):
            return [] if server is None else server.children()
        return []

    def server(self) -> psutil.Process | None:
        """The process that workers are forked from."""
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children():
                if "forkserver" in " ".join(child.cmdline()):
                    return child
        return None

    def wait(self, seconds: float) -> int:
        """Its exit code; it is killed, and told so, when it has not ended by then.

        Raises:
            subprocess.TimeoutExpired: it had to be killed.
        """
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end()
            raise

    def end(self) -> None:
        """Kill what is left of it."""
        for member in self.members():
            with suppress(psutil.NoSuchProcess):
                member.kill()
        self.process.wait()

    def gone_after(self, seconds: float) -> float | None:
        """Seconds until no process of it was alive; None where some still were after so long."""
        begun = time.monotonic()
        while self.members():
            if time.monotonic() - begun > seconds:
                return None
            time.sleep(LOOK)
        return time.monotonic() - begun


class OnTerminal(Run):
    """A `bench` command that is the first in a terminal of its own."""

    def _begin(self, command: list[str], variables: dict[str, str]) -> subprocess.Popen[bytes]:
        self._hand, terminal = pty.openpty()
        # `setsid --ctty` makes the terminal what Ctrl-C and the end of a session come from; it becomes the command.
        started = subprocess.Popen(
            ["setsid", "--ctty", *command], stdin=terminal, stdout=terminal, stderr=terminal, env=variables
        )
        os.close(terminal)
        self._closing = threading.Event()
        threading.Thread(target=self._note, daemon=True).start()
        return started

    def _note(self) -> None:
        # Nobody may be reading when it is closed: it would stay open until there is something to read.
        with self.printed.open("wb", buffering=0) as stream, suppress(OSError):
            while not self._closing.is_set():
                if select.select([self._hand], [], [], LOOK)[0]:
                    stream.write(os.read(self._hand, 4096))
        os.close(self._hand)

    def type(self, keys: bytes) -> None:
        """Type on its keyboard, which is gone as soon as the command has ended."""
        with suppress(OSError):
            os.write(self._hand, keys)

    def close(self) -> None:
        """Close the terminal's window."""
        self._closing.set()


def marked(mark: str) -> list[psutil.Process]:
    """Living processes that were started with a mark, or by one that was; those that only wait to be buried are dead."""
    found = []
    for process in psutil.process_iter(["status"]):
        with suppress(psutil.Error):
            if process.info["status"] != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process)
    return found


def kill(process: psutil.Process) -> bool:
    """SIGKILL; returns whether it was alive to be killed."""
    try:
        process.send_signal(signal.SIGKILL)
    except psutil.NoSuchProcess:
        return False
    return True


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it never was.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(LOOK)
