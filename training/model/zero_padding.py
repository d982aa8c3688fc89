"""Zero frames behind short input, for a model that stays as it is and was trained on them. Knows no loop."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import pad

from core.audio.log_mel import LogMelConfig
from core.model.checkpoints.checkpoint import CheckpointConfig
from training.config.recipe import TrainConfig


@dataclass(frozen=True, slots=True)
class ZeroFrames:
    """Fills input up as the Tagger will: the run then learns and measures what ships.

    window: frames to fill up to; 0 fills nothing up. value: of a raw zero, normalised.
    """

    window: int = 0
    value: float = 0.0

    @classmethod
    def up_to(cls, window: int, log_mel: LogMelConfig) -> ZeroFrames:
        """Those up to `window` frames, normalised as `log_mel` does it."""
        return cls(window, -log_mel.mean / (2 * log_mel.std))

    def fill_up(self, log_mel: Tensor) -> Tensor:
        """Normalised `(B, T, mels)` with zero frames behind, `(B, max(T, window), mels)`."""
        missing = self.window - log_mel.shape[1]
        return pad(log_mel, (0, 0, 0, missing), value=self.value) if missing > 0 else log_mel


def keeps_its_answers(config: TrainConfig) -> bool:
    """Whether the last layer stays as it was beside a new frame head, and with it what its answers mean."""
    return config.freeze and config.frame_loss > 0


def kept_zero_frames(config: TrainConfig, start: CheckpointConfig | None, log_mel: LogMelConfig) -> ZeroFrames:
    """Those that a run goes on giving the model it began with; none where the model learns without. log_mel: the
    run's."""
    if start is None or not start.pad_to_window or not keeps_its_answers(config):
        return ZeroFrames()
    return ZeroFrames.up_to(start.model.max_frames, log_mel)
