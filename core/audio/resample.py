"""Changes the sample rate of a stream, block by block; it must have no gaps."""

from __future__ import annotations

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray

MODEL_SAMPLE_RATE = 16_000
"""Hz; all models run at this rate."""

_QUALITY = "HQ"


class StreamResampler:
    """Resamples one stream; how it is split into blocks does not change the output.

    Output sample 0 is at the time of input sample 0. Equal rates pass through bit for bit.
    """

    def __init__(self, from_rate: int, to_rate: int = MODEL_SAMPLE_RATE) -> None:
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError(f"Sample rates must be positive, not {from_rate} and {to_rate} Hz.")
        self.from_rate = from_rate
        self.to_rate = to_rate
        self._stream = None
        if from_rate != to_rate:
            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality=_QUALITY)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Add float32 `(n,)`; returns what is ready, float32 `(m,)`, often nothing at first."""
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        if self._stream is None:
            return samples.copy()
        return self._stream.resample_chunk(samples)

    def flush(self) -> NDArray[np.float32]:
        """Return the rest, float32 `(m,)`, and reset for a new stream."""
        nothing = np.zeros(0, dtype=np.float32)
        if self._stream is None:
            return nothing
        rest = self._stream.resample_chunk(nothing, last=True)
        self._stream.clear()
        return rest
