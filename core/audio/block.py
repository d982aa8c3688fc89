"""AudioBlock, the unit in which sources deliver sound, and BlockTap, which hears them too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Mono samples and their position on the source's clock.

    samples: float32 `(n_samples,)`, about [-1, 1], finite; never modified.
    start_sample: samples since the source was opened, at `sample_rate`. It is the previous block's
        `end_sample`, or larger: then the samples between are lost, a gap.
    sample_rate: Hz.
    """

    samples: NDArray[np.float32]
    start_sample: int
    sample_rate: int

    @property
    def end_sample(self) -> int:
        """The first sample after this block."""
        return self.start_sample + len(self.samples)


class BlockTap(Protocol):
    """Hears what a listener hears."""

    def push(self, block: AudioBlock) -> None:
        """Take a block as the source delivered it. Called by the capture thread; must not wait or raise."""
        ...
