"""The microphone that dies and comes back: trouble first, then attempts, then a gap. All time is virtual."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from core.audio.sources import microphone_stream
from tests.core.audio.sources.fake_sounddevice import device, install_fake
from tests.core.audio.sources.live_microphone import RATE, SOUND, drained, opened, trouble_of, until_reopened


@pytest.mark.parametrize("death", ["finished", "no callbacks"])
def test_death_is_shown_before_anything_is_done_about_it(monkeypatch: pytest.MonkeyPatch, death: str) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.stream.give(SOUND)
    if death == "finished":
        fake.stream.die()
    else:
        fake.clock.sleep(1.01)
    fake.calls.clear()

    assert microphone.read(0) is not None  # what had arrived is given first
    assert microphone.read(0) is None
    assert "“Mic” has stopped" in trouble_of(microphone)
    assert fake.calls == []

    assert microphone.read(0) is None
    assert fake.calls == ["abort", "close", "terminate", "initialize"]
    assert len(fake.streams) == 2


def test_a_pause_under_a_second_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.stream.give(SOUND)
    drained(microphone)
    fake.clock.sleep(0.95)

    assert microphone.read(0) is None
    assert microphone.trouble is None


def test_the_time_without_sound_becomes_a_gap_and_the_trouble_goes_with_the_first_sound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    for _ in range(10):
        fake.stream.give(SOUND)
    last = drained(microphone)[-1]
    last_s = fake.clock()
    fake.stream.die()
    microphone.read(0)
    fake.clock.sleep(7.0)
    until_reopened(microphone, fake, 2)
    assert microphone.trouble is not None
    assert microphone.read(0) is None
    fake.stream.give(SOUND)
    passed_s = fake.clock() - last_s

    block = drained(microphone)[0]

    assert microphone.trouble is None
    assert block.end_sample - last.end_sample == pytest.approx(passed_s * RATE, abs=2)


def test_a_device_that_is_gone_is_said_to_be_and_taken_up_by_name_when_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = install_fake(monkeypatch, device("Built-in"), device("USB"))
    microphone = opened(fake, "USB")
    fake.stream.give(SOUND)
    drained(microphone)
    usb = fake.plugged.pop()
    fake.stream.die()
    for _ in range(100):
        microphone.read(0.1)
    assert "“USB” was not found" in trouble_of(microphone)
    assert len(fake.streams) == 1

    fake.plugged[:] = [device("Headset"), usb, device("Built-in")]
    took_s = until_reopened(microphone, fake, 2)

    assert fake.stream.device_name == "USB"
    assert took_s <= 4.1


def test_attempts_grow_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.plugged.clear()
    fake.stream.die()
    attempts_s = []
    began_s = fake.clock()
    while len(attempts_s) < 6:
        n_calls = len(fake.calls)
        microphone.read(0.05)
        if len(fake.calls) > n_calls:
            attempts_s.append(fake.clock() - began_s)

    np.testing.assert_allclose(np.diff(attempts_s), [0.5, 1.0, 2.0, 4.0, 4.0], atol=0.06)


def test_waiting_for_the_next_attempt_takes_no_longer_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.plugged.clear()
    fake.stream.die()
    microphone.read(0)
    microphone.read(0)
    before_s = fake.clock()

    assert microphone.read(0.02) is None
    assert fake.clock() - before_s == pytest.approx(0.02)


def test_a_sound_system_that_does_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.failing_start = "Host error"
    fake.stream.die()
    for _ in range(20):
        microphone.read(0.1)
    assert "Host error" in trouble_of(microphone)

    fake.failing_start = None
    until_reopened(microphone, fake, 2)


def test_a_device_that_comes_back_with_another_rate_is_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.stream.give(SOUND)
    last = drained(microphone)[-1]
    last_s = fake.clock()
    fake.plugged[:] = [device("Mic", rate=16_000.0)]
    fake.refused_rates = {RATE}
    fake.stream.die()
    until_reopened(microphone, fake, 2)
    for _ in range(100):
        fake.stream.give(np.full(160, 0.25, dtype=np.float32))

    blocks = drained(microphone)

    assert fake.stream.options["samplerate"] == 16_000
    assert {block.sample_rate for block in blocks} == {RATE}
    assert all(a.end_sample == b.start_sample for a, b in pairwise(blocks))
    assert blocks[-1].end_sample - last.end_sample == pytest.approx((fake.clock() - last_s) * RATE, abs=0.05 * RATE)
    np.testing.assert_allclose(blocks[-1].samples, 0.25, atol=1e-3)


def test_drops_before_a_recovery_are_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone_stream, "_QUEUE_BLOCKS", 1)
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    for n_streams in (2, 3):
        fake.stream.give(SOUND)
        fake.stream.give(SOUND)
        fake.stream.die()
        until_reopened(microphone, fake, n_streams)
    drained(microphone)

    assert microphone.dropped_blocks == 2
