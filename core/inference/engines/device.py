"""Chooses where a network runs, and in which precision. Imports torch only where there may be a graphics processor."""

from __future__ import annotations

import sys
import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, cast, get_args

from core.errors import UserError
from core.inference.engines.models import Precision
from core.inference.engines.notices import NOTICES
from core.inference.engines.on_torch.nvidia_driver import driver_version, has_driver, is_too_old, trouble_with_cuda

Device = Literal["cpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


def choose_device(device: str) -> Device:
    """The requested device; "auto" is CUDA if it works, else the CPU. Raises UserError if it is not available."""
    if device not in ("auto", *DEVICES):
        raise UserError(f"Unknown device {device!r}.", f"Use auto, {', '.join(DEVICES[:-1])} or {DEVICES[-1]}.")
    if device == "mps":
        return _mps()
    if device == "cpu" or _has_cuda():
        return "cpu" if device == "cpu" else "cuda"
    if device == "cuda":
        raise _no_cuda()
    _warn_of_old_driver()
    return "cpu"


def device_in_words(device: Device) -> str:
    """The device, a GPU of CUDA by its name: another one is another machine."""
    if device != "cuda":
        return device
    import torch

    return f"cuda {torch.cuda.get_device_name()}"


def torch_precision(precision: str, device: Device) -> Precision:
    """In which precision PyTorch is to compute where `precision` is wanted. "auto" is the device's fastest, on a CPU
    fp32. Raises UserError for one that does not exist, or not on that device."""
    if precision not in ("auto", *PRECISIONS):
        raise UserError(f"Unknown precision {precision!r}.", f"Use auto, {', '.join(PRECISIONS)}.")
    if precision == "fp16" and device == "cpu":
        raise UserError("fp16 is for GPUs, and the CPU was chosen.", "Use --precision auto, fp32, bf16 or int8.")
    if precision == "auto":
        return _fastest(device)
    return "fp32" if precision == "int8" else cast("Precision", precision)


def _fastest(device: Device) -> Precision:
    if device == "cuda":
        from core.inference.engines.on_torch.cuda import best_precision

        return best_precision()
    return "fp16" if device == "mps" else "fp32"


@cache
def has_bf16() -> bool:
    """Whether this computer's processor multiplies in bf16 itself; False where its system does not tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")
    return bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags.split()))


def _mps() -> Device:
    import torch

    if not torch.backends.mps.is_available():
        raise UserError("No Apple GPU is available.", "It takes a Mac with an M processor; use --device auto or cpu.")
    return "mps"


def _has_cuda() -> bool:
    if "torch" not in sys.modules and not _may_have_cuda():
        return False
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an old driver: nvidia_driver says that, with what to do
        return torch.cuda.is_available()


@cache
def _may_have_cuda() -> bool:
    """False only where PyTorch, if it were imported, would find no graphics processor: it was built without, or no
    driver is installed. AMD's, which PyTorch calls CUDA too, are for it to find."""
    try:
        build = version("torch").partition("+")[2]
    except PackageNotFoundError:
        return False
    return build.startswith("rocm") or (not build.startswith("cpu") and has_driver())


def _no_cuda() -> UserError:
    import torch

    return trouble_with_cuda(torch.version.cuda, driver_version())


@cache
def _warn_of_old_driver() -> None:
    """Once: a GPU that could be used is there. Without PyTorch in memory there is no driver either."""
    torch = sys.modules.get("torch")
    if torch is not None and is_too_old(torch.version.cuda, driver_version()):
        trouble = _no_cuda()
        NOTICES.warning("%s %s", trouble.problem, trouble.remedy)
