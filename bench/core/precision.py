"""Which arithmetic a training uses: bf16 autocast where the processor computes it natively, fp32, or a GPU's TF32.

PyTorch lets cuDNN's convolutions use TF32, ten bits of mantissa, unless it is told otherwise: here fp32 is fp32, and TF32 a
word of its own.
"""

from contextlib import AbstractContextManager

import torch

from bench.core.errors import StudyError


def native_bf16(device: torch.device) -> bool:
    """Whether a device multiplies bf16 matrices in hardware; elsewhere bf16 would be slower than fp32."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001 - torch offers no public question


def settle(precision: str, device: torch.device) -> str:
    """Resolve a precision, as `resolve`, and let this process multiply so from now on.

    Raises:
        StudyError: TF32 is asked of a device that has none.
    """
    arithmetic = resolve(precision, device)
    if arithmetic == "tf32" and device.type != "cuda":
        raise StudyError(f"precision tf32 is that of NVIDIA's GPUs, and this runs on {device.type}: take fp32 or bf16")
    allow_tf32(allowed=arithmetic == "tf32")
    return arithmetic


def allow_tf32(*, allowed: bool) -> None:
    """Let matrix products and convolutions of fp32 be worked out in TF32, or not."""
    word = "tf32" if allowed else "ieee"
    torch.backends.cuda.matmul.fp32_precision = word
    torch.backends.cudnn.conv.fp32_precision = word  # type: ignore[attr-defined]  # a module made at run time


def resolve(precision: str, device: torch.device) -> str:
    """Turn `auto` into `bf16` or `fp32` for a device; the other names stay."""
    if precision == "auto":
        return "bf16" if native_bf16(device) else "fp32"
    return precision


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """The autocast context of a resolved precision; in `fp32` and `tf32` it does nothing."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")
