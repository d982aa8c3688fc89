"""Live sound and its navigation, for the tests of the picture."""

from __future__ import annotations

import pytest

from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from core.inference.results import LiveUpdate
from tests.app.app_fakes import FakeTagger, noise


@pytest.fixture
def live() -> LiveTimeline:
    """Half a minute of noise."""
    timeline = LiveTimeline()
    timeline.use_labels(FakeTagger())
    timeline.append(LiveUpdate((noise(3000),)))
    timeline.view.last_s = 30.0
    return timeline


@pytest.fixture
def navigation(live: LiveTimeline) -> Navigation:
    return Navigation(live)
