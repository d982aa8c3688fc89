"""Makes random generators for places in a run, such as an epoch, a batch or a step.

A run that is resumed at step n thus draws the same random numbers as one that was never interrupted, on any number of
processes, and no generator state needs to be saved.
"""

from __future__ import annotations

import hashlib

from torch import Generator


def seed_of(seed: int, *place: int | str) -> int:
    """A 63-bit seed that depends only on the run's seed and the place (by SHA-256, so that places are independent)."""
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator_for(seed: int, *place: int | str) -> Generator:
    """A new generator for a place in the run."""
    return Generator().manual_seed(seed_of(seed, *place))
