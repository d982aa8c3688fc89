"""The table of devices: each runs a pass in the same way; memory that is missing is told from other errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from core.inference.engines.device import DEVICES
from core.inference.engines.on_torch.backends import BACKENDS, Backend, CpuBackend, is_out_of_memory
from core.inference.engines.on_torch.cuda import CudaBackend
from core.inference.engines.on_torch.mps import MpsBackend


def test_each_device_has_one() -> None:
    assert tuple(BACKENDS) == DEVICES


@pytest.mark.parametrize("backend", [CpuBackend(), CudaBackend(place="cpu"), MpsBackend(place="cpu")])
def test_each_answers_what_the_pass_does(backend: Backend) -> None:
    def forward(windows: Tensor) -> Tensor:
        return windows.sum(dim=(1, 2))[:, None]

    log_mel = np.random.default_rng(0).normal(0, 1, (3, 10, 128)).astype(np.float32)
    answer = backend.run("clip", forward, log_mel)
    np.testing.assert_allclose(answer[:, 0], log_mel.sum(axis=(1, 2)), atol=1e-3)
    assert answer.dtype == np.float32
    assert backend.at_once >= 1


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("CUDA error: no kernel image is available for execution on the device"), False),
    ],
)
def test_missing_memory_is_told_from_other_errors(error: RuntimeError, is_it: bool) -> None:
    assert is_out_of_memory(error) == is_it
