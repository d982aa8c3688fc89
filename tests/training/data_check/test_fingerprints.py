"""Fingerprints find what may be a duplicate, whatever its level, and keep silence and different sounds apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.data_check.recordings import RATE, hum, take
from training.data_check.fingerprints import HOP, find_matches, fingerprint


@settings(max_examples=20, deadline=None)
@given(gain_db=st.floats(-30, 6), seed=st.integers(0, 100))
def test_a_gain_changes_nothing_that_counts(gain_db: float, seed: int) -> None:
    sound = take(seed, seconds=1.5)
    (found,) = find_matches([fingerprint(sound), fingerprint(sound * np.float32(10 ** (gain_db / 20)))])
    assert (found.first, found.second, found.shift) == (0, 1, 0)
    assert found.error_rate < 0.01


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(later=st.integers(0, RATE))
def test_the_shift_of_a_cut_is_found(later: int) -> None:
    sound = take(7)
    (found,) = find_matches([fingerprint(sound[: 3 * RATE]), fingerprint(sound[later : later + 3 * RATE])])
    assert abs(found.shift * HOP - later) <= HOP
    assert found.error_rate < 0.1


def test_silence_agrees_with_nothing_not_even_with_silence() -> None:
    nothing, faint = np.zeros(2 * RATE, np.float32), hum(1) * np.float32(1e-5)
    prints = [fingerprint(sound) for sound in (nothing, nothing, faint, hum(2) * np.float32(1e-5), take(1))]
    assert [quiet.n_clear for quiet in prints[:4]] == [0, 0, 0, 0]
    assert find_matches(prints) == []


def test_sounds_around_silence_are_compared_by_the_sounds() -> None:
    gap = np.zeros(3 * RATE, np.float32)
    sounds = (np.concatenate([take(seed, 1.0), gap]) for seed in (1, 2))
    assert find_matches([fingerprint(sound) for sound in sounds]) == []


def test_what_is_too_short_has_no_frame() -> None:
    assert len(fingerprint(hum(1)[: RATE // 5]).rising) == 0
    assert find_matches([fingerprint(np.zeros(0, np.float32))] * 2) == []


@pytest.mark.slow
def test_many_duplicates_of_one_clip_are_a_chain_and_cost_no_square() -> None:
    clip, n = fingerprint(take(3)), 300
    found = find_matches([clip] * n)
    assert {(i, i + 1) for i in range(n - 1)} <= {(pair.first, pair.second) for pair in found}
    assert len(found) < 10 * n
