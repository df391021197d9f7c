"""What an engine is, what it runs, and what it tells about it."""

import contextlib
import errno
import importlib
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field

from bench.core import files
from bench.core.arithmetic import of_processor
from bench.core.context import Progress
from bench.core.errors import BenchError, DivergedError


class EngineOptions(BaseModel):
    """How work is run, whatever the engine; an engine's own options extend these. None is part of a key."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str = Field(default="local", description="which engine, see `bench engines`")
    threads: int = Field(
        default=1, gt=0, description="threads of each job; 1 keeps the numbers the same however many jobs run"
    )
    ranks: int = Field(
        default=1,
        gt=0,
        description="processes that share one pretraining and its batch, each on a GPU where there are any; of methods "
        "that can",
    )
    device: str = Field(
        default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto takes the GPUs where there are any"
    )

    def count_slots(self) -> int:
        """How many calls should run at the same time, as far as it is known before the engine starts."""
        return 1

    def describe(self) -> str:
        """Who runs where, as far as it is known before the engine starts."""
        return f"engine {self.kind}"

    def prepare(self, modules: Sequence[str]) -> None:
        """Begin with what takes long before the first call, beside whatever else goes on until the engine opens.

        Args:
            modules: that calls will import.
        """

    def arithmetic(self) -> str:
        """The precision that all of its processors compute natively: `bf16` or `fp32`."""
        return of_processor()


@dataclass(frozen=True)
class Call:
    """One call of a function in a worker.

    Attributes:
        name: identifies the call among those of a run.
        function: `module:function` of `(report, **arguments) -> value`; the module is imported in the worker.
        arguments: plain values.
        log: file that takes what the call prints.
        processes: that the call starts, each of which needs what a call needs; 1 where it works itself.
    """

    name: str
    function: str
    arguments: dict[str, Any]
    log: str
    processes: int = 1


@dataclass(frozen=True)
class Event:
    """What happened to a call.

    Attributes:
        name: the call's name.
        kind: it moved on, returned, raised, or its worker died. The last two end the call.
        value: `(done, total, text)` of a progress; the returned value; or a failure's `error` (one line),
            `traceback`, `user` (whether it is a mistake the user can mend) and, where it is so, `diverged` (whether a
            training's numbers were no longer finite, so that trying again would end the same) or `halts` (whether no
            other call could do better, as on a full disk).
    """

    name: str
    kind: Literal["progress", "returned", "raised"]
    value: Any = field(default=None)


@dataclass(frozen=True)
class Resources:
    """What an engine has: how many calls it can run at the same time. A cluster's may change during a run."""

    slots: int


class Engine(Protocol):
    """Runs calls somewhere.

    A context manager: leaving it gives back all that it holds, and cancels what is still under way. A call runs to its
    end or is never heard of again; calls of one engine may run on several machines that share a file system.
    """

    def __enter__(self) -> Self:
        """Open the engine."""
        ...

    def __exit__(self, *error: object) -> None:
        """Close it."""

    def submit(self, call: Call) -> None:
        """Start a call; at most `resources().slots` are under way at a time."""

    def events(self, timeout: float) -> Iterator[Event]:
        """What happened within `timeout` seconds; returns early as soon as something did."""
        ...

    def cancel(self) -> None:
        """End every call that is under way, at once; there is no event of them. The engine stays usable."""

    def stop(self, seconds: float) -> None:
        """Ask every call that is under way to keep where it is and end; those that have not after a while are ended."""

    def resources(self) -> Resources:
        """What there is now, used or not."""
        ...


def perform(call: Call, report: Progress) -> Event:
    """Do a call in this process, as a worker of any engine does: what it prints goes to its log.

    Standard output is the process' own, so a process does one call at a time.

    Returns:
        The event that ends the call; whatever goes wrong is in it.
    """
    try:
        with _output_to(Path(call.log)):
            module, name = call.function.split(":")
            value: Any = getattr(importlib.import_module(module), name)(report, **call.arguments)
    except BenchError as error:
        diverged = isinstance(error, DivergedError)
        failure = {"error": str(error), "traceback": "", "user": True, "diverged": diverged}
        return Event(call.name, "raised", failure)
    except Exception as error:  # noqa: BLE001 - the boundary of a cell: whatever went wrong is recorded
        if isinstance(error, OSError) and error.filename is None and error.errno == errno.ENOSPC:
            error.filename = call.log  # files are written under their names; what is printed goes there
        said = files.trouble(error) if isinstance(error, OSError) else None
        if said is not None:
            return Event(call.name, "raised", {"error": said, "traceback": "", "user": True, "halts": True})
        text = f"{type(error).__name__}: {error}".splitlines()[0]
        return Event(call.name, "raised", {"error": text, "traceback": traceback.format_exc(), "user": False})
    return Event(call.name, "returned", value)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send everything printed, by libraries in C too, to a file."""
    with files.about(log):
        log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    try:
        yield
    finally:
        try:
            with files.about(log):
                sys.stdout.flush()
                sys.stderr.flush()
        finally:
            for number, handle in enumerate(kept, start=1):
                os.dup2(handle, number)
                os.close(handle)
