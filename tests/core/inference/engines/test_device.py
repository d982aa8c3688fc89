"""Where a network runs is known without PyTorch, unless there may be a graphics processor."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from core.errors import UserError
from core.inference.engines import device
from core.inference.engines.device import choose_device, torch_precision

REPOSITORY = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    device._may_have_cuda.cache_clear()
    device._warn_of_old_driver.cache_clear()
    yield
    device._may_have_cuda.cache_clear()
    device._warn_of_old_driver.cache_clear()


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
    monkeypatch.setattr(device, "has_driver", lambda: has_driver)
    assert device._may_have_cuda() == may


def test_the_cpu_is_chosen_without_torch() -> None:
    script = "import sys; from core.inference.engines.device import choose_device, torch_precision; "
    script += "print(choose_device('cpu'), torch_precision('auto', 'cpu'), 'torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True).split() == [
        "cpu",
        "fp32",
        "False",
    ]


@pytest.mark.parametrize(
    ("precision", "computed"), [("auto", "fp32"), ("fp32", "fp32"), ("bf16", "bf16"), ("int8", "fp32")]
)
def test_a_cpu_computes_in_fp32_unless_bf16_is_asked_for(precision: str, computed: str) -> None:
    assert torch_precision(precision, "cpu") == computed


def test_fp16_is_for_gpus() -> None:
    assert [torch_precision(precision, "mps") for precision in ("auto", "fp16", "fp32")] == ["fp16", "fp16", "fp32"]
    with pytest.raises(UserError, match="fp16"):
        torch_precision("fp16", "cpu")


@pytest.mark.parametrize(
    ("has_bf16", "capability", "fastest"), [(True, (9, 0), "bf16"), (False, (7, 5), "fp16"), (False, (6, 1), "fp32")]
)
def test_an_nvidia_gpu_computes_in_what_it_has(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, capability: tuple[int, int], fastest: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert torch_precision("auto", "cuda") == fastest


@pytest.mark.skipif(torch.backends.mps.is_available(), reason="this computer has an Apple GPU")
def test_a_missing_apple_gpu_is_told() -> None:
    with pytest.raises(UserError, match="Apple"):
        choose_device("mps")


def test_an_old_driver_is_told_once_and_the_cpu_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(device, "driver_version", lambda: (12, 4))
    assert [choose_device("auto"), choose_device("auto")] == ["cpu", "cpu"]
    [told] = caplog.messages
    assert "12.4" in told
    assert "13.0" in told
    with pytest.raises(UserError, match=r"12\.4") as failure:
        choose_device("cuda")
    assert "Update the driver" in failure.value.remedy
