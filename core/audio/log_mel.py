"""Computes Kaldi-compatible log-mel frames of a clip or of a stream; the two agree bit for bit. Imports no torch.

Front end of AST (Gong et al., arXiv:2104.01778, §2; constants of the released code): 25 ms frames every
10 ms, Hann window, 128 triangular mel bins from 20 Hz to Nyquist, natural log with Kaldi's floor.
Each frame depends only on its own 400 samples, so a stream can be cut anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.mel_scale import hz_from_mel, mel_from_hz
from core.bounds import MOST_MELS, check_number, check_whole
from core.errors import UserError

SILENCE = float(np.log(np.float32(np.finfo(np.float32).eps)))
"""Log-mel of digital silence, Kaldi's floor: ln(1.1920929e-07) = -15.942385."""

_FRAMES_PER_BLOCK = 256
"""Half a megabyte of spectra, which stays in a core's cache."""
_PREEMPHASIS = np.float32(0.97)
_LOWEST_HZ = 20.0
_SMALLEST = np.float32(np.finfo(np.float32).eps)
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


class _FrontEnd:
    """From samples to raw log-mel, as Kaldi's `compute-fbank-feats` does it without dither.

    Every step treats each frame by itself, so that a frame is the same numbers whatever is computed beside it. A
    product of whole matrices would not do: BLAS kernels round differently for different numbers of rows.
    """

    def __init__(self, config: LogMelConfig) -> None:
        self._config = config
        length = config.frame_length
        shape = np.hanning(length) if config.window == "hanning" else np.hamming(length)
        self._window = shape.astype(np.float32)
        self._padded = 1 << (length - 1).bit_length()
        self._mels = mel_filters(config, self._padded)

    def frames(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """All whole frames of samples `(n,)`, raw log-mel `(frames, mels)`."""
        config = self._config
        made = np.empty((config.frames_in(len(samples)), config.n_mels), np.float32)
        if len(made):
            cut = sliding_window_view(samples, config.frame_length)[:: config.hop_length]
            for start in range(0, len(made), _FRAMES_PER_BLOCK):
                made[start : start + _FRAMES_PER_BLOCK] = self._block(cut[start : start + _FRAMES_PER_BLOCK])
        return made

    def _block(self, cut: NDArray[np.float32]) -> NDArray[np.float32]:
        length = self._config.frame_length
        centred = cut - cut.mean(axis=1, keepdims=True)
        frames = np.zeros((len(cut), self._padded), np.float32)
        np.multiply(centred[:, :-1], -_PREEMPHASIS, out=frames[:, 1:length])
        frames[:, 1:length] += centred[:, 1:]
        frames[:, 0] = centred[:, 0] * (1 - _PREEMPHASIS)
        frames[:, :length] *= self._window
        spectra = np.fft.rfft(frames, axis=1)
        power = np.square(spectra.real)
        power += np.square(spectra.imag)
        # Each row is a product of its own.
        mels = (power[:, None, :] @ self._mels)[:, 0]
        return np.log(np.maximum(mels, _SMALLEST))


def _front_end_of(config: LogMelConfig) -> _FrontEnd:
    return _front_end(replace(config, mean=0.0, std=1.0))


@cache
def _front_end(config: LogMelConfig) -> _FrontEnd:
    return _FrontEnd(config)


def mel_filters(config: LogMelConfig, n_samples: int) -> NDArray[np.float32]:
    """Weights `(n_samples / 2 + 1, mels)` of the bins of a Fourier transform of `n_samples` samples: triangles with
    equal bases in mel, each from its neighbours' centres to its own."""
    low, high = mel_from_hz(_LOWEST_HZ), mel_from_hz(config.sample_rate / 2)
    step = (high - low) / (config.n_mels + 1)
    bins = mel_from_hz(np.linspace(0.0, config.sample_rate / 2, n_samples // 2 + 1, dtype=np.float64))
    distance = np.abs(bins[:, None] - (low + (np.arange(config.n_mels) + 1) * step)) / step
    return np.maximum(0, 1 - distance).astype(np.float32)


class LogMelStream:
    """Log-mel frames of a stream, as they complete.

    `push` returns exactly the frames that the samples so far complete and that it has not returned before.
    """

    def __init__(self, config: LogMelConfig | None = None) -> None:
        self.config = config or LogMelConfig()
        self.n_frames = 0
        """Frames returned so far."""
        self._front_end = _front_end_of(self.config)
        # Samples from the start of the next frame on.
        self._pending = np.zeros(0, np.float32)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add float32 samples `(n,)`, any n; returns the new frames, raw log-mel `(frames, mels)`."""
        self._pending = np.concatenate([self._pending, samples])
        frames = self._front_end.frames(self._pending)
        self._pending = self._pending[len(frames) * self.config.hop_length :].copy()
        self.n_frames += len(frames)
        return frames


class LogMel:
    """Log-mel frames of a whole clip."""

    def __init__(self, config: LogMelConfig | None = None) -> None:
        self.config = config or LogMelConfig()

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Raw log-mel `(frames, mels)` of float32 samples `(n,)`; no frames for less than 25 ms."""
        return _front_end_of(self.config).frames(np.ascontiguousarray(samples, np.float32))


def mel_centres_hz(config: LogMelConfig | None = None) -> NDArray[np.float64]:
    """Centre frequency of each mel bin, Hz, `(mels,)`, equally spaced in mel from 20 Hz to Nyquist."""
    config = config or LogMelConfig()
    low, high = mel_from_hz(_LOWEST_HZ), mel_from_hz(config.sample_rate / 2)
    mels = low + (np.arange(config.n_mels) + 1) * (high - low) / (config.n_mels + 1)
    return hz_from_mel(mels)
