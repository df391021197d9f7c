"""Printing on a terminal that may be closed meanwhile: once it is gone, it answers whatever is written with an error.

The system tells the command that its terminal is gone too, by SIGHUP (`bench.core.stopping`), but often a moment after
the first such error, and not at all where the command has left the terminal's session. An error of a progress bar must
not pass for a failure of what it shows.
"""

import errno
import io
import os
import sys
from collections.abc import Iterable
from typing import Any


def leave(numbers: Iterable[int]) -> None:
    """Send what is still printed on these file descriptors nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for number in numbers:
        os.dup2(nowhere, number)
    os.close(nowhere)


class _Terminal(io.FileIO):
    """Bytes for a terminal, which go nowhere once it is gone."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            leave([self.fileno()])
            return memoryview(data).nbytes


def outlive() -> None:
    """Let this process print on, to nowhere, when its terminal is gone; streams that are no terminal stay as they are."""
    if os.name == "nt":  # whose consoles end their processes
        return
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not (isinstance(stream, io.TextIOWrapper) and stream.isatty()):
            continue
        stream.flush()
        raw = _Terminal(stream.fileno(), "w", closefd=False)
        raw.name = stream.name
        shown = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, newline="\n", line_buffering=True
        )
        setattr(sys, name, shown)
