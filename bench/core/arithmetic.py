"""The arithmetic of a study's trainings in one word, settled for all of them before the first and without torch.

`bench.core.precision` computes by it. See docs/decisions/096.
"""

from functools import cache
from pathlib import Path
from typing import Literal

AUTO = "auto"
Precision = Literal["auto", "fp32", "bf16", "tf32"]

# Of processors that multiply bf16 matrices natively, as Linux calls them.
_BF16 = frozenset({"avx512_bf16", "amx_tile"})


def in_key(word: str) -> str:
    """A word as it enters a key: bf16 as `auto`, which it was called where the first records were made."""
    return AUTO if word == "bf16" else word


@cache
def of_processor() -> str:
    """`bf16` where this machine's cores multiply it natively, else `fp32`."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return "fp32"
    flags = next((line.split(":", 1)[1].split() for line in lines if line.startswith("flags")), [])
    return "bf16" if _BF16 & set(flags) else "fp32"
