"""Chooses where a network runs. Imports torch only where there may be a graphics processor."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from core.errors import UserError

Device = Literal["cpu", "cuda"]
_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def choose_device(device: str) -> Device:
    """The requested device; "auto" is CUDA if it works, else the CPU. Raises UserError if it is not available."""
    if device not in ("auto", "cpu", "cuda"):
        raise UserError(f"Unknown device {device!r}.", "Use auto, cpu or cuda.")
    has_cuda = device != "cpu" and _has_cuda()
    if device == "cuda" and not has_cuda:
        raise UserError("No CUDA GPU is available.", "Use --device auto or cpu, or install the NVIDIA driver.")
    return "cuda" if has_cuda else "cpu"


def is_bf16(precision: str, device: Device) -> bool:
    """Whether PyTorch computes in bf16 where `precision` is wanted. CPUs stay at fp32 unless bf16 is requested: without
    AMX, bf16 is slower than fp32 there. Raises UserError for a precision that does not exist."""
    if precision not in ("auto", "fp32", "bf16", "int8"):
        raise UserError(f"Unknown precision {precision!r}.", "Use auto, fp32, bf16 or int8.")
    if precision != "auto" or device == "cpu":
        return precision == "bf16"
    import torch

    return torch.cuda.is_bf16_supported(including_emulation=False)


def _has_cuda() -> bool:
    if "torch" not in sys.modules and not _may_have_cuda():
        return False
    import torch

    return torch.cuda.is_available()


@cache
def _may_have_cuda() -> bool:
    """False only where PyTorch, if it were imported, would find no graphics processor: it was built without, or no
    driver is installed. AMD's, which PyTorch calls CUDA too, are for it to find."""
    try:
        build = version("torch").partition("+")[2]
    except PackageNotFoundError:
        return False
    if build.startswith("rocm"):
        return True
    driver = _DRIVERS.get(sys.platform)
    return driver is not None and not build.startswith("cpu") and _is_installed(driver)


def _is_installed(driver: str) -> bool:
    try:
        ctypes.CDLL(driver)
    except OSError:
        return False
    return True
