"""Says why PyTorch finds no CUDA GPU, and what helps. Imports no torch."""

from __future__ import annotations

import ctypes
import sys

from core.errors import UserError

_LIBRARIES = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}
Version = tuple[int, int]
_PROBLEM = "No CUDA GPU is available: "
_OR_CPU = ", or use --device auto or cpu."


def has_driver() -> bool:
    """Whether NVIDIA's driver is installed."""
    return _driver() is not None


def driver_version() -> Version | None:
    """The newest CUDA that NVIDIA's driver knows, as (12, 4); None where there is no driver, or it does not tell."""
    driver, number = _driver(), ctypes.c_int(0)
    if driver is None or driver.cuDriverGetVersion(ctypes.byref(number)) != 0:
        return None
    return number.value // 1000, number.value % 1000 // 10


def trouble_with_cuda(build: str | None, driver: Version | None) -> UserError:
    """Why there is no CUDA GPU. build: the CUDA that PyTorch was built for, as "13.0"; None for a build without."""
    if build is None:
        remedy = "Install a build of PyTorch with CUDA (pytorch.org says which)"
        return UserError(f"{_PROBLEM}PyTorch is installed without CUDA.", remedy + _OR_CPU)
    if driver is None:
        return UserError(f"{_PROBLEM}NVIDIA's driver is not installed.", f"Install it, for CUDA {build}{_OR_CPU}")
    if is_too_old(build, driver):
        problem = f"{_PROBLEM}NVIDIA's driver knows CUDA {driver[0]}.{driver[1]}, and PyTorch needs CUDA {build}."
        return UserError(problem, f"Update the driver, or install a PyTorch for CUDA {driver[0]}{_OR_CPU}")
    problem = f"{_PROBLEM}NVIDIA's driver finds none."
    return UserError(problem, f"See what nvidia-smi lists, and what CUDA_VISIBLE_DEVICES hides{_OR_CPU}")


def is_too_old(build: str | None, driver: Version | None) -> bool:
    """Whether a driver is too old for a build of PyTorch: within one major version of CUDA, any works."""
    major = (build or "").partition(".")[0]
    return driver is not None and major.isdecimal() and driver[0] < int(major)


def _driver() -> ctypes.CDLL | None:
    library = _LIBRARIES.get(sys.platform)
    try:
        return None if library is None else ctypes.CDLL(library)
    except OSError:
        return None
