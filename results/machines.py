"""Which machines are of one kind, so that equal code promises equal bits."""

from typing import Any

# Provenance that makes two machines one kind.
SAME_KIND = ("device", "device_name", "capability", "machine", "threads", "python", "libraries")


def differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Provenance fields in which two machines differ; what names no device promises nothing."""
    names = [name for name in SAME_KIND if old.get(name) != new.get(name)]
    return names if "device" in old else sorted({*names, "device"})
