"""The engine over machines: calls as tasks of a Ray cluster (extra `ray`) whose nodes share a file system with the store.

Calls and answers are plain values and paths, never tensors. Where a node is lost, Ray starts its tasks again elsewhere; a
pretraining then goes on from its checkpoint in the store.
"""

import os
import socket
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field

from bench.core import stopping
from bench.core.arithmetic import of_processor
from bench.core.errors import StudyError
from bench.engines import devices
from bench.engines.devices import VISIBLE
from bench.engines.engine import Call, EngineOptions, Event, Resources, perform

if TYPE_CHECKING:
    import ray

# Times that a call is started again because its node or its process was lost.
RETRIES = 3
SECONDS_TO_ANSWER = 10.0


class RayOptions(EngineOptions):
    """Options of the engine over machines."""

    address: str = Field(default="auto", description="of the cluster's head; auto is the one that this machine is of")
    gpus: Annotated[float, Field(ge=0)] | Literal["auto"] = Field(
        default="auto",
        description="of each job, fractions too; auto is one where the cluster has any, unless device is cpu",
    )
    memory_gib: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="of each job, which a node sets aside for it"
    )

    def arithmetic(self) -> str:
        """The lowest of all nodes, each of which is asked."""
        with RayEngine(self) as engine:
            return engine.arithmetic()

    def describe(self) -> str:
        """Where the cluster is; what it has is known when it is joined."""
        return f"the Ray cluster at {self.address}, with {self.threads} core{'s' if self.threads > 1 else ''} a job"


class RayEngine:
    """Tasks on a cluster; use as a context manager.

    Args:
        options: which cluster, and what each job asks of it.
    """

    def __init__(self, options: RayOptions) -> None:
        self._options = options
        self._running: dict[ray.ObjectRef[Event], Call] = {}
        self._mailbox: Any = None
        self._gpus = 0.0

    def __enter__(self) -> Self:
        ray = _import_ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        _knock(self._options.address)
        try:
            ray.init(address=self._options.address, log_to_driver=False, logging_level="error")
        except ConnectionError as error:
            reason = " ".join(str(error).split())
            raise StudyError(
                f"engine ray: no cluster at {self._options.address} ({reason}): start one, or say address"
            ) from None
        self._gpus = self._share_of_gpus(ray.cluster_resources().get("GPU", 0.0))
        # Beside the run itself: other nodes may be lost.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._mailbox = ray.remote(num_cpus=0, scheduling_strategy=here)(_Mailbox).remote()
        threads = str(self._options.threads)
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        asked: dict[str, Any] = {
            "num_cpus": self._options.threads,
            "num_gpus": self._gpus,
            "max_retries": RETRIES,
            "runtime_env": {"env_vars": dict.fromkeys(names, threads)},
        }
        if self._options.memory_gib:
            asked["memory"] = int(self._options.memory_gib * 2**30)
        self._task = ray.remote(**asked)(_work)
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()
        _import_ray().shutdown()

    def _share_of_gpus(self, there: float) -> float:
        if self._options.gpus != "auto":
            return self._options.gpus
        return 0.0 if self._options.device == "cpu" or not there else 1.0

    def resources(self) -> Resources:
        """How many calls the nodes that are alive have room for."""
        there = _import_ray().cluster_resources()
        rooms = [there.get("CPU", 0.0) / self._options.threads]
        rooms += [there.get("GPU", 0.0) / self._gpus] if self._gpus else []
        rooms += [there.get("memory", 0.0) / 2**30 / self._options.memory_gib] if self._options.memory_gib else []
        return Resources(max(1, int(min(rooms))))

    def arithmetic(self) -> str:
        """The precision that every node's processors compute natively, GPUs where calls run on these."""
        ray = _import_ray()
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ask = ray.remote(num_cpus=0)(_native)
        nodes = [
            node["NodeID"] for node in ray.nodes() if node["Alive"] and (not self._gpus or node["Resources"].get("GPU"))
        ]
        places = [NodeAffinitySchedulingStrategy(node, soft=False) for node in nodes]
        said = ray.get([ask.options(scheduling_strategy=place).remote(bool(self._gpus)) for place in places])
        return "bf16" if set(said) == {"bf16"} else "fp32"

    def submit(self, call: Call) -> None:
        """Give a call to the cluster, which starts it where there is room."""
        task = self._task
        if call.processes > 1:
            task = task.options(num_cpus=self._options.threads * call.processes, num_gpus=self._gpus * call.processes)
        self._running[task.remote(call, self._mailbox, self._gpus)] = call

    def events(self, timeout: float) -> Iterator[Event]:
        """What happened within `timeout` seconds; returns early as soon as a call has ended."""
        ray = _import_ray()
        done, _ = ray.wait(list(self._running), timeout=timeout) if self._running else ([], [])
        under_way = {call.name for call in self._running.values()}
        yield from (event for event in ray.get(self._mailbox.take.remote()) if event.name in under_way)
        for each in done:
            call = self._running.pop(each)
            try:
                yield ray.get(each)
            except ray.exceptions.RayError as error:
                text = f"the call was lost {RETRIES + 1} times ({str(error).splitlines()[0]})"
                yield Event(call.name, "raised", {"error": text, "traceback": str(error), "user": False})

    def cancel(self) -> None:
        """Kill the processes of all calls that are under way."""
        ray = _import_ray()
        for each in self._running:
            ray.cancel(each, force=True)
        self._running.clear()

    def stop(self, seconds: float) -> None:
        """Ask the calls to stop where they can be taken up again; they hear it at their next report."""
        ray = _import_ray()
        ray.get(self._mailbox.ask_to_stop.remote())
        if self._running:
            ray.wait(list(self._running), num_returns=len(self._running), timeout=seconds)
        self.cancel()


class _Mailbox:
    """An actor that keeps what calls report until it is asked for, and passes on that they are to stop."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=10_000)
        self._stop = False

    def put(self, event: Event) -> bool:
        """Keep a report; returns whether the call is to stop."""
        self._events.append(event)
        return self._stop

    def take(self) -> list[Event]:
        """All reports since the last time."""
        taken = list(self._events)
        self._events.clear()
        return taken

    def ask_to_stop(self) -> None:
        """Answer all reports from now on with a stop."""
        self._stop = True


def _native(gpus: bool) -> str:
    """What this node computes natively."""
    return devices.arithmetic() if gpus else of_processor()


def _work(call: Call, mailbox: Any, gpus: float) -> Event:
    """Do a call in a process of the cluster."""
    if not gpus:
        os.environ[VISIBLE] = ""  # Ray leaves it unset for a task without GPUs, which then sees them all
    ray = _import_ray()

    def report(done: int, total: int, text: str) -> None:
        if ray.get(mailbox.put.remote(Event(call.name, "progress", (done, total, text)))):
            stopping.ask()

    return perform(call, report)


def _knock(address: str) -> None:
    """Refuse an address at which nothing answers; Ray itself would try for minutes, and then end the process."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host.removeprefix("ray://"), int(port)), timeout=SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise StudyError(
            f"engine ray: no cluster at {address} ({error.strerror or error}): start one, or say address"
        ) from None


def _import_ray() -> Any:
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise StudyError("engine ray needs Ray: pip install 'geokr-bench[ray]'") from None
    return ray
