"""Several windows: one after the other on a CPU, those of one length as one batch on a GPU."""

from __future__ import annotations

import numpy as np
import pytest

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

    def run(self, reading: Reading, log_mel: np.ndarray) -> np.ndarray:
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
