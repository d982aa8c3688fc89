"""Changes the sample rate of a stream, block by block. Knows no file, no device and no gaps."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

MODEL_SAMPLE_RATE = 16_000
"""Hz; every model here hears at this rate."""

_QUALITY = "HQ"


class StreamResampler:
    """Resamples one stream statefully: the split into blocks does not change what comes out.

    Output sample 0 stands where input sample 0 stands. Equal rates pass through bit for bit.
    """

    def __init__(self, from_rate: int, to_rate: int = MODEL_SAMPLE_RATE) -> None:
        if from_rate <= 0 or to_rate <= 0:
            raise ValueError(f"Sample rates are positive, not {from_rate} and {to_rate} Hz.")
        self.from_rate = from_rate
        self.to_rate = to_rate
        self._stream = None
        if from_rate != to_rate:
            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", quality=_QUALITY)

    def push(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take float32 `(n,)`; give what is ready, float32 `(m,)`, often nothing at first."""
        samples = np.ascontiguousarray(samples, dtype=np.float32)
        if self._stream is None:
            return samples.copy()
        return self._stream.resample_chunk(samples)

    def flush(self) -> NDArray[np.float32]:
        """Give the rest, float32 `(m,)`, and be ready for a new stream."""
        nothing = np.zeros(0, dtype=np.float32)
        if self._stream is None:
            return nothing
        rest = self._stream.resample_chunk(nothing, last=True)
        self._stream.clear()
        return rest
