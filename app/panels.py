"""The table of the window's panels. A new panel is one file in its room and one line in PANELS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.events.collector import EventCollector
from app.events.panel import EventsPanel
from app.files.panel import FilesPanel
from app.files.tagging_queue import TaggingQueue
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.panel import SpectrogramPanel
from app.style.appearance import Appearance
from app.tags.muted import MutedClasses
from app.tags.panel import TagsPanel
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from app.training.panel import TrainingPanel
from app.training.session import TrainingSession


@dataclass(frozen=True, slots=True)
class PanelParts:
    """What the panels are built from."""

    appearance: Appearance
    pins: Pins
    parents: ShownParents
    muted: MutedClasses
    live: LiveTimeline
    files: TaggingQueue
    events: EventCollector
    training: TrainingSession


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """A panel. name: for settings and tests; title: for people; area: its first place, None for the middle.

    waits: hidden until it has something to show, or is chosen in the View menu.
    """

    name: str
    title: str
    area: Qt.DockWidgetArea | None
    build: Callable[[PanelParts], QWidget]
    waits: bool = False


PANELS: tuple[PanelSpec, ...] = (
    PanelSpec(
        "spectrogram",
        "Spectrogram",
        None,
        lambda p: SpectrogramPanel(p.live, p.appearance, p.pins, p.parents, p.muted),
    ),
    PanelSpec(
        "tags",
        "Now hearing",
        Qt.DockWidgetArea.RightDockWidgetArea,
        lambda p: TagsPanel(p.appearance, p.pins, p.parents, p.muted),
    ),
    PanelSpec(
        "events",
        "Events",
        Qt.DockWidgetArea.BottomDockWidgetArea,
        lambda p: EventsPanel(p.events, p.appearance, p.muted),
    ),
    PanelSpec("files", "Files", Qt.DockWidgetArea.BottomDockWidgetArea, lambda p: FilesPanel(p.files, p.appearance)),
    PanelSpec(
        "training",
        "Training",
        Qt.DockWidgetArea.BottomDockWidgetArea,
        lambda p: TrainingPanel(p.training, p.appearance),
        waits=True,
    ),
)
