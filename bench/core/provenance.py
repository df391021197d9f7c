"""Where a number comes from: versions, device, threads, revision. Never part of a key, and free of dates and names."""

import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from bench import __version__
from bench.core.revision import revision

LIBRARIES = ("torch", "torchvision", "lightly", "onedl-mmengine", "onedl-mmsegmentation", "onedl-mmdetection", "numpy")


def describe(device: torch.device, threads: int, library: str = "torch") -> dict[str, Any]:
    """Describe this process for a record or a card.

    Args:
        device: where the training ran.
        threads: of the numerical libraries.
        library: that the backbone comes from; its version is part of the description too.
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _processor()
    return {
        "bench": __version__,
        "revision": revision(),
        "python": platform.python_version(),
        "libraries": {each: version_of(each) for each in dict.fromkeys((*LIBRARIES, library))},
        "device": device.type,
        "device_name": name,
        "machine": platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": threads,
    }


def of_weights(card: dict[str, Any]) -> dict[str, Any]:
    """What a record says of the machine that made its weights: device and its name, arithmetic, ranks, torch's version."""
    known = card.get("provenance", {})
    told = {name: known[name] for name in ("device", "device_name", "precision", "ranks") if name in known}
    torch_version = known.get("libraries", {}).get("torch")
    return told | ({"torch": torch_version} if torch_version else {})


@cache
def version_of(library: str) -> str:
    """Version of an installed library, looked up once: that takes 2 ms, and a cell that probes 20."""
    return version(library)


@cache
def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
