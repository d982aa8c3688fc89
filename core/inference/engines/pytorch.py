"""PyTorch as an engine: every model, input and device."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.inference.engines.device import Device
from core.inference.engines.models import Reading, places_by_length
from core.inference.engines.threads import TURNS, share_cores
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

_log = logging.getLogger(__name__)
_GPU_AT_ONCE = 32


class TorchEngine:
    """A network on a CPU or GPU. network: in evaluation mode, on `device`; it is shared, not copied."""

    def __init__(self, network: Network, device: Device, merge: MergeSchedule, *, is_bf16: bool = False) -> None:
        self._network, self._device, self._merge, self._is_bf16 = network, device, merge, is_bf16
        self._most_at_once = _GPU_AT_ONCE
        self._for_cpu: TorchEngine | None = None
        self._takes_s = 0.0
        share_cores()

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`. A window that a GPU has no memory for is run by the processor."""
        return self._batch(reading, log_mel)

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `Engine`. A CPU is no faster with several windows, and each waits for its turn beside the live view. A
        GPU gets all windows of one length together, or as many of them as it has memory for."""
        if self._device == "cpu":
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
        return 1 if self._device == "cpu" else self._most_at_once

    def _batch(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return self._compute(reading, log_mel)
        except torch.OutOfMemoryError:
            if self._device == "cpu":
                raise
        torch.cuda.empty_cache()  # outside of the handler, which holds what was computed so far
        if len(log_mel) > 1:
            half = self._most_at_once = len(log_mel) // 2
            _log.warning("the GPU has no memory for %d windows at once: it gets %d", len(log_mel), half)
            parts = (log_mel[first : first + half] for first in range(0, len(log_mel), half))
            return np.concatenate([self._batch(reading, part) for part in parts])
        _log.warning("the GPU has no memory for a window of %d frames: the processor runs it", log_mel.shape[1])
        return self._on_cpu().run(reading, log_mel)

    def _on_cpu(self) -> TorchEngine:
        if self._for_cpu is None:
            # Weights are copied where there is room for them, not on the GPU first.
            copies: dict[int, Any] = {id(one): one.detach().cpu() for one in self._network.buffers()}
            for one in self._network.parameters():
                copies[id(one)] = nn.Parameter(one.detach().cpu(), requires_grad=False)
            self._for_cpu = TorchEngine(copy.deepcopy(self._network, copies), "cpu", self._merge)
        return self._for_cpu

    def _compute(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode(), self._autocast():
            windows = torch.as_tensor(log_mel).to(self._device, non_blocking=True)
            if reading == "clip":
                logits = self._network(windows, merge=self._merge)
            else:
                assert isinstance(self._network, AudioSpectrogramTransformer), "no other network has a frame head"
                logits = self._network.frame_logits(windows, merge=self._merge)
            return logits.float().cpu().numpy()

    def describe(self) -> str:
        """See `Engine`."""
        return f"PyTorch {'bf16' if self._is_bf16 else 'fp32'}"

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device, torch.bfloat16) if self._is_bf16 else nullcontext()
