"""Several windows: one after the other on a CPU, those of one length as one batch on a GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.inference.engines.device import Device
from core.inference.engines.models import Reading
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING
from fakes import tiny_checkpoint


class Means(TorchEngine):
    """Answers each window's mean, and notes the sizes of its batches."""

    def __init__(self, device: Device) -> None:
        super().__init__(tiny_checkpoint().build(), device, NO_MERGING)
        self.batches: list[int] = []

    def _compute(self, reading: Reading, log_mel: np.ndarray) -> np.ndarray:
        self.batches.append(len(log_mel))
        return log_mel.mean(axis=(1, 2))[:, None]


@pytest.mark.parametrize(("device", "batches"), [("cpu", [1, 1, 1]), ("cuda", [2, 1])])
def test_each_of_several_windows_gets_its_answer(device: Device, batches: list[int]) -> None:
    engine = Means(device)
    windows = [np.full((1, n_frames, 128), n_frames * 0.5 + i, np.float32) for i, n_frames in enumerate((20, 15, 20))]
    answers = engine.run_many("clip", windows)
    assert engine.batches == batches
    assert [float(answer[0, 0]) for answer in answers] == [10.0, 8.5, 12.0]
    assert (engine.at_once > 1) == (device == "cuda")


class Crowded(TorchEngine):
    """A network on a GPU that has memory for so many windows."""

    def __init__(self, room: int) -> None:
        super().__init__(tiny_checkpoint().build(), "cuda", NO_MERGING)
        self.room, self.batches = room, list[int]()
        self._alone = TorchEngine(tiny_checkpoint().build(), "cpu", NO_MERGING)

    def _compute(self, reading: Reading, log_mel: np.ndarray) -> np.ndarray:
        self.batches.append(len(log_mel))
        if len(log_mel) > self.room:
            raise torch.OutOfMemoryError
        return np.concatenate([self._alone.run(reading, one[None]) for one in log_mel])


@pytest.mark.parametrize("room", [0, 1, 3])
def test_a_full_gpu_gets_smaller_batches_and_at_last_the_processor_answers(
    room: int, caplog: pytest.LogCaptureFixture
) -> None:
    engine, rng = Crowded(room), np.random.default_rng(0)
    windows = [rng.normal(0, 0.5, (1, 40, 128)).astype(np.float32) for _ in range(7)]
    answers = engine.run_many("clip", windows)
    for window, answer in zip(windows, answers, strict=True):
        np.testing.assert_allclose(answer, engine._alone.run("clip", window), atol=1e-5)
    assert caplog.records
    assert engine.at_once == max(1, room)
    engine.batches.clear()
    engine.run_many("clip", windows)
    assert max(engine.batches) == max(1, room)
    assert {parameter.device.type for parameter in engine._on_cpu()._network.parameters()} == {"cpu"}
