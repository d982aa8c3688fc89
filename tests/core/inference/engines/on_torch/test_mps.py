"""Apple's GPUs: one pass at a time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from core.inference.engines.models import Precision
from core.inference.engines.on_torch.mps import MpsBackend
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint

NEEDS_MPS = pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no Apple GPU")


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


@NEEDS_MPS
@pytest.mark.parametrize("merge", [NO_MERGING, MergeSchedule(r=8), MergeSchedule(r=8, matcher="energy")])
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_real_one_answers_as_the_processor_does(merge: MergeSchedule, precision: Precision) -> None:
    on_gpu = PlacedNetwork(telling_checkpoint().build().to("mps"), "mps")
    inputs = np.random.default_rng(0).normal(0, 0.5, (2, 256, 128)).astype(np.float32)
    wanted = PlacedNetwork(telling_checkpoint().build(), "cpu").answer(Pass("clip", merge, "fp32"), inputs)
    answer = on_gpu.answer(Pass("clip", merge, precision), inputs)
    np.testing.assert_allclose(answer, wanted, atol=0.02 if precision == "fp32" else 0.1)
