"""The mel scale: its definition, and that both directions are inverse."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.mel_scale import hz_from_mel, mel_from_hz


def test_a_thousand_hertz_are_a_thousand_mel() -> None:
    assert mel_from_hz(1000.0) == pytest.approx(1000.0, abs=0.1)
    assert mel_from_hz(0.0) == 0.0


def test_both_directions_are_inverse_for_numbers_and_arrays() -> None:
    frequencies_hz = np.array([20.0, 250.0, 8000.0])
    np.testing.assert_allclose(hz_from_mel(mel_from_hz(frequencies_hz)), frequencies_hz)
    assert hz_from_mel(mel_from_hz(440.0)) == pytest.approx(440.0)
