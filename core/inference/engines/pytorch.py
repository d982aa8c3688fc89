"""PyTorch as an engine: every model, input and device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray

from core.inference.engines.device import Device
from core.inference.engines.models import Reading, places_by_length
from core.inference.engines.threads import share_cores
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

_GPU_AT_ONCE = 32


class TorchEngine:
    """A network on a CPU or GPU. network: in evaluation mode, on `device`; it is shared, not copied."""

    def __init__(self, network: Network, device: Device, merge: MergeSchedule, *, is_bf16: bool = False) -> None:
        self._network, self._device, self._merge, self._is_bf16 = network, device, merge, is_bf16
        share_cores()

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        with torch.inference_mode(), self._autocast():
            windows = torch.as_tensor(log_mel).to(self._device, non_blocking=True)
            if reading == "clip":
                logits = self._network(windows, merge=self._merge)
            else:
                assert isinstance(self._network, AudioSpectrogramTransformer), "no other network has a frame head"
                logits = self._network.frame_logits(windows, merge=self._merge)
            return logits.float().cpu().numpy()

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `Engine`. A CPU is no faster with several windows; a GPU gets all windows of one length together."""
        if self._device == "cpu":
            return [self.run(reading, log_mel) for log_mel in log_mels]
        answers: dict[int, NDArray[np.float32]] = {}
        for places in places_by_length(log_mels).values():
            logits = self.run(reading, np.concatenate([log_mels[place] for place in places]))
            answers |= {place: logits[row : row + 1] for row, place in enumerate(places)}
        return [answers[place] for place in range(len(log_mels))]

    @property
    def at_once(self) -> int:
        """See `Engine`."""
        return 1 if self._device == "cpu" else _GPU_AT_ONCE

    def describe(self) -> str:
        """See `Engine`."""
        return f"PyTorch {'bf16' if self._is_bf16 else 'fp32'}"

    def _autocast(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device, torch.bfloat16) if self._is_bf16 else nullcontext()
