"""Turns blocks on a source's clock into log-mel frames on the stream's clock, including gaps."""

from __future__ import annotations

import numpy as np

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMelConfig, LogMelStream
from core.audio.resample import StreamResampler
from core.inference.results import FrameRun, Level

_SILENT_DBFS = -120.0


class LiveFrames:
    """Resamples, frames and keeps time: frame i begins at sample `i * hop_length` of the model's rate.

    longest_gap_s: gaps up to this length are filled with zeros; after a longer one (the computer was asleep) the stream
    starts again at the frame where the sound returns.
    """

    def __init__(self, sample_rate: int, config: LogMelConfig, longest_gap_s: float) -> None:
        self._rate, self._config = sample_rate, config
        self._longest_gap = round(longest_gap_s * sample_rate)
        self._next_sample = 0
        self._first_frame = 0
        self._begin()

    def _begin(self) -> None:
        self._resampler = StreamResampler(self._rate, self._config.sample_rate)
        self._stream = LogMelStream(self._config)

    @property
    def n_frames(self) -> int:
        """Index of the next frame."""
        return self._first_frame + self._stream.n_frames

    @property
    def first_frame(self) -> int:
        """Index of the first frame since the stream last started again."""
        return self._first_frame

    def push(self, block: AudioBlock) -> list[FrameRun]:
        """New frames, in order; those of a gap before `block` are a separate run."""
        runs: list[FrameRun] = []
        lost = block.start_sample - self._next_sample
        if lost > self._longest_gap:
            self._start_at(block.start_sample)
        elif lost > 0:
            runs.append(self._run(np.zeros(lost, np.float32), is_gap=True))
        self._next_sample = block.end_sample
        runs.append(self._run(block.samples, is_gap=False))
        return [run for run in runs if len(run.frames)]

    def _run(self, samples: np.ndarray, is_gap: bool) -> FrameRun:
        first = self.n_frames
        return FrameRun(self._stream.push(self._resampler.push(samples)), first, is_gap)

    def _start_at(self, source_sample: int) -> None:
        """Start again on the grid of frames: the few samples between the last grid point and the sound become zeros."""
        self._begin()
        sample = round(source_sample * self._config.sample_rate / self._rate)
        self._first_frame = sample // self._config.hop_length
        self._stream.push(np.zeros(sample % self._config.hop_length, np.float32))


class LevelMeter:
    """RMS and peak over the newest 0.1 s, whatever the size of the blocks."""

    def __init__(self, sample_rate: int, span_s: float = 0.1) -> None:
        self._span = max(1, round(span_s * sample_rate))
        self._newest = np.zeros(0, np.float32)

    def push(self, block: AudioBlock) -> Level:
        """The level including `block`."""
        self._newest = np.concatenate([self._newest, block.samples])[-self._span :]
        if not len(self._newest):
            return Level()
        peak = float(np.abs(self._newest).max())
        rms = float(np.sqrt(np.mean(np.square(self._newest, dtype=np.float64))))
        # A converter at its limit repeats the largest value; float32 of full scale int16 is 0.99997.
        return Level(_dbfs(rms), _dbfs(peak), clipped=peak >= 0.9995)


def _dbfs(value: float) -> float:
    return max(_SILENT_DBFS, 20 * float(np.log10(value))) if value > 0 else _SILENT_DBFS
