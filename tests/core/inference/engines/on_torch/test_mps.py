"""Apple's GPUs: one pass at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from core.inference.engines.models import Precision, Reading
from core.inference.engines.on_torch.mps import MpsBackend
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint

NEEDS_MPS = pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no Apple GPU")
MERGES = [NO_MERGING, MergeSchedule(r=8), MergeSchedule(r=8, matcher="energy")]
READINGS: tuple[Reading, ...] = ("clip", "columns")


def test_threads_take_turns() -> None:
    backend, busy, barrier = MpsBackend(place="cpu"), threading.Lock(), threading.Barrier(4)

    def forward(windows: Tensor) -> Tensor:
        assert busy.acquire(blocking=False), "another pass is running"
        try:
            return windows.mean(dim=(1, 2))[:, None]
        finally:
            busy.release()

    def ask(value: int) -> list[float]:
        barrier.wait()
        window = np.full((1, 20, 128), value, np.float32)
        return [float(backend.run("clip", forward, window)[0, 0]) for _ in range(20)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [[value] * 20 for value in range(4)]


class NoDoubles(TorchDispatchMode):
    """Raises where a number of 64 bits is computed, which Metal does not know."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        del types
        result = func(*args, **(kwargs or {}))
        assert getattr(result, "dtype", None) != torch.float64, func
        return result


@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_pass_has_no_numbers_of_64_bits(merge: MergeSchedule, precision: Precision) -> None:
    network = PlacedNetwork(telling_checkpoint().build(), "cpu")
    inputs = np.random.default_rng(0).normal(0, 0.5, (1, 1100, 128)).astype(np.float32)  # longer than its positions
    with NoDoubles():
        for reading in READINGS:
            assert np.isfinite(network.answer(Pass(reading, merge, precision), inputs)).all()
        with pytest.raises(AssertionError):
            torch.zeros(1).double()


@NEEDS_MPS
@pytest.mark.parametrize("merge", MERGES)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_real_one_answers_as_the_processor_does(merge: MergeSchedule, precision: Precision) -> None:
    on_gpu = PlacedNetwork(telling_checkpoint().build().to("mps"), "mps")
    inputs = np.random.default_rng(0).normal(0, 0.5, (2, 256, 128)).astype(np.float32)
    wanted = PlacedNetwork(telling_checkpoint().build(), "cpu").answer(Pass("clip", merge, "fp32"), inputs)
    answer = on_gpu.answer(Pass("clip", merge, precision), inputs)
    np.testing.assert_allclose(answer, wanted, atol=0.02 if precision == "fp32" else 0.1)
