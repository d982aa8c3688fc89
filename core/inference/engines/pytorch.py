"""PyTorch as an engine: every model, input and device."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

from core.inference.engines.models import Precision, Reading, places_by_length
from core.inference.engines.notices import NOTICES
from core.inference.engines.on_torch.backends import is_out_of_memory
from core.inference.engines.on_torch.networks import Pass, PlacedNetwork
from core.inference.engines.threads import TURNS, share_cores
from core.model.merging.schedule import MergeSchedule


class TorchEngine:
    """A network with a merge schedule, in a precision. What sixteen bits give no number for is computed in fp32, and
    what a GPU has no memory for in smaller batches, at last by the processor."""

    def __init__(self, network: PlacedNetwork, merge: MergeSchedule, precision: Precision = "fp32") -> None:
        self._network, self._merge = network, merge
        self._precision: Precision = precision
        self._most_at_once = network.backend.at_once
        self._too_long: float = inf
        self._takes_s = 0.0
        self._has_told_of_fp32 = False
        share_cores()

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        return self._batch(reading, log_mel)

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `Engine`. A CPU is no faster with several windows, and each waits for its turn beside the live view. A
        GPU gets all windows of one length together, or as many of them as it has memory for."""
        if self._network.device == "cpu":
            return [self._run_later(reading, log_mel) for log_mel in log_mels]
        answers: dict[int, NDArray[np.float32]] = {}
        for places in places_by_length(log_mels).values():
            for first in range(0, len(places), self._most_at_once):
                some = places[first : first + self._most_at_once]
                logits = self._batch(reading, np.concatenate([log_mels[place] for place in some]))
                answers |= {place: logits[row : row + 1] for row, place in enumerate(some)}
        return [answers[place] for place in range(len(log_mels))]

    def _run_later(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        TURNS.wait(self._takes_s)
        began_s = time.monotonic()
        logits = self.run(reading, log_mel)
        self._takes_s = time.monotonic() - began_s
        return logits

    @property
    def at_once(self) -> int:
        """See `Engine`."""
        return self._most_at_once

    def describe(self) -> str:
        """See `Engine`."""
        return f"PyTorch {self._precision}"

    def _batch(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        if log_mel.shape[1] >= self._too_long:
            return self._network.on_cpu().answer(Pass(reading, self._merge, "fp32"), log_mel)
        try:
            return self._numbers(reading, log_mel)
        except RuntimeError as error:
            if self._network.device == "cpu" or not is_out_of_memory(error):
                raise
        self._network.backend.free()  # outside of the handler, which holds what was computed so far
        if len(log_mel) == 1:
            self._too_long = log_mel.shape[1]
            NOTICES.warning("The GPU has no memory for windows of %d frames: the processor runs them.", self._too_long)
            return self._batch(reading, log_mel)
        half = self._most_at_once = len(log_mel) // 2
        NOTICES.warning("The GPU has no memory for %d windows at once: it gets %d.", len(log_mel), half)
        parts = (log_mel[first : first + half] for first in range(0, len(log_mel), half))
        return np.concatenate([self._batch(reading, part) for part in parts])

    def _numbers(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = self._network.answer(Pass(reading, self._merge, self._precision), log_mel)
        if self._precision == "fp32" or np.isfinite(logits).all():
            return logits
        rows = [row for row, one in enumerate(logits) if not np.isfinite(one).all()]
        if not self._has_told_of_fp32:
            NOTICES.warning("%s gives no number for some windows: they are computed in fp32.", self.describe())
            self._has_told_of_fp32 = True
        logits[rows] = self._network.answer(Pass(reading, self._merge, "fp32"), log_mel[rows])
        return logits
