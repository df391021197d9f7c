"""Which arithmetic a training uses: bf16 autocast where the processor computes it natively."""

from contextlib import AbstractContextManager

import torch


def native_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bf16 matrices in hardware; elsewhere bf16 would be slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001 - torch offers no public question


def resolve(precision: str, device: torch.device) -> str:
    """Turn `auto` into `bf16` or `fp32` for a device; the other names stay."""
    if precision == "auto":
        return "bf16" if native_bf16(device) else "fp32"
    return precision


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """The autocast context of a resolved precision; in `fp32` it does nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
