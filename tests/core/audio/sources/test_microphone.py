"""The microphone while all is well, and while samples get lost or are all zero. All time is virtual."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.sources import microphone_stream
from core.audio.sources.microphone import Microphone
from core.errors import UserError
from tests.core.audio.sources.fake_sounddevice import device, install_fake
from tests.core.audio.sources.live_microphone import BLOCK, RATE, SOUND, drained, opened, trouble_of


def test_blocks_come_out_in_order_as_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    sounds = [np.random.default_rng(i).uniform(-1, 1, n).astype(np.float32) for i, n in enumerate((480, 1, 333))]
    for sound in sounds:
        fake.stream.give(sound)

    blocks = drained(microphone)

    assert [block.start_sample for block in blocks] == [0, 480, 481]
    for block, sound in zip(blocks, sounds, strict=True):
        assert block.samples.tobytes() == sound.tobytes()
        assert block.sample_rate == microphone.sample_rate == RATE
    assert microphone.trouble is None
    assert microphone.dropped_blocks == microphone.overflows == 0


def test_the_device_is_opened_as_it_likes_best(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("default", 32, 44_100.0))
    microphone = opened(fake)

    options = fake.stream.options
    assert (options["samplerate"], options["channels"], options["blocksize"], options["latency"]) == (44_100, 2, 0, 0.1)
    assert options["dtype"] == "float32"
    assert (microphone.name, microphone.sample_rate, microphone.is_live) == ("default", 44_100, True)


def test_channels_are_averaged(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("Stereo", 2))
    microphone = opened(fake)
    fake.stream.give(np.array([[0.5, 0.1], [1.0, -1.0]]))

    np.testing.assert_allclose(drained(microphone)[0].samples, [0.3, 0.0], atol=1e-7)


def test_a_device_that_gives_only_all_its_channels_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("Interface", 8))
    fake.refused_channels = {1, 2}

    opened(fake)

    assert fake.stream.options["channels"] == 8


def test_a_refusal_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    fake.refused_rates = {RATE}

    with pytest.raises(UserError, match="The microphone “Mic” cannot be opened: it has no sample rate"):
        opened(fake, "Mic")


def test_a_full_queue_drops_counts_and_leaves_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microphone_stream, "_QUEUE_BLOCKS", 3)
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    for _ in range(5):
        fake.stream.give(SOUND)
    before = drained(microphone)
    fake.stream.give(SOUND)
    after = drained(microphone)

    assert [block.start_sample for block in before + after] == [0, BLOCK, 2 * BLOCK, 5 * BLOCK]
    assert microphone.dropped_blocks == 2


def test_an_overflow_becomes_a_gap_of_the_time_that_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    for _ in range(20):
        fake.stream.give(SOUND)
    fake.clock.sleep(0.3)
    fake.stream.give(SOUND, overflow=True)
    fake.stream.give(SOUND)

    blocks = drained(microphone)

    assert blocks[20].start_sample - blocks[19].end_sample == pytest.approx(0.3 * RATE, abs=2)
    assert blocks[21].start_sample == blocks[20].end_sample
    assert microphone.overflows == 1


def test_three_seconds_of_zeros_are_trouble_until_a_sound_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    for _ in range(299):
        fake.stream.give(np.zeros(BLOCK))
    drained(microphone)
    assert microphone.trouble is None

    fake.stream.give(np.zeros(BLOCK))
    drained(microphone)
    assert "“Mic”" in trouble_of(microphone)
    assert "digital silence" in trouble_of(microphone)

    fake.stream.give(np.eye(1, BLOCK, 7)[0] * 1e-5)
    drained(microphone)
    assert microphone.trouble is None


def test_closing_aborts_instead_of_waiting_and_may_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = Microphone(clock=fake.clock, sleep=fake.clock.sleep)
    microphone.close()
    microphone.open()
    fake.calls.clear()
    microphone.close()
    microphone.close()

    assert fake.calls == ["abort", "close"]


def test_it_can_be_opened_again_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.stream.give(SOUND)
    drained(microphone)
    microphone.close()
    fake.clock.sleep(60)
    microphone.open()
    fake.stream.give(SOUND)

    assert [block.start_sample for block in drained(microphone)] == [0]


def test_latency_counts_the_device_and_the_wait_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = opened(fake)
    fake.stream.latency = 9.0  # what the device says when it is opened is what counts
    fake.stream.give(SOUND)
    fake.clock.sleep(0.25)

    assert microphone.read(0.0) is not None
    assert microphone.latency_s == pytest.approx(0.1 + 0.25)
