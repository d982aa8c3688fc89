"""A collector and a panel on a store in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.events.collector import EventCollector
from app.events.panel import EventsPanel
from app.spectrogram.live_timeline import LiveTimeline
from app.style.appearance import Appearance
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from core.inference.results import EventChange, LiveUpdate
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeTagger, noise, scores
from tests.app.event_fakes import MemoryStore


class Ears:
    """Hears for a collector: its timeline, and its store."""

    def __init__(self, store: MemoryStore, parents: ShownParents, muted: MutedClasses) -> None:
        self.store, self.live, self.tagger = store, LiveTimeline(), FakeTagger()
        self.live.use_labels(self.tagger)
        self.live.append(LiveUpdate((noise(100, 0),)), 1000.0)
        self.collector = EventCollector(lambda: store, self.live, parents, muted)
        self.collector.listen_to("USB Mic")
        self.collector.use_tagger(self.tagger)

    def hear(self, *changes: EventChange, until_s: float = 0.0, heard: dict[int, float] | None = None) -> None:
        """Take changes, and frames and one window up to a moment."""
        end, start = round(until_s * 100), self.live.columns.end
        runs = (noise(end - start, start),) if end > start else ()
        windows = (scores(start, end, heard),) if heard is not None else ()
        update = LiveUpdate(runs, windows, events=changes)
        self.live.append(update, 1000.0 + until_s)
        self.live.view.last_s = self.live.columns.end_s
        self.collector.take(update)

    def begin(self, label: int, onset_s: float, number: int = 1) -> EventChange:
        """An event begins, and is known half a second later."""
        change = EventChange(number, label, onset_s, 0.8, onset_s + 0.5)
        self.hear(change, until_s=onset_s + 0.5)
        return change

    def event(self, label: int, onset_s: float, offset_s: float, number: int = 1, peak: float = 0.9) -> None:
        """An event begins and ends."""
        self.begin(label, onset_s, number)
        end = EventChange(number, label, onset_s, peak, offset_s + 0.5, offset_s=offset_s)
        self.hear(end, until_s=offset_s + 0.5)


MakeEars = Callable[..., Ears]


@pytest.fixture
def make_ears(qtbot: QtBot, parents: ShownParents, muted: MutedClasses) -> Iterator[MakeEars]:
    made: list[Ears] = []

    def make(store: MemoryStore | None = None) -> Ears:
        ears = Ears(store or MemoryStore(), parents, muted)
        made.append(ears)
        qtbot.waitUntil(lambda: ears.collector.store is not None)
        return ears

    yield make
    for ears in made:
        assert ears.collector.close(PATIENCE_S)


@pytest.fixture
def ears(make_ears: MakeEars) -> Ears:
    return make_ears()


MakePanel = Callable[[Ears], EventsPanel]


@pytest.fixture
def make_panel(qtbot: QtBot, appearance: Appearance, muted: MutedClasses) -> MakePanel:
    def make(ears: Ears) -> EventsPanel:
        panel = EventsPanel(ears.collector, appearance, muted)
        qtbot.addWidget(panel)
        panel.resize(900, 300)
        panel.show()
        panel.model.reload()
        return panel

    return make
