"""Loud after about a second of sound, quiet again about a second after it."""

from __future__ import annotations

import pytest

from app.live.loudness import Loudness

A_SECOND = 30


@pytest.mark.parametrize("rms_dbfs", [-15.0, -30.0])
def test_sound_is_loud_after_a_while_and_quiet_again_after_it(rms_dbfs: float) -> None:
    loudness = Loudness()
    for _ in range(A_SECOND // 3):
        loudness.hear(rms_dbfs)
    assert not loudness.is_loud, "a click, or what is about to get a name"
    for _ in range(2 * A_SECOND):
        loudness.hear(rms_dbfs)
    assert loudness.is_loud
    for _ in range(2 * A_SECOND):
        loudness.hear(-120.0)
    assert not loudness.is_loud


def test_a_quiet_room_is_never_loud() -> None:
    loudness = Loudness()
    for _ in range(20 * A_SECOND):
        loudness.hear(-45.0)
    assert not loudness.is_loud
