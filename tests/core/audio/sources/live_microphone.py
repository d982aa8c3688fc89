"""A microphone on a fake sound system, and short words for what the tests do with it. Holds no test."""

from __future__ import annotations

import numpy as np

from core.audio.block import AudioBlock
from core.audio.sources.microphone import Microphone
from tests.core.audio.sources.fake_sounddevice import FakeSounddevice

RATE = 48_000
BLOCK = 480
SOUND = np.full(BLOCK, 0.25, dtype=np.float32)


def opened(fake: FakeSounddevice, name: str | None = None) -> Microphone:
    """A microphone that lives by the fake's clock."""
    microphone = Microphone(name, clock=fake.clock, sleep=fake.clock.sleep)
    microphone.open()
    return microphone


def drained(microphone: Microphone) -> list[AudioBlock]:
    """All blocks that are there now."""
    blocks = []
    while (block := microphone.read(0)) is not None:
        blocks.append(block)
    return blocks


def trouble_of(microphone: Microphone) -> str:
    """The problem in words; fails when there is none."""
    assert microphone.trouble is not None
    return microphone.trouble.problem


def until_reopened(microphone: Microphone, fake: FakeSounddevice, n_streams: int) -> float:
    """Read until there are `n_streams`; the seconds that passed meanwhile."""
    began_s = fake.clock()
    while len(fake.streams) < n_streams:
        microphone.read(0.1)
        assert fake.clock() < began_s + 60, "never opened again"
    return fake.clock() - began_s
