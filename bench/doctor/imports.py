"""Whether the libraries really load, and which devices they see: tried in a process of its own, which may crash."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.doctor.finding import Finding
from bench.doctor.installed import INSTALL
from bench.engines import devices

SECONDS = 180
"""For an import from a slow disk."""

# Prints a line of JSON a step, flushed, so that what came before a crash is known.
PROGRAM = """
import json, sys, warnings
def say(step, **found):
    print(json.dumps({"step": step, **found}), flush=True)
def attempt(step, do):
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = do()
        say(step, found=found, warnings=[str(each.message).splitlines()[0] for each in caught])
        return True
    except BaseException as error:
        reason = str(error).splitlines()[0] if str(error) else ""
        say(step, error=f"{type(error).__name__}: {reason}")
        return False
def load_torch():
    import torch
    return {"version": torch.__version__, "cuda": torch.version.cuda, "sum": float(torch.ones(3).sum())}
def nms():
    import torch
    from torchvision.ops import nms
    boxes = torch.tensor([[0.0, 0, 9, 9], [0, 0, 9, 8], [20, 20, 30, 30]])
    return nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist()
def see():
    import torch
    gpus = []
    if torch.cuda.is_available():
        for at in range(torch.cuda.device_count()):
            known = torch.cuda.get_device_properties(at)
            gpus.append([known.name, known.total_memory])
    mps = getattr(torch.backends, "mps", None)
    return {"gpus": gpus, "mps": bool(mps and mps.is_available())}
if attempt("torch", load_torch):
    attempt("torchvision", nms)
    attempt("devices", see)
for name in ("cv2", "mmengine", "mmcv"):
    attempt(name, lambda: getattr(__import__(name), "__version__", ""))
"""
# Of three boxes the second lies in the first and has a lower score.
KEPT = [0, 2]


def look() -> Iterator[Finding]:
    """Import what every study stands on, and ask which devices there are."""
    steps, ending = _run(PROGRAM)
    yield _loads("torch loads", steps.get("torch"), ending)
    if "torch" in steps and "error" not in steps["torch"]:
        yield _nms(steps.get("torchvision"), ending)
        yield _devices(steps["torch"]["found"], steps.get("devices"), ending)
    for name in ("cv2", "mmengine", "mmcv"):
        yield _loads(f"{name} loads", steps.get(name), ending)


def _run(program: str) -> tuple[dict[str, dict[str, Any]], str]:
    """What each step said, and how the process ended where it did not get to the end."""
    try:
        # -P: a file beside the user that is called torch.py is not what a study would import.
        done = subprocess.run(  # noqa: S603 - this Python, and our own program
            [sys.executable, "-P", "-c", program], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        output, ending = done.stdout, _ending(done.returncode)
    except subprocess.TimeoutExpired as error:
        said = error.stdout or b""  # bytes, whatever was asked for
        output = said.decode(errors="replace") if isinstance(said, bytes) else said
        ending = f"it took more than {SECONDS} s"
    steps = {}
    for line in output.splitlines():
        if line.startswith('{"step": '):  # libraries print things of their own
            said = json.loads(line)
            steps[said.pop("step")] = said
    return steps, ending


def _ending(code: int) -> str:
    if code == 0:
        return "it ended early"
    return f"the process died of {signal.Signals(-code).name}" if code < 0 else f"the process ended with code {code}"


def _loads(name: str, said: dict[str, Any] | None, ending: str) -> Finding:
    if said is None:
        return Finding(name, "fail", ending, INSTALL)
    if "error" in said:
        return Finding(name, "fail", said["error"], INSTALL)
    return Finding(name, "ok", str(said["found"]["version"] if isinstance(said["found"], dict) else said["found"]))


def _nms(said: dict[str, Any] | None, ending: str) -> Finding:
    found = _loads("torchvision's operators", said, ending)
    if found.state == "fail" or said is None:
        return Finding(found.name, "fail", found.text, "install torch and torchvision in one command, from one index")
    if said["found"] != KEPT:
        return Finding(found.name, "fail", f"nms keeps {said['found']} of three boxes, expected {KEPT}", INSTALL)
    return Finding(found.name, "ok", "nms works")


def _devices(torch: dict[str, Any], said: dict[str, Any] | None, ending: str) -> Finding:
    """GPUs that torch sees, beside those that the driver does."""
    if said is None or "error" in said:
        return Finding("devices", "fail", ending if said is None else said["error"], "run with --device cpu")
    gpus, driver = said["found"]["gpus"], devices.visible_gpus()
    if gpus:
        named = ", ".join(f"{name} ({total / (1 << 30):.0f} GiB)" for name, total in gpus)
        return Finding("devices", "ok", f"{named}, CUDA {torch['cuda']}")
    if driver:
        why = f" ({said['warnings'][0]})" if said["warnings"] else ""
        text = f"the driver lists {len(driver)} GPUs, torch with CUDA {torch['cuda']} sees none{why}"
        return Finding(
            "devices", "warn", text, "update the driver, or install a torch for its CUDA; until then --device cpu"
        )
    if said["found"]["mps"]:
        return Finding("devices", "ok", "Apple's GPU (MPS) is there and is not used: studies run on the CPU")
    return Finding("devices", "ok", "no GPU: studies run on the CPU")
