"""Why there is no CUDA GPU is named, with what helps."""

from __future__ import annotations

from typing import Any

import pytest

from core.inference.engines.on_torch import nvidia_driver
from core.inference.engines.on_torch.nvidia_driver import driver_version, is_too_old, trouble_with_cuda


@pytest.mark.parametrize(
    ("build", "driver", "problem", "remedy"),
    [
        (None, (13, 0), "without CUDA", "pytorch.org"),
        ("13.0", None, "not installed", "CUDA 13.0"),
        ("13.0", (12, 4), "12.4", "Update the driver"),
        ("12.6", (12, 4), "finds none", "nvidia-smi"),
    ],
)
def test_the_reason_is_named(build: str | None, driver: tuple[int, int] | None, problem: str, remedy: str) -> None:
    trouble = trouble_with_cuda(build, driver)
    assert problem in trouble.problem
    assert remedy in trouble.remedy
    assert "--device auto or cpu" in trouble.remedy


def test_a_driver_runs_what_was_built_for_its_major_version() -> None:
    assert is_too_old("13.0", (12, 9))
    assert not is_too_old("12.8", (12, 0))
    assert not is_too_old("12.8", (13, 0))
    assert not is_too_old(None, (12, 0))
    assert not is_too_old("12.8", None)


class Driver:
    def __init__(self, status: int) -> None:
        self._status = status

    def cuDriverGetVersion(self, number: Any) -> int:
        number._obj.value = 12_040  # of ctypes.byref
        return self._status


@pytest.mark.parametrize(("status", "version"), [(0, (12, 4)), (3, None)])
def test_the_driver_tells_which_cuda_it_knows(
    monkeypatch: pytest.MonkeyPatch, status: int, version: tuple[int, int] | None
) -> None:
    monkeypatch.setattr(nvidia_driver, "_driver", lambda: Driver(status))
    assert driver_version() == version


def test_a_driver_that_is_not_there_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia_driver, "_LIBRARIES", {nvidia_driver.sys.platform: "libnothing-of-this-name.so.1"})
    assert not nvidia_driver.has_driver()
    assert driver_version() is None
