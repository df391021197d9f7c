"""The GPUs that a process may use, found without touching CUDA: a process that has initialised it sees no others."""

import importlib.util
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

VISIBLE = "CUDA_VISIBLE_DEVICES"
CONTEXT = 600 << 20
"""Bytes that a process takes on a GPU beside its tensors: CUDA's context and the libraries' kernels."""
_MIG = re.compile(r"^\s+MIG .*\(UUID: (MIG-[^)]+)\)")
_GPU = re.compile(r"^GPU (\d+): ")


class Memory(NamedTuple):
    """Of one GPU: the most that a call held on it, and what there is, in bytes."""

    peak: int
    total: int


def visible_gpus() -> list[str]:
    """The GPUs, each as `CUDA_VISIBLE_DEVICES` names it; what a scheduler has chosen is all there is.

    A GPU that is divided (MIG) is given by its instances. There is none for a torch that was built without CUDA.
    """
    if not _torch_knows_cuda():
        return []
    chosen = os.environ.get(VISIBLE)
    if chosen is None:
        return _listed(_query("-L"))
    names = [name.strip() for name in chosen.split(",")]
    return names[: next((at for at, name in enumerate(names) if name in {"", "-1", "NoDevFiles"}), len(names))]


def arithmetic() -> str:
    """`bf16` where every GPU of this machine multiplies it natively (compute capability 8.0), else `fp32`."""
    known = _query("--query-gpu=compute_cap", "--format=csv,noheader").split()
    return "bf16" if known and min(map(float, known)) >= 8 else "fp32"


def memory() -> Memory | None:
    """What the last call held on this process' GPU; None where it touched none. The count starts anew."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    peak, total = torch.cuda.max_memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    return Memory(peak + CONTEXT, total)


def _listed(text: str) -> list[str]:
    """The devices of `nvidia-smi -L`."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if gpu := _GPU.match(line):
            found.append([gpu[1]])
        elif found and (instance := _MIG.match(line)):
            found[-1] = [name for name in found[-1] if name.startswith("MIG-")] + [instance[1]]
    return [name for names in found for name in names]


@cache
def _query(*asked: str) -> str:
    """What `nvidia-smi` says; nothing where there is none."""
    try:
        done = subprocess.run(["nvidia-smi", *asked], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603, S607 - wherever the driver put it
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _torch_knows_cuda() -> bool:
    """Whether torch was built for CUDA, read from its files: importing it takes seconds."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    version = Path(spec.origin).with_name("version.py")
    return version.is_file() and re.search(r"^cuda\b[^=]*= *['\"]", version.read_text(), re.MULTILINE) is not None
