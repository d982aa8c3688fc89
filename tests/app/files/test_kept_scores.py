"""Scores of files survive as bytes: windows and rows, to a 255th, and small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files.kept_scores import final_scores, packed, unpacked
from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import ScoreHistory
from core.inference.frame_rows import window_of
from core.inference.results import FrameScores, TagScores
from tests.app.app_fakes import NAMES, FakeTagger, scores


def _model(*windows: TagScores) -> ModelScores:
    history = ScoreHistory(len(NAMES), is_live=False)
    for window in windows:
        history.append(window)
    return ModelScores("Starter", FakeTagger().labels, np.full(len(NAMES), 0.5, np.float32), history)


def _rows(start_s: float, levels: list[float]) -> TagScores:
    values = np.zeros((len(levels), len(NAMES)), np.float32)
    values[:, 2] = levels
    times_s = start_s + 0.05 + 0.1 * np.arange(len(levels), dtype=np.float64)
    return window_of(FrameScores(values, times_s))


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=30), min_size=1, max_size=5))
def test_rows_come_back_to_a_hundredth(parts: list[list[float]]) -> None:
    model = _model(*(_rows(5.0 * place, levels) for place, levels in enumerate(parts)))
    back = unpacked(packed(final_scores(model)))
    assert (back.model, back.labels, back.thresholds.tolist()) == (model.model, model.labels, [0.5] * len(NAMES))
    for before, after in zip(model.scores.outline(2, 0.0, 99.0), back.scores.outline(2, 0.0, 99.0), strict=True):
        assert after == pytest.approx(before, abs=0.012)
    np.testing.assert_allclose(back.scores.peaks(0.0, 99.0), model.scores.peaks(0.0, 99.0), atol=1e-4)


def test_windows_of_a_model_without_rows_come_back() -> None:
    model = _model(scores(0, 1024, {0: 0.9}), scores(500, 1524, {1: 0.4}))
    back = unpacked(packed(final_scores(model)))
    assert not back.scores.has_rows
    assert back.scores.starts_s.tolist() == model.scores.starts_s.tolist()
    assert back.scores.stops_s.tolist() == model.scores.stops_s.tolist()
    assert back.scores.values(0) == pytest.approx(model.scores.values(0), abs=1e-4)
    found = back.scores.at(7.0)
    assert found is not None
    assert found.probabilities[1] == pytest.approx(0.4, abs=1e-4)


def test_an_hour_of_noise_and_some_events_is_small() -> None:
    rng = np.random.default_rng(1)
    windows = [_rows(5.0 * place, (0.5 * rng.random(50) ** 3).tolist()) for place in range(720)]
    assert len(packed(final_scores(_model(*windows)))) < 400_000


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", b"x" * 100])
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="no scores"):
        unpacked(content)
