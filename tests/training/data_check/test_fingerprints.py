"""Fingerprints name what may be a copy, whatever its level, and leave silence and different sounds apart."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.data_check.recordings import RATE, hum, take
from training.data_check.fingerprints import HOP, fingerprint, likenesses


@settings(max_examples=20, deadline=None)
@given(gain_db=st.floats(-30, 6), seed=st.integers(0, 100))
def test_a_gain_changes_nothing_that_counts(gain_db: float, seed: int) -> None:
    sound = take(seed, seconds=1.5)
    (found,) = likenesses([fingerprint(sound), fingerprint(sound * np.float32(10 ** (gain_db / 20)))])
    assert (found.first, found.second, found.shift) == (0, 1, 0)
    assert found.error_rate < 0.01


@settings(max_examples=20, deadline=None)
@given(later=st.integers(0, RATE))
def test_the_shift_of_a_cut_is_found(later: int) -> None:
    sound = take(7)
    (found,) = likenesses([fingerprint(sound[: 3 * RATE]), fingerprint(sound[later : later + 3 * RATE])])
    assert abs(found.shift * HOP - later) <= HOP
    assert found.error_rate < 0.1


def test_silence_agrees_with_nothing_not_even_with_silence() -> None:
    nothing, faint = np.zeros(2 * RATE, np.float32), hum(1) * np.float32(1e-5)
    prints = [fingerprint(one) for one in (nothing, nothing, faint, hum(2) * np.float32(1e-5), take(1))]
    assert [one.n_clear for one in prints[:4]] == [0, 0, 0, 0]
    assert likenesses(prints) == []


def test_sounds_around_silence_are_compared_by_the_sounds() -> None:
    gap = np.zeros(3 * RATE, np.float32)
    one, other = (np.concatenate([take(seed, 1.0), gap]) for seed in (1, 2))
    assert likenesses([fingerprint(one), fingerprint(other)]) == []


def test_what_is_too_short_has_no_frame() -> None:
    assert len(fingerprint(hum(1)[: RATE // 5]).rising) == 0
    assert likenesses([fingerprint(np.zeros(0, np.float32))] * 2) == []


def test_many_copies_of_one_clip_are_a_chain_and_cost_no_square() -> None:
    one, n = fingerprint(take(3)), 300
    found = likenesses([one] * n)
    assert {(i, i + 1) for i in range(n - 1)} <= {(pair.first, pair.second) for pair in found}
    assert len(found) < 10 * n
