"""A tap hears what the listener hears."""

from __future__ import annotations

import threading

from core.audio.block import AudioBlock
from core.inference.listener import Listener
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
