"""PyTorch: windows of one length as one batch on a GPU, what a full GPU cannot hold, answers that are no numbers."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import numpy as np
import pytest
import torch

from core.inference.engines.device import Device
from core.inference.engines.on_torch.backends import CpuBackend, Forward
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING
from fakes import tiny_checkpoint

MISSING: list[Callable[[], RuntimeError]] = [
    lambda: torch.OutOfMemoryError("CUDA out of memory"),
    lambda: RuntimeError("MPS backend out of memory"),
]


class Gpu(CpuBackend):
    """Notes the sizes of its batches, and has memory for so many windows."""

    at_once = 32

    def __init__(self, room: int = 64, error: Callable[[], RuntimeError] = MISSING[0]) -> None:
        self.room, self.error = room, error
        self.batches, self.n_freed = list[int](), 0

    def run(self, key: Hashable, forward: Forward, log_mel: np.ndarray) -> np.ndarray:
        self.batches.append(len(log_mel))
        if len(log_mel) > self.room:
            raise self.error()
        return super().run(key, forward, log_mel)

    def free(self) -> None:
        self.n_freed += 1


def engine_on(device: Device, backend: CpuBackend) -> TorchEngine:
    return TorchEngine(PlacedNetwork(tiny_checkpoint().build(), device, backend), NO_MERGING)


def noise(*lengths: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.5, (1, n_frames, 128)).astype(np.float32) for n_frames in lengths]


@pytest.mark.parametrize(("device", "batches"), [("cpu", [1, 1, 1]), ("cuda", [2, 1]), ("mps", [2, 1])])
def test_each_of_several_windows_gets_its_answer(device: Device, batches: list[int]) -> None:
    backend, windows = Gpu(), noise(40, 32, 40)
    answers = engine_on(device, backend).run_many("clip", windows)
    assert backend.batches == batches
    alone = engine_on("cpu", CpuBackend())
    for window, answer in zip(windows, answers, strict=True):
        np.testing.assert_allclose(answer, alone.run("clip", window), atol=1e-5)


@pytest.mark.parametrize("error", MISSING)
@pytest.mark.parametrize("room", [0, 1, 3])
def test_a_full_gpu_gets_smaller_batches_and_at_last_the_processor_answers(
    room: int, error: Callable[[], RuntimeError], caplog: pytest.LogCaptureFixture
) -> None:
    backend, windows = Gpu(room, error), noise(*[40] * 7)
    engine, alone = engine_on("cuda", backend), engine_on("cpu", CpuBackend())
    for window, answer in zip(windows, engine.run_many("clip", windows), strict=True):
        np.testing.assert_allclose(answer, alone.run("clip", window), atol=1e-5)
    assert len(caplog.messages) == backend.n_freed > 0
    assert engine.at_once == max(1, room)
    backend.batches.clear()
    told = len(caplog.messages)
    engine.run_many("clip", windows)
    assert max(backend.batches, default=0) == room  # what has failed is not tried again
    assert len(caplog.messages) == told


def test_other_errors_are_not_taken_for_missing_memory() -> None:
    engine = engine_on("cuda", Gpu(0, lambda: RuntimeError("no kernel image is available")))
    with pytest.raises(RuntimeError, match="kernel"):
        engine.run("clip", noise(40)[0])


def test_a_processor_without_memory_says_so() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        engine_on("cpu", Gpu(0)).run("clip", noise(40)[0])


class Overflowing(PlacedNetwork):
    """Loud windows are too much for sixteen bits."""

    def __init__(self) -> None:
        super().__init__(tiny_checkpoint().build(), "cpu")
        self.asked: list[tuple[str, int]] = []

    def answer(self, asked: Pass, log_mel: np.ndarray) -> np.ndarray:
        self.asked.append((asked.precision, len(log_mel)))
        logits = super().answer(asked, log_mel)
        if asked.precision != "fp32":
            logits[log_mel.max(axis=(1, 2)) > 5] = np.inf
            logits[log_mel.min(axis=(1, 2)) < -5] = np.nan
        return logits


def test_what_is_no_number_in_low_precision_is_computed_in_fp32(caplog: pytest.LogCaptureFixture) -> None:
    network, windows = Overflowing(), np.concatenate(noise(40, 40, 40, 40))
    windows[1, 0, 0], windows[3, 0, 0] = 9.0, -9.0
    engine = TorchEngine(network, NO_MERGING, "bf16")
    exact = TorchEngine(network, NO_MERGING).run("clip", windows)
    network.asked.clear()
    for _ in range(2):
        found = engine.run("clip", windows)
        np.testing.assert_array_equal(found[[1, 3]], exact[[1, 3]])
        np.testing.assert_allclose(found, exact, atol=0.1)
    assert network.asked == [("bf16", 4), ("fp32", 2)] * 2
    assert len(caplog.messages) == 1
