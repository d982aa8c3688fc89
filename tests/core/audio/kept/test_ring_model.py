"""The ring on disk is a model in memory, whatever the sizes of blocks, gaps and limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.block import AudioBlock
from core.audio.kept.pieces import to_float
from core.audio.kept.ring import SoundRing
from core.audio.kept.segments import RingLimits
from core.audio.kept.take import Take

RATE = 1000


@given(
    blocks=st.lists(
        st.tuples(st.integers(0, 1), st.integers(1, 700), st.one_of(st.just(0), st.integers(1, 3000))), max_size=40
    ),
    seconds=st.floats(0.5, 30),
    n_bytes=st.integers(2, 30_000),
    cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@settings(max_examples=150)
def test_the_ring_is_a_model_in_memory(
    tmp_path_factory: pytest.TempPathFactory,
    blocks: list[tuple[int, int, int]],
    seconds: float,
    n_bytes: int,
    cuts: tuple[float, float],
) -> None:
    """Two inputs, one after the other in the stream, with blocks of any size and gaps of any length between them."""
    folder = tmp_path_factory.mktemp("ring")
    ring = SoundRing(folder, RingLimits(seconds, n_bytes))
    takes = [Take.__new__(Take) for _ in range(2)]
    for take, start_s in zip(takes, (0.0, 1000.0), strict=True):
        take.start_s, take.is_discarded = start_s, False
    ends, pushed = [0, 0], []  # pushed: (take, place, number) in the order in which they came
    for index, (which, n, gap) in enumerate(sorted(blocks, key=lambda block: block[0])):
        samples, start = np.random.default_rng(index).integers(-32768, 32768, n).astype(np.int16), ends[which] + gap
        ring.write(takes[which], AudioBlock(to_float(samples), start, RATE))
        ends[which] = start + n
        pushed += [(which, start + i, int(value)) for i, value in enumerate(samples)]
        assert ring.n_bytes <= n_bytes
        assert ring.n_bytes == sum(path.stat().st_size for path in folder.rglob("*.pcm"))
    ring.tidy()
    read = [
        (0 if piece.take_start_s == 0.0 else 1, piece.first_sample + i, int(value))
        for piece in ring.read(0.0, 1e6)
        for i, value in enumerate(piece.samples)
    ]
    assert read == pushed[len(pushed) - len(read) :], "the newest, and nothing changed"
    if 2 * len(pushed) <= n_bytes and len(pushed) <= seconds * RATE:
        assert len(read) == len(pushed), "nothing is dropped without need"
    room = min(seconds * RATE, n_bytes // 2)
    assert len(read) >= min(len(pushed), room * 0.75 - 1), "at most two segments are dropped at once"
    left, right = sorted(cut * 1200 for cut in cuts)
    part = [(which, place, value) for which, place, value in read if _is_between(which, place, left, right)]
    assert part == [
        (0 if piece.take_start_s == 0.0 else 1, piece.first_sample + i, int(value))
        for piece in ring.read(left, right)
        for i, value in enumerate(piece.samples)
    ]
    whole = np.concatenate([*ring.sound(left, right, RATE), np.zeros(0, np.int16)])
    expected = np.zeros(round((right - left) * RATE), np.int16)
    for which, place, value in part:
        at = place - round((left - 1000.0 * which) * RATE)
        if at < len(expected):
            expected[at] = value
    np.testing.assert_array_equal(whole, expected)
    ring.close()
    assert not any(folder.rglob("*.pcm"))


def _is_between(which: int, place: int, left_s: float, right_s: float) -> bool:
    take_s = 1000.0 * which
    stop_s = min(right_s, 1000.0) if which == 0 else right_s
    return round((left_s - take_s) * RATE) <= place < round((stop_s - take_s) * RATE)
