"""Pads short input with zero frames, for a model that is kept as it is and was trained with such padding."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from core.audio.log_mel import LogMelConfig
from core.model.checkpoints.checkpoint import CheckpointConfig
from training.config.recipe import TrainConfig


@dataclass(frozen=True, slots=True)
class ZeroPadding:
    """Pads input as the Tagger does, so that a run trains and measures what ships.

    window: frames to pad to; 0 pads nothing. value: a raw zero, normalised.
    """

    window: int = 0
    value: float = 0.0

    @classmethod
    def up_to(cls, window: int, log_mel: LogMelConfig) -> ZeroPadding:
        """Padding to `window` frames, for input that `log_mel` normalised."""
        return cls(window, -log_mel.mean / (2 * log_mel.std))

    def pad(self, log_mel: Tensor) -> Tensor:
        """Normalised `(B, T, mels)` followed by zero frames, `(B, max(T, window), mels)`."""
        missing = self.window - log_mel.shape[1]
        return F.pad(log_mel, (0, 0, 0, missing), value=self.value) if missing > 0 else log_mel


def keeps_head(config: TrainConfig) -> bool:
    """Whether the last layer is kept beside a new frame head, and with it its calibration and thresholds."""
    return config.start.freeze and config.optimisation.frame_loss > 0


def kept_zero_padding(config: TrainConfig, initial: CheckpointConfig | None, log_mel: LogMelConfig) -> ZeroPadding:
    """The padding that the initial checkpoint needs and the run keeps; none where the whole model is trained.

    log_mel: the run's.
    """
    if initial is None or not initial.pad_to_window or not keeps_head(config):
        return ZeroPadding()
    return ZeroPadding.up_to(initial.model.max_frames, log_mel)
