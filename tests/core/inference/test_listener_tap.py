"""A tap hears what the listener hears."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from core.audio.block import AudioBlock
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.ring import SoundRing
from core.inference.listener import Listener
from core.inference.results import LiveUpdate
from fakes import ListSource, noise_blocks
from rig.waiting import PATIENCE_S, wait_for


def test_a_tap_gets_each_block_as_the_source_delivered_it() -> None:
    class Tap:
        def __init__(self) -> None:
            self.blocks: list[AudioBlock] = []
            self.threads: set[str] = set()

        def push(self, block: AudioBlock) -> None:
            self.blocks.append(block)
            self.threads.add(threading.current_thread().name)

    tap, blocks = Tap(), noise_blocks(1)
    listener = Listener(ListSource(blocks), tap=tap)
    listener.start()
    wait_for(lambda: (update := listener.take_update()) and update.has_ended, PATIENCE_S, "the end of the source")
    assert listener.stop()
    assert [id(block) for block in tap.blocks] == [id(block) for block in blocks]
    assert tap.threads == {"listener capture"}


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("gap_s", [0.0, 0.5, 3.0, 7200.0])
def test_picture_and_kept_sound_agree_within_a_frame_after_a_gap(tmp_path: Path, rate: int, gap_s: float) -> None:
    """A click after lost sound, or after a computer that slept for two hours, lies at one place in both."""
    kept = KeptSound(SoundRing(tmp_path))
    take = kept.begin_take("clicks")
    take.place(0.0)
    silence = np.zeros(2 * rate, np.float32)
    clicked = silence.copy()
    clicked[rate // 2 : rate // 2 + rate // 200] = 0.9
    starts = [0, 2 * rate + round(gap_s * rate)]
    blocks = [
        AudioBlock(sound[begin : begin + rate // 10], start + begin, rate)
        for sound, start in zip((silence, clicked), starts, strict=True)
        for begin in range(0, 2 * rate, rate // 10)
    ]
    listener = Listener(ListSource(blocks), tap=take)
    listener.start()
    updates: list[LiveUpdate] = []

    def is_over() -> bool:
        update = listener.take_update()
        updates.extend([] if update is None else [update])
        return any(update.has_ended for update in updates)

    wait_for(is_over, PATIENCE_S, "the end of the source")
    assert listener.stop()
    assert kept.flush()
    runs = [run for update in updates for run in update.runs]
    loudness = [(float(run.frames[i].mean()), run.first_frame + i) for run in runs for i in range(len(run.frames))]
    picture_s = max(loudness)[1] / 100
    piece = kept.ring.read(0.0, 1e6)[-1]
    sound_s = piece.start_s + int(np.argmax(piece.samples)) / rate
    assert sound_s == pytest.approx(2.5 + gap_s, abs=1 / rate)
    assert picture_s == pytest.approx(sound_s, abs=0.015)
    assert kept.close()
