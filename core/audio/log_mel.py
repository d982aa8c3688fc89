"""Computes Kaldi-compatible log-mel frames of a clip or of a stream; the two agree bit for bit.

Front end of AST (Gong et al., arXiv:2104.01778, §2; constants of the released code): 25 ms frames every
10 ms, Hann window, 128 triangular mel bins from 20 Hz to Nyquist, natural log with Kaldi's floor.
Each frame depends only on its own 400 samples, so a stream can be cut anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torchaudio.compliance import kaldi  # pyright: ignore[reportMissingTypeStubs]

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.mel_scale import hz_from_mel, mel_from_hz
from core.bounds import MOST_MELS, check_number, check_whole
from core.errors import UserError

SILENCE = float(np.log(np.float32(np.finfo(np.float32).eps)))
"""Log-mel of digital silence, Kaldi's floor: ln(1.1920929e-07) = -15.942385."""

# Frame i is always computed as row i % 128 of a call on 128 frames: BLAS and FFT kernels round differently
# for different row counts, so only equal shapes make a stream equal the clip bit for bit.
_FRAMES_PER_CALL = 128
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 1000, 768_000
"""Below the lowest, a frame of 25 ms has hardly any samples; bat recorders reach the highest."""


@dataclass(frozen=True, slots=True)
class LogMelConfig:
    """The front end that a model was trained with; it is stored in the checkpoint."""

    sample_rate: int = 16_000
    """Hz."""
    n_mels: int = 128
    """Number of mel bins."""
    window: str = "hanning"
    """"hanning" as released, "hamming" as in the paper's text."""
    mean: float = -4.2677393
    """Of the raw log-mel; the model sees (x - mean) / (2 * std), mean 0 and deviation 0.5 (AST §2)."""
    std: float = 4.5689974
    """Standard deviation of the raw log-mel."""

    def __post_init__(self) -> None:
        if self.window not in ("hanning", "hamming"):
            raise UserError(f"Unknown log-mel window {self.window!r}.", "Use hanning or hamming.")
        check_whole("sample_rate", self.sample_rate, _LOWEST_RATE_HZ, _HIGHEST_RATE_HZ)
        check_whole("n_mels", self.n_mels, 1, MOST_MELS)
        if self.sample_rate % FRAMES_PER_SECOND:
            raise UserError(f"The sample rate cannot be {self.sample_rate} Hz.", "Use a multiple of 100 Hz.")
        if not 0 < self.std < math.inf:
            raise UserError(
                f"The log-mel deviation {self.std} is not positive and finite.", "Compute the statistics again."
            )
        if not math.isfinite(self.mean):
            raise UserError(f"The log-mel mean {self.mean} is not a number.", "Compute the statistics again.")
        # Beyond these bounds they are 0 or infinite in float32.
        check_number("The log-mel deviation", self.std, 1e-6, 1e6)
        check_number("The log-mel mean", self.mean, -1e6, 1e6)

    @property
    def hop_length(self) -> int:
        """Samples from the start of one frame to the start of the next: 10 ms."""
        return self.sample_rate // FRAMES_PER_SECOND

    @property
    def frame_length(self) -> int:
        """Samples in one frame: 25 ms."""
        return self.sample_rate // 40

    def frames_in(self, n_samples: int) -> int:
        """Whole frames in `n_samples` samples (Kaldi's snip_edges)."""
        return max(0, 1 + (n_samples - self.frame_length) // self.hop_length) if n_samples >= self.frame_length else 0

    def samples_for(self, n_frames: int) -> int:
        """The fewest samples that give `n_frames` frames: 164 080 for 1024 at 16 kHz."""
        return (n_frames - 1) * self.hop_length + self.frame_length if n_frames else 0

    def makes_frames_of(self, other: LogMelConfig) -> bool:
        """Whether both give the same raw frames, which do not depend on the statistics."""
        return replace(self, mean=other.mean, std=other.std) == other

    def normalise(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """(x - mean) / (2 * std), what the model sees; `frames` raw log-mel of any shape."""
        return (frames - np.float32(self.mean)) / np.float32(2 * self.std)


def _fbank(samples: torch.Tensor, config: LogMelConfig) -> torch.Tensor:
    """Raw log-mel `(frames, mels)` of `samples` `(n,)`, by torchaudio's port of Kaldi."""
    return kaldi.fbank(
        samples.unsqueeze(0),
        sample_frequency=config.sample_rate,
        num_mel_bins=config.n_mels,
        window_type=config.window,
        frame_length=25.0,
        frame_shift=10.0,
        dither=0.0,
        use_energy=False,
        htk_compat=True,
    )


class LogMelStream:
    """Log-mel frames of a stream, as they complete.

    `push` returns exactly the frames that the samples so far complete and that it has not returned before.
    """

    def __init__(self, config: LogMelConfig | None = None) -> None:
        self.config = config or LogMelConfig()
        self.n_frames = 0
        """Frames returned so far."""
        self._call_samples = self.config.samples_for(_FRAMES_PER_CALL)
        # Samples from the start of the current call of 128 frames on.
        self._pending = np.zeros(0, np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add float32 samples `(n,)`, any n; returns the new frames, raw log-mel `(frames, mels)`."""
        self._pending = np.concatenate([self._pending, samples]) if len(self._pending) else samples.copy()
        done: list[NDArray[np.float32]] = []
        while (frames := self._complete_frames()) is not None:
            done.append(frames)
        return np.concatenate(done) if done else np.zeros((0, self.config.n_mels), np.float32)

    def _complete_frames(self) -> NDArray[np.float32] | None:
        """New frames of the current call, or None."""
        first = self.n_frames % _FRAMES_PER_CALL
        stop = min(self.config.frames_in(len(self._pending)), _FRAMES_PER_CALL)
        if stop <= first:
            return None
        call = np.zeros(self._call_samples, np.float32)
        known = min(len(self._pending), self._call_samples)
        call[:known] = self._pending[:known]
        frames = _fbank(torch.as_tensor(call), self.config)[first:stop].numpy()
        self.n_frames += stop - first
        if stop == _FRAMES_PER_CALL:
            self._pending = self._pending[_FRAMES_PER_CALL * self.config.hop_length :].copy()
        return frames


class LogMel:
    """Log-mel frames of a whole clip."""

    def __init__(self, config: LogMelConfig | None = None) -> None:
        self.config = config or LogMelConfig()

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw log-mel `(frames, mels)` of float32 samples `(n,)`; no frames for less than 25 ms."""
        return LogMelStream(self.config).push(np.ascontiguousarray(samples, np.float32))


def mel_centres_hz(config: LogMelConfig | None = None) -> NDArray[np.float64]:
    """Centre frequency of each mel bin, Hz, `(mels,)`, equally spaced in mel from 20 Hz to Nyquist."""
    config = config or LogMelConfig()
    low, high = mel_from_hz(20.0), mel_from_hz(config.sample_rate / 2)
    mels = low + (np.arange(config.n_mels) + 1) * (high - low) / (config.n_mels + 1)
    return hz_from_mel(mels)
