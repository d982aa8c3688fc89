"""Resampling a stream: the split into blocks changes nothing, and time stays where it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.resample import StreamResampler


def in_pieces(resampler: StreamResampler, samples: np.ndarray, cuts: list[int]) -> np.ndarray:
    """All that comes out when `samples` go in cut at `cuts`."""
    pieces = np.split(samples, sorted(cut % (len(samples) + 1) for cut in cuts))
    return np.concatenate([*(resampler.push(piece) for piece in pieces), resampler.flush()])


@pytest.mark.slow
@settings(deadline=None)
@given(
    rate=st.sampled_from([8_000, 11_025, 22_050, 44_100, 48_000, 96_000]),
    cuts=st.lists(st.integers(0, 10_000), max_size=8),
    seed=st.integers(0, 9),
)
def test_any_split_gives_the_same_stream(rate: int, cuts: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).uniform(-1, 1, 4_000).astype(np.float32)

    whole = in_pieces(StreamResampler(rate), samples, [])
    split = in_pieces(StreamResampler(rate), samples, cuts)

    assert len(whole) == len(split) == pytest.approx(4_000 * 16_000 / rate, abs=1)
    np.testing.assert_allclose(split, whole, atol=1e-6)


@given(cuts=st.lists(st.integers(0, 10_000), max_size=8))
def test_equal_rates_pass_through_bit_for_bit(cuts: list[int]) -> None:
    samples = np.random.default_rng(0).standard_normal(500).astype(np.float32)

    assert in_pieces(StreamResampler(16_000), samples, cuts).tobytes() == samples.tobytes()


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 96_000])
def test_sample_zero_stands_where_it_stood(rate: int) -> None:
    impulse = np.zeros(rate, dtype=np.float32)
    impulse[rate // 2] = 1.0

    out = in_pieces(StreamResampler(rate), impulse, [100, 2_000])

    assert len(out) == 16_000
    assert out.dtype == np.float32
    assert int(np.abs(out).argmax()) == 8_000


def test_a_tone_stays_the_same_tone() -> None:
    time_s = np.arange(44_100) / 44_100
    out = in_pieces(StreamResampler(44_100), np.sin(2 * np.pi * 1_000 * time_s).astype(np.float32), [777])

    expected = np.sin(2 * np.pi * 1_000 * np.arange(16_000) / 16_000)
    np.testing.assert_allclose(out[200:-200], expected[200:-200], atol=2e-6)


def test_after_a_flush_a_new_stream_begins() -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 3_000).astype(np.float32)
    resampler = StreamResampler(48_000)

    first = in_pieces(resampler, samples, [10])
    second = in_pieces(resampler, samples, [2_000])

    np.testing.assert_allclose(second, first, atol=1e-6)


def test_a_pushed_block_is_not_kept_hold_of() -> None:
    samples = np.ones(4, dtype=np.float32)
    out = StreamResampler(16_000).push(samples)
    samples[:] = 5

    assert out.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("rates", [(0, 16_000), (16_000, -1)])
def test_rates_that_are_none_are_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        StreamResampler(*rates)
