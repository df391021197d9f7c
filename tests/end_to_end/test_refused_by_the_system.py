"""A run that the system refuses something, for real: one line, nothing torn, and the same command goes on."""

import json
import os
import subprocess
import sys
import time

import pytest
from running import COMMAND, WIDE, bench, records

ONE = ["--methods", "random", "--no-references", "--fractions", "1.0", "--seeds", "1"]
# No file may be larger: records are smaller, the network's weights are not.
LIMITED = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); {COMMAND}"


def test_a_run_that_may_not_write_its_weights_stops_in_one_line_and_goes_on_when_it_may(study, tmp_path):
    store = tmp_path / "store"
    asked = ["run", "--study", str(study), "--store", str(store), *ONE]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *asked], capture_output=True, text=True, check=False, env=WIDE
    )
    assert 2 == done.returncode, done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith(f"bench: {store}/weights/")
    assert line.endswith("larger than files may be here: raise the limit (ulimit -f) and run the same command again")
    assert "Traceback" not in done.stderr
    for path in store.rglob("*.json"):
        json.loads(path.read_text())
    again = bench(*asked, env=WIDE)
    assert 0 == again.returncode, again.stderr
    assert 1 == len(records(store))


@pytest.mark.skipif(sys.platform != "linux", reason="setsid --ctty is of Linux")
@pytest.mark.parametrize("session", [["setsid", "--ctty"], ["setsid"]], ids=["of its session", "of another"])
def test_a_terminal_that_closes_stops_a_run_of_its_session_and_no_other(study, tmp_path, session):
    """What is still printed has nowhere to go, and must not pass for a failure."""
    store = tmp_path / "store"
    hand, terminal = os.openpty()
    asked = ["run", "--study", str(study), "--store", str(store), *ONE]
    with subprocess.Popen(
        [*session, sys.executable, "-c", COMMAND, *asked], stdin=terminal, stdout=terminal, stderr=terminal
    ) as run:
        os.close(terminal)
        os.set_blocking(hand, False)
        end = time.monotonic() + 240
        while not any(store.glob("jobs/*/holder.json")):
            assert time.monotonic() < end, "it claimed nothing"
            try:
                os.read(hand, 65536)
            except BlockingIOError:
                time.sleep(0.05)
        os.close(hand)
        assert 0 == run.wait()
    assert [] == list(store.glob("jobs/*/failure.json"))
    if session == ["setsid"]:
        assert 1 == len(records(store))
