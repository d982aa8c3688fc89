"""A model in its settings: kept as long as they are needed, prepared in the background."""

from __future__ import annotations

import pytest

from core.inference.engines.graph_engine import GraphEngine
from core.inference.engines.models import Setting, Shape
from core.inference.pacing.model_settings import ModelSettings
from core.inference.tagger import Tagger
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint

SHIPPED = MergeSchedule(r=4, reference_patches=512)


@pytest.fixture
def tagger() -> Tagger:
    return Tagger(telling_checkpoint(merge=SHIPPED), device="cpu")


def test_a_setting_is_run_as_it_says(tagger: Tagger) -> None:
    settings = ModelSettings(tagger)
    fine, fast = (Setting("torch", "fp32", merge) for merge in (NO_MERGING, SHIPPED))
    assert settings.tagger(fine).merge == NO_MERGING
    assert settings.tagger(fast).merge == SHIPPED
    assert settings.prepare(fast) == "ready", "PyTorch needs nothing"
    kept = settings.tagger(fine)
    settings.keep_only({fine})
    assert settings.tagger(fine) is kept
    assert settings.model is tagger


def test_a_model_without_a_choice_stays_as_it_is(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.pacing.model_settings.settings_for", lambda _tagger: ())
    settings = ModelSettings(tagger)
    [setting] = settings.known
    assert settings.tagger(setting) is tagger
    settings.keep_only(())
    assert settings.tagger(setting) is tagger


def test_a_graph_is_prepared_for_each_input_of_a_live_window(tagger: Tagger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOUNDMARK_ENGINE")
    asked: list[Shape] = []
    monkeypatch.setattr(GraphEngine, "prepare", lambda _engine, shape: asked.append(shape) or "none")
    settings = ModelSettings(tagger)
    graph = Setting("openvino", "fp32", NO_MERGING)
    assert not settings.known[graph].is_ready
    assert settings.prepare(graph) == "none"
    assert [(one.reading, one.n_frames) for one in asked] == [("columns", 256)]
