"""Applies and remembers how the window looks: colours, levels, scales, how much is kept, theme and text size."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QWidget

from app.menus import Menus, check
from app.runtime.context import WindowParts
from app.spectrogram.navigation import Navigation
from app.spectrogram.panel import SpectrogramPanel
from app.spectrogram.range_dialog import RangeDialog


class ViewSettings(QObject):
    """Passes choices of the View menu on to the spectrogram and the settings."""

    def __init__(
        self, parts: WindowParts, panel: SpectrogramPanel, navigation: Navigation, menus: Menus, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._settings, self._appearance = parts.settings, parts.appearance
        self._panel, self._navigation, self._menus = panel, navigation, menus
        self._window = parent

    def restore(self) -> None:
        """Apply the settings of the last run."""
        settings = self._settings
        self._panel.set_colours(settings.colour_map, settings.range_db)
        self._navigation.set_span(settings.span_s)
        self._panel.plot.set_scale(settings.frequency_scale)
        self._navigation.live.keep(settings.history_minutes)
        check(self._menus.colour_group, settings.colour_map)
        check(self._menus.scale_group, settings.frequency_scale)
        check(self._menus.history_group, str(settings.history_minutes))
        check(self._menus.text_size_group, str(settings.text_percent))
        check(self._menus.theme_group, settings.theme)
        self._menus.actions["boxes"].setChecked(settings.shows_boxes)
        self._panel.plot.boxes.is_shown = settings.shows_boxes

    def show_all(self) -> None:
        """Show all there is of the timeline on show; the time span of the settings stays."""
        self._navigation.show_all()

    def set_span(self, span: str) -> None:
        """Show so many seconds."""
        self._settings.span_s = int(span)
        self._navigation.set_span(int(span))

    def set_colour_map(self, name: str) -> None:
        """One of COLOUR_MAPS."""
        self._settings.colour_map = name
        self._panel.set_colours(name, self._settings.range_db)

    def show_boxes(self, are_shown: bool) -> None:
        """Show events as boxes on the picture, or not."""
        self._settings.shows_boxes = are_shown
        self._panel.plot.boxes.is_shown = are_shown
        self._panel.plot.boxes.update()

    def set_frequency_scale(self, name: str) -> None:
        """One of FREQUENCY_SCALES."""
        self._settings.frequency_scale = name
        self._panel.plot.set_scale(name)

    def set_history(self, minutes: str) -> None:
        """Keep so many minutes of live sound, one of HISTORY_MINUTES."""
        self._settings.history_minutes = int(minutes)
        self._navigation.live.keep(int(minutes))

    def set_text_size(self, percent: str) -> None:
        """One of TEXT_SIZES."""
        self._settings.text_percent = int(percent)
        self._appearance.choose_text_size(int(percent))

    def set_theme(self, choice: str) -> None:
        """One of THEME_CHOICES."""
        self._settings.theme = choice
        self._appearance.choose(choice)

    def ask_range(self) -> None:
        """Let the user choose the darkest and the brightest level."""
        dialog = RangeDialog(self._settings.range_db, self._window)
        dialog.changed.connect(self.set_range)
        dialog.show()

    @Slot(int, int)
    def set_range(self, low_db: int, high_db: int) -> None:
        """Levels from darkest to brightest, dB."""
        self._settings.range_db = (low_db, high_db)
        self._panel.set_colours(self._settings.colour_map, (low_db, high_db))

    def set_full_screen(self, full: bool) -> None:
        """Set the flag alone, so that a maximised window is maximised again afterwards."""
        window = self._window
        others = window.windowState() & ~Qt.WindowState.WindowFullScreen
        window.setWindowState(others | Qt.WindowState.WindowFullScreen if full else others)


def view_actions(view: Callable[[], ViewSettings]) -> dict[str, Callable[..., object]]:
    """What the choices of the View menu do, by name. view: asked when one is made."""
    return {
        "span": lambda span: view().set_span(span),
        "show_all": lambda: view().show_all(),
        "history": lambda minutes: view().set_history(minutes),
        "frequency_scale": lambda name: view().set_frequency_scale(name),
        "colour_map": lambda name: view().set_colour_map(name),
        "theme": lambda choice: view().set_theme(choice),
        "text_size": lambda percent: view().set_text_size(percent),
        "boxes": lambda are_shown: view().show_boxes(are_shown),
        "range": lambda: view().ask_range(),
        "full_screen": lambda full: view().set_full_screen(full),
    }
