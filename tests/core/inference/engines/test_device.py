"""Where a network runs is known without PyTorch, unless there may be a graphics processor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.inference.engines import device
from core.inference.engines.device import is_bf16

REPOSITORY = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    device._may_have_cuda.cache_clear()
    yield
    device._may_have_cuda.cache_clear()


@pytest.mark.parametrize(
    ("build", "has_driver", "may"),
    [
        ("2.11.0+cpu", True, False),
        ("2.11.0+cu130", True, True),
        ("2.11.0", False, False),
        ("2.11.0+rocm7", False, True),
    ],
)
def test_pytorch_is_asked_only_where_it_may_find_one(
    monkeypatch: pytest.MonkeyPatch, build: str, has_driver: bool, may: bool
) -> None:
    monkeypatch.setattr(device, "version", lambda _package: build)
    monkeypatch.setattr(device, "_is_installed", lambda _driver: has_driver)
    monkeypatch.setattr(device.sys, "platform", "linux")
    assert device._may_have_cuda() == may


def test_a_driver_that_is_not_there_is_not_installed() -> None:
    assert not device._is_installed("libnothing-of-this-name.so.1")


def test_the_cpu_is_chosen_without_torch() -> None:
    script = "import sys; from core.inference.engines.device import choose_device, is_bf16; "
    script += "print(choose_device('cpu'), is_bf16('auto', 'cpu'), 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True).split() == [
        "cpu",
        "False",
        "False",
    ]


def test_bf16_is_used_on_a_cpu_where_it_is_asked_for() -> None:
    assert [is_bf16(precision, "cpu") for precision in ("auto", "fp32", "bf16", "int8")] == [False, False, True, False]
