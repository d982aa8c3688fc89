"""A ring buffer is the tail of the whole stream, whatever the sizes of the pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.ring_buffer import RingBuffer


@given(capacity=st.integers(1, 20), sizes=st.lists(st.integers(0, 45), max_size=20))
def test_it_holds_the_tail_of_the_stream(capacity: int, sizes: list[int]) -> None:
    ring = RingBuffer(capacity, (2,))
    stream = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    for stop in np.cumsum(sizes):
        ring.append(stream[ring.end : stop])

    held = stream[max(0, len(stream) - capacity) :]
    assert (ring.start, ring.end) == (len(stream) - len(held), len(stream))
    np.testing.assert_array_equal(ring.read(ring.start, ring.end), held)


@given(capacity=st.integers(1, 9), sizes=st.lists(st.integers(0, 7), min_size=1, max_size=9), jump=st.integers(0, 30))
def test_after_a_skip_only_what_followed_is_held(capacity: int, sizes: list[int], jump: int) -> None:
    ring = RingBuffer(capacity)
    ring.append(np.ones(5))
    ring.skip_to(5 + jump)
    for size in sizes:
        ring.append(np.arange(ring.end, ring.end + size))

    assert ring.end == 5 + jump + sum(sizes)
    assert ring.start == max(5 + jump, ring.end - capacity)
    np.testing.assert_array_equal(ring.read(ring.start, ring.end), np.arange(ring.start, ring.end))


def test_what_comes_out_is_a_copy() -> None:
    ring = RingBuffer(4)
    ring.append([1, 2, 3])
    ring.read(0, 3)[:] = 9

    assert ring.read(0, 3).tolist() == [1, 2, 3]


@pytest.mark.parametrize(("start", "stop"), [(1, 4), (3, 7), (5, 4), (-1, 2)])
def test_rows_that_are_gone_or_not_yet_there_are_refused(start: int, stop: int) -> None:
    ring = RingBuffer(4)
    ring.append(np.arange(6))

    with pytest.raises(IndexError, match=f"{start} to {stop} .* 2 to 6"):
        ring.read(start, stop)


def test_the_stream_does_not_go_back() -> None:
    ring = RingBuffer(4)
    ring.append(np.arange(6))

    with pytest.raises(ValueError, match="5"):
        ring.skip_to(5)


@pytest.mark.parametrize("rows", [np.zeros((3, 4)), np.zeros(5), np.float32(1)])
def test_rows_of_another_shape_are_refused(rows: np.ndarray) -> None:
    with pytest.raises(ValueError, match="shape"):
        RingBuffer(8, (5,)).append(rows)


def test_a_ring_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row"):
        RingBuffer(0)
