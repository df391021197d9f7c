"""Workers that are forked from a process which has imported what calls need: one thread, no GPU touched, nothing printed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import methods
import tasks

SCRIPT = """
import json, sys, time
from bench.engines.engine import Call
from bench.engines.local import LocalEngine, LocalOptions

if __name__ == "__main__":
    options = LocalOptions(workers=2, device="cpu")
    options.prepare(sys.argv[2:])
    found = []
    with LocalEngine(options) as engine:
        for name in "ab":
            engine.submit(Call(name, "test_preload:look", {}, f"{sys.argv[1]}/{name}.log"))
        while len(found) < 2:
            found += [event.value for event in engine.events(timeout=5)]
    print(json.dumps(found))
"""


def look(_report):
    """What a worker finds when its first call begins."""
    from bench.engines import preload

    loaded = sorted(sys.modules)
    torch = sys.modules.get("torch")
    return {
        "threads": preload.THREADS,
        "cuda": torch is not None and (torch.cuda.is_initialized() or torch.cuda._is_in_bad_fork()),
        "visible": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "omp": os.environ["OMP_NUM_THREADS"],
        "loaded": loaded,
        "pid": os.getpid(),
    }


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_workers_begin_with_everything_that_methods_and_tasks_import(tmp_path):
    modules = {
        spec.factory.partition(":")[0]
        for registry in (methods.registry, tasks.registry)
        for spec in registry.all().values()
    }
    (tmp_path / "script.py").write_text(SCRIPT)
    asked = [sys.executable, tmp_path / "script.py", tmp_path, "no.such.module", "bench.studies.work", *sorted(modules)]
    folders = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": folders})
    assert (0, "") == (done.returncode, done.stderr)
    first, second = json.loads(done.stdout)
    assert first["pid"] != second["pid"]
    for found in (first, second):
        assert (1, False, "", "1") == (found["threads"], found["cuda"], found["visible"], found["omp"])
        assert {"torch", "lightly.loss", *modules} <= set(found["loaded"])


INTERRUPTED = """
import os, signal, sys, time
from bench.engines.engine import Call
from bench.engines.local import LocalEngine, LocalOptions

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = LocalOptions(workers=1, device="cpu")
    options.prepare(["bench.engines.local"])
    try:
        os.killpg(os.getpgrp(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        print("heard here")
    with LocalEngine(options) as engine:
        engine.submit(Call("a", "test_preload:held_back", {}, f"{sys.argv[1]}/a.log"))
        events = []
        while not events:
            events = list(engine.events(timeout=5))
    print(events[0].value)
"""


def held_back(_report):
    """The signals that a worker would not hear."""
    return sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))


@pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")
def test_ctrl_c_while_the_server_begins_is_heard_by_its_parent_alone(tmp_path):
    (tmp_path / "script.py").write_text(INTERRUPTED)
    folders = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": folders},
        start_new_session=True,
    )
    assert (0, "", "heard here\n[]\n") == (done.returncode, done.stderr, done.stdout)
