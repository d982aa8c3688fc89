"""A stream that is younger than the model's context: silence stands in front of it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.log_mel import SILENCE, LogMel
from core.inference.engines.models import Engine, Reading
from core.inference.live_tagging import LiveTagging, LiveWindow, filled
from core.inference.tagger import Tagger
from fakes import noise_blocks, telling_tagger, tiny_tagger


class Sizes:
    """An engine that notes the length of each input."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.seen = engine, list[int]()

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        self.seen.append(log_mel.shape[1])
        return self._engine.run(reading, log_mel)


@pytest.mark.parametrize(
    ("tagger", "sizes"),
    [(telling_tagger(), {256}), (tiny_tagger(), {200, 1024}), (tiny_tagger(pad_to_window=True), {200, 1024})],
)
def test_a_young_stream_has_silence_in_front_so_that_inputs_are_of_few_sizes(tagger: Tagger, sizes: set[int]) -> None:
    engine = Sizes(tagger.runs_on)
    tagger._engine = engine  # type: ignore[assignment]
    frames = LogMel()(noise_blocks(4, block=64_000)[0].samples)
    for end in (50, 100, 200, 250, 390):
        scores = LiveTagging(tagger).tag(LiveWindow(frames[:end], 0, 0, 0.0))
        assert scores.end_frame == end
        assert scores.start_frame >= 0
    assert set(engine.seen) == sizes == {shape.n_frames for shape in tagger.live_shapes}


def test_frames_are_filled_in_front_or_cut() -> None:
    frames = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert filled(frames, 2).tolist() == [[2, 3], [4, 5]]
    assert filled(frames, 3).tolist() == frames.tolist()
    np.testing.assert_array_equal(filled(frames, 4), [[SILENCE, SILENCE], [0, 1], [2, 3], [4, 5]])
    assert filled(frames, 4).dtype == np.float32
