"""`core.audio.sources.microphone` on real PortAudio: sound comes through whole, and every fault is told and mended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.sources.microphone import Microphone
from core.errors import UserError
from rig import sounds
from rig.virtual_microphone import VirtualMicrophone
from rig.waiting import PATIENCE_S


class Recording:
    """Reads a microphone on this thread and keeps every block."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self.blocks: list[AudioBlock] = []

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        """Read on until `condition`; fail when it does not come."""
        until_s = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < until_s, f"waited {timeout_s} s in vain for {what}; {self.microphone.trouble}"
            block = self.microphone.read(timeout_s=0.1)
            if block is not None:
                self.blocks.append(block)

    def has_heard(self, seconds: float) -> Callable[[], bool]:
        """A condition: so many seconds more than now have come, gaps not counted."""
        before = self.heard_s()
        return lambda: self.heard_s() - before >= seconds

    def heard_s(self) -> float:
        """Seconds of samples, gaps not counted."""
        return sum(len(block.samples) for block in self.blocks) / self.microphone.sample_rate

    def samples(self) -> NDArray[np.float32]:
        """All that was heard, with zeros in the gaps."""
        whole = np.zeros(self.blocks[-1].end_sample - self.blocks[0].start_sample, np.float32)
        for block in self.blocks:
            start = block.start_sample - self.blocks[0].start_sample
            whole[start : start + len(block.samples)] = block.samples
        return whole


@contextmanager
def recording(name: str) -> Iterator[Recording]:
    """An opened microphone of that name, closed afterwards."""
    microphone = Microphone(name)
    microphone.open()
    try:
        yield Recording(microphone)
    finally:
        microphone.close()


def best_lag(long: NDArray[np.float32], short: NDArray[np.float32]) -> int:
    """Where in `long` the `short` sound lies, in samples."""
    size = 1 << (len(long) + len(short)).bit_length()
    spectrum = np.fft.rfft(long, size) * np.conj(np.fft.rfft(short, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[: len(long)]))


def worst_correlation(heard: NDArray[np.float32], played: NDArray[np.float32], window: int) -> float:
    """The smallest correlation of two equally long sounds over windows of `window` samples."""
    count = len(played) // window
    a, b = (x[: count * window].reshape(count, window) for x in (heard, played))
    return float(((a * b).sum(1) / np.sqrt((a * a).sum(1) * (b * b).sum(1) + 1e-12)).min())


def test_sound_comes_through_whole(microphone: VirtualMicrophone, tmp_path: Path) -> None:
    # Low enough that a lag of half a sample does not show.
    played = sounds.sweep(4, 48_000, low_hz=150, high_hz=1500)
    wav = sounds.write_wav(tmp_path / "sweep.wav", played, 48_000)
    with recording(microphone.name) as heard, microphone.playing(wav) as player:
        heard.until(lambda: player.exit_code is not None, PATIENCE_S, "the end of the sound")
        heard.until(heard.has_heard(0.6), PATIENCE_S, "what was still on its way")
        rate = heard.microphone.sample_rate

        expected = soxr.resample(played, 48_000, rate).astype(np.float32)
        got = heard.samples()
        lag = best_lag(got, expected)
        assert len(got) >= lag + len(expected)
        assert worst_correlation(got[lag : lag + len(expected)], expected, rate // 10) > 0.95
        assert heard.microphone.dropped_blocks == 0
        assert heard.microphone.trouble is None


def test_an_unplugged_microphone_is_told_and_taken_up_again(microphone: VirtualMicrophone) -> None:
    with recording(microphone.name) as heard:
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound")
        began_s, heard_before_s = time.monotonic(), heard.blocks[-1].end_sample / heard.microphone.sample_rate
        microphone.unplug(microphone.name)
        try:
            heard.until(lambda: heard.microphone.trouble is not None, PATIENCE_S, "a word on the loss")
        finally:
            microphone.plug(microphone.name)
        heard.until(lambda: heard.microphone.trouble is None, PATIENCE_S, "the microphone")
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound again")

        passed_s = time.monotonic() - began_s
        on_clock_s = heard.blocks[-1].end_sample / heard.microphone.sample_rate - heard_before_s
        assert on_clock_s == pytest.approx(passed_s, abs=0.5)
        assert heard.heard_s() < on_clock_s + heard_before_s


def test_a_crashed_sound_server_is_told_and_taken_up_again(microphone: VirtualMicrophone) -> None:
    with recording(microphone.name) as heard:
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound")
        microphone.stop()
        try:
            heard.until(lambda: heard.microphone.trouble is not None, PATIENCE_S, "a word on the loss")
        finally:
            microphone.start()
        heard.until(lambda: heard.microphone.trouble is None, PATIENCE_S, "the microphone")
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound again")


def test_samples_that_stop_are_told_and_taken_up_again(microphone: VirtualMicrophone) -> None:
    with recording(microphone.name) as heard:
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound")
        microphone.hold(True)
        try:
            heard.until(lambda: heard.microphone.trouble is not None, PATIENCE_S, "a word on the loss")
        finally:
            microphone.hold(False)
        heard.until(lambda: heard.microphone.trouble is None, PATIENCE_S, "samples")
        heard.until(heard.has_heard(0.5), PATIENCE_S, "sound again")


def test_a_muted_microphone_is_told_from_a_quiet_room(microphone: VirtualMicrophone, sweep_wav: Path) -> None:
    with recording(microphone.name) as heard, microphone.playing(sweep_wav):
        heard.until(heard.has_heard(1), PATIENCE_S, "sound")
        microphone.mute(True)
        try:
            heard.until(lambda: heard.microphone.trouble is not None, PATIENCE_S, "a word on the silence")
            assert heard.microphone.trouble is not None
            assert "silence" in heard.microphone.trouble.problem
        finally:
            microphone.mute(False)


def test_a_name_that_is_not_there_is_refused_with_a_remedy(microphone: VirtualMicrophone) -> None:
    with pytest.raises(UserError, match="no such microphone") as refused:
        Microphone("no such microphone").open()
    assert refused.value.remedy
