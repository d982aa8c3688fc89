"""Which model was in use when."""

from __future__ import annotations

from app.spectrogram.history.model_scores import ModelScores, model_at, models_between
from app.spectrogram.history.score_history import ScoreHistory
from tests.app.app_fakes import FakeTagger


def _model(name: str, start_s: float | None = None) -> ModelScores:
    tagger = FakeTagger(name)
    made = ModelScores(name, tagger.labels, tagger.thresholds, ScoreHistory(len(tagger.labels), is_live=True))
    if start_s is not None:
        made.start_s = start_s
    return made


def test_a_moment_belongs_to_the_model_in_use_then() -> None:
    models = [_model("a"), _model("b", 10.0), _model("c", 20.0)]
    assert [model_at(models, time_s) for time_s in (-1.0, 9.9, 10.0, 25.0)] == [models[i] for i in (0, 0, 1, 2)]
    assert model_at(models[1:], 5.0) is models[1], "the model before it has been forgotten"
    assert model_at([], 5.0) is None


def test_a_range_has_the_models_in_use_anywhere_in_it() -> None:
    models = [_model("a"), _model("b", 10.0), _model("c", 20.0)]
    assert models_between(models, 0.0, 5.0) == models[:1]
    assert models_between(models, 5.0, 10.0) == models[:2]
    assert models_between(models, 10.0, 19.0) == models[1:2]
    assert models_between(models, 5.0, 99.0) == models


def test_labels_are_found_by_id() -> None:
    assert _model("a").places["cat"] == 3
