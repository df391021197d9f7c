"""A process that has imported what commands import, and that commands are forked from: each is still one of its own.

Most of a short command is the import of pandas, SciPy and torch. The process here imports other people's packages and
none of ours, so that what a command does from its first line on is as in a new one. Where an environment could change
what those imports do, a new process it is (`fits`).
"""

import atexit
import functools
import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import warnings
from pathlib import Path

# Of a command: what its own process would run.
COMMAND = "from bench.cli import main; main()"
# As a new process has it: the folder of this file is not on the path of a command.
SERVER = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import warm; sys.path.pop(0); warm.serve(); {COMMAND}"
PACKAGES = ("click", "jinja2", "pandas", "pydantic", "pyproj", "rasterio", "rich.console", "scipy.stats", "torch")
# Variables that no package of these reads while it is imported.
LATE = ("BENCH_", "COLUMNS", "PYTEST_")


def serve() -> None:
    """Fork for each request, and return in the child, whose streams, folder, variables and words are the request's."""
    for name in PACKAGES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)  # Arrow's, which forks
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    line = socket.socket(fileno=int(sys.argv[1]))
    while True:
        mark, streams, _, _ = socket.recv_fds(line, 1, 2)
        if not mark:
            os._exit(0)  # the tests are over
        size = int.from_bytes(_exactly(line, 8))
        asked = json.loads(_exactly(line, size))
        child = os.fork()
        if child == 0:
            break
        for stream in streams:
            os.close(stream)
        line.sendall(os.waitpid(child, 0)[1].to_bytes(8, signed=True))
    line.close()
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    warnings.resetwarnings()
    warnings.filters[:] = _FILTERS
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    sys.argv[1:] = asked["words"]


# As Python starts with.
_FILTERS = list(warnings.filters)


def _exactly(line: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        more = line.recv(size - len(got))
        if not more:
            raise EOFError("the other process has ended")
        got += more
    return got


def fits(env: dict[str, str] | None) -> bool:
    """Whether a command with these variables may be forked."""
    if sys.platform != "linux":
        return False
    asked, there = os.environ if env is None else env, _server()[1]
    changed = {name for name in asked.keys() | there.keys() if asked.get(name) != there.get(name)}
    return all(name.startswith(LATE) for name in changed)


@functools.cache
def _server() -> tuple[socket.socket, dict[str, str]]:
    """The way to the process, which begins here and ends with this one; and the variables that it began with."""
    ours, its = socket.socketpair()
    began = dict(os.environ)
    command = [sys.executable, "-c", SERVER, str(its.fileno())]
    process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL, env=began)
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours, began


def run(words: list[str], env: dict[str, str] | None, cwd: Path | None) -> subprocess.CompletedProcess:
    """Run a command in a fork, as `subprocess.run` with its output captured as text."""
    line, _ = _server()
    asked = {"words": words, "env": dict(os.environ if env is None else env), "cwd": str(cwd or Path.cwd())}
    text = json.dumps(asked).encode()
    ends = [os.pipe(), os.pipe()]
    socket.send_fds(line, [b"x"], [write for _, write in ends])
    line.sendall(len(text).to_bytes(8) + text)
    for _, write in ends:
        os.close(write)
    said = ["", ""]

    def read(at: int) -> None:
        with os.fdopen(ends[at][0]) as stream:
            said[at] = stream.read()

    readers = [threading.Thread(target=read, args=(at,)) for at in (0, 1)]
    for reader in readers:
        reader.start()
    status = int.from_bytes(_exactly(line, 8), signed=True)
    for reader in readers:
        reader.join()
    return subprocess.CompletedProcess(["bench", *words], os.waitstatus_to_exitcode(status), *said)
