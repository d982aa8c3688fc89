"""What the picture shows at a moment is what the kept sound has there: within a frame after gaps, Stop and Start, and a
computer that slept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.live.clock import LiveClock
from app.spectrogram.history.column_history import LAG_S
from app.spectrogram.live_timeline import LiveTimeline
from core.audio.block import AudioBlock
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.ring import SoundRing
from core.audio.kept.take import Take
from core.audio.log_mel import LogMelConfig
from core.inference.live_frames import LiveFrames
from core.inference.results import LiveUpdate

BLOCK_S = 0.05
FRAME_S = 0.010
LONGEST_FILLED_S = 10.24


class Room:
    """A microphone in a room whose clocks the test moves; clicks are heard by the picture and kept as sound."""

    def __init__(self, folder: Path) -> None:
        self.kept = KeptSound(SoundRing(folder))
        self.now_s = 500.0
        self.clock = LiveClock(now_s=lambda: self.now_s)
        self.live = LiveTimeline()
        self.n_clicks = 0
        self._rng = np.random.default_rng(3)

    def start(self, rate: int) -> None:
        """Another input, whose sample 0 is now."""
        self._rate, self._sample = rate, 0
        self._take: Take = self.kept.begin_take("Microphone")
        self._frames = LiveFrames(rate, LogMelConfig(), LONGEST_FILLED_S)
        self._is_placed = False
        self.live.show_state("Microphone", is_listening=True, is_growing=True, is_opening=False)
        self.quiet(0.3)

    def stop(self, seconds: float) -> None:
        """Nobody listens for a while."""
        self.live.show_state("Microphone", is_listening=False, is_growing=False, is_opening=False)
        self.now_s += seconds

    def lose(self, seconds: float) -> None:
        """The source runs on but its sound is lost, as while a computer sleeps."""
        self.now_s += seconds
        self._sample += round(seconds * self._rate)

    def quiet(self, seconds: float) -> None:
        """Blocks of silence."""
        for _ in range(round(seconds / BLOCK_S)):
            self._push(np.zeros(round(BLOCK_S * self._rate), np.float32))

    def click(self) -> None:
        """A click somewhere in a block, and silence after it."""
        samples = np.zeros(round(BLOCK_S * self._rate), np.float32)
        samples[self._rng.integers(len(samples))] = 0.9
        self.n_clicks += 1
        self._push(samples)
        self.quiet(0.3)

    def clicks_in_sound_s(self) -> list[float]:
        """Where the kept sound has its clicks, in stream seconds."""
        assert self.kept.flush()
        pieces = self.kept.ring.read(0.0, 1e9)
        return [
            piece.start_s + place / piece.sample_rate
            for piece in pieces
            for place in np.flatnonzero(np.abs(piece.samples.astype(np.int32)) > 9000).tolist()
        ]

    def clicks_in_picture_s(self) -> list[float]:
        """The middle of what the picture shows as a click, in stream seconds."""
        columns = self.live.columns
        found: list[float] = []
        for start, stop in columns.runs:
            loud = columns.columns(start, stop).astype(np.int64).sum(axis=1)
            while loud.max() > 3000:
                place = int(loud.argmax())
                found.append((start + place + 0.5) / columns.columns_per_s + LAG_S)
                loud[max(place - 10, 0) : place + 10] = 0
        return sorted(found)

    def _push(self, samples: np.ndarray) -> None:
        block = AudioBlock(samples, self._sample, self._rate)
        self._sample = block.end_sample
        self.now_s += len(samples) / self._rate
        self._take.push(block)
        update = LiveUpdate(tuple(self._frames.push(block)))
        if not self._is_placed and update.runs:
            self._is_placed = True
            self.clock.place(update)
            self._take.place(self.clock.first_frame / 100)
        self.live.append(self.clock.advance(update), 1_800_000_000.0 + self.now_s)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    assert made.kept.close()


def test_picture_and_sound_agree_after_gaps_stops_and_sleep(room: Room) -> None:
    room.start(48_000)
    for lost_s in (0.0, 0.3701, 5.0037, 31.4159, 7200.00234):
        room.click()
        room.lose(lost_s)
        room.quiet(0.3)
    room.click()
    for stopped_s, rate in ((0.013, 44_100), (5400.2571, 16_000), (1.0, 22_050)):
        room.stop(stopped_s)
        room.start(rate)
        room.click()
        room.lose(0.2)
        room.click()
    heard_s, seen_s = room.clicks_in_sound_s(), room.clicks_in_picture_s()
    assert len(heard_s) == len(seen_s) == room.n_clicks
    np.testing.assert_allclose(seen_s, heard_s, rtol=0, atol=FRAME_S)
    assert abs(float(np.mean(np.subtract(seen_s, heard_s)))) < FRAME_S / 4, "neither is late"


def test_what_the_picture_reads_at_a_click_is_the_click(room: Room) -> None:
    room.start(48_000)
    for _ in range(5):
        room.click()
    for moment_s in room.clicks_in_sound_s():
        levels = [room.live.columns.byte_at(moment_s + by_s, 60) or 0 for by_s in (-0.03, -0.01, 0.0, 0.01, 0.03)]
        assert levels[2] == max(levels)
        assert levels[0] < levels[2] > levels[4]
