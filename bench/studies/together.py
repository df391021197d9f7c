"""One pretraining by several processes of this machine, which torch's elastic launcher starts and watches.

A worker that is given such a job starts the ranks, each a process of its own that gets the job from a file; the first of
them reports how far it is through a connection, and sends what stopped it.
"""

import json
import os
import sys
import tempfile
import uuid
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import distributed

from bench.core import files, stopping
from bench.core.context import Progress
from bench.core.errors import BenchError, StudyError
from bench.pretraining import ranks
from bench.store.store import Store
from bench.studies.jobs import PretrainJob

# What the ranks need to call back: the address, and the key without which it does not answer.
ADDRESS, KEY = "GEOKR_BENCH_ADDRESS", "GEOKR_BENCH_KEY"


def pretrain_together(
    report: Progress,
    job: PretrainJob,
    store: Store,
    device: str,
    threads: int,
    processes: int,
    tensorboard: str | None = None,
) -> None:
    """Do a pretraining with several ranks; returns when its weights are in the store.

    Raises:
        BenchError, RuntimeError: what stopped the first rank.
        StoppedError: this process was told to stop, and passed it on.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    key = uuid.uuid4().hex
    with tempfile.TemporaryDirectory() as folder, Listener(authkey=key.encode()) as listener:
        asked = Path(folder) / "job.json"
        files.write_json(
            asked,
            {
                "job": job.model_dump(mode="json", exclude_unset=True),
                "store": str(store.root.resolve()),
                "device": device,
                "threads": threads,
                "tensorboard": tensorboard,
            },
        )
        os.environ |= {ADDRESS: str(listener.address), KEY: key, "OMP_NUM_THREADS": str(threads)}
        said: list[Exception] = []
        reader = Thread(target=_listen, args=(listener, report, said), daemon=True)
        reader.start()
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            run_id=key,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            max_restarts=0,
            monitor_interval=0.1,
        )
        try:
            elastic_launch(config, sys.executable)("-m", __spec__.name, str(asked))
        except SignalException:
            raise stopping.StoppedError("stopped with all its ranks") from None
        except ChildFailedError:
            reader.join(timeout=5)
            if said:
                raise said[0] from None
            raise RuntimeError("a process of the pretraining ended; the log says more") from None
        finally:
            stopping.listen()  # the launcher has taken the signals


def _listen(listener: Listener, report: Progress, said: list[Exception]) -> None:
    """Pass on what the first rank says until it hangs up."""
    try:
        with listener.accept() as connection:
            while True:
                word = connection.recv()
                if isinstance(word, Exception):
                    said.append(word)
                else:
                    report(*word)
    except (EOFError, OSError):
        return


def main(path: Path) -> None:
    """Be one rank."""
    from bench.studies import work

    stopping.listen()
    asked: dict[str, Any] = json.loads(path.read_text())
    job, store = PretrainJob.model_validate(asked["job"]), Store(Path(asked["store"]))
    place = int(os.environ["LOCAL_RANK"])
    device = work.device_of(asked["device"])
    if device.type == "cuda":
        if place >= torch.cuda.device_count():
            raise StudyError(
                f"{os.environ['WORLD_SIZE']} ranks need as many GPUs, and {torch.cuda.device_count()} are visible: set engine.ranks"
            )
        device = torch.device("cuda", place)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    caller = Client(os.environ[ADDRESS], authkey=os.environ[KEY].encode()) if ranks.number() == 0 else None
    try:
        work.pretrain_here(job, store, _reporter(caller), device, asked["threads"], asked["tensorboard"])
    except Exception as error:
        if caller:
            own = isinstance(error, BenchError)
            caller.send(error if own else RuntimeError(f"{type(error).__name__}: {str(error).splitlines()[0]}"))
        raise
    finally:
        distributed.destroy_process_group()


def _reporter(caller: Connection | None) -> Progress:
    def report(done: int, total: int, text: str) -> None:
        if caller:
            try:
                caller.send((done, total, text))
            except OSError:
                os._exit(1)  # the worker is gone, and with it the claim

    return report


if __name__ == "__main__":
    main(Path(sys.argv[1]))
