"""Chance as a function of place: every epoch, batch and step has a generator of its own.

A run that goes on at step n draws what it would have drawn, whatever happened before, on any number of processes, and
no generator's state needs saving.
"""

from __future__ import annotations

import hashlib

from torch import Generator


def seed_of(seed: int, *place: int | str) -> int:
    """63 bits that depend on the run's seed and on the place alone (SHA-256, so that near places share nothing)."""
    digest = hashlib.sha256(repr((seed, *place)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator_for(seed: int, *place: int | str) -> Generator:
    """A fresh generator for one place in the run."""
    return Generator().manual_seed(seed_of(seed, *place))
