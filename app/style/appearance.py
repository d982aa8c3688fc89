"""Switches between dark and light, as the user or the system chooses."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication

from app.style.style_sheet import style_sheet
from app.style.text_size import set_text_size
from app.style.theme import DARK, LIGHT, Theme, check_box_palette, palette

THEME_CHOICES = {"system": "Follow the system", "dark": "Dark", "light": "Light"}


class Appearance(QObject):
    """The theme and the size of text in force.

    changed: palette and style sheet have been set.
    """

    changed = Signal()

    def __init__(self, application: QApplication, choice: str = "system", text_percent: int = 100) -> None:
        super().__init__(application)
        self._application = application
        self._choice = choice
        self.theme: Theme = LIGHT
        # Raster painting: OpenGL costs four times as much in software and composites the whole window.
        pg.setConfigOptions(useOpenGL=False, antialias=False)
        application.setStyle("Fusion")
        set_text_size(application, text_percent)
        application.styleHints().colorSchemeChanged.connect(self._follow)
        self._follow()

    def choose(self, choice: str) -> None:
        """Use one of THEME_CHOICES."""
        self._choice = choice
        self._follow()

    def choose_text_size(self, percent: int) -> None:
        """Make all text `percent` of the system's size."""
        set_text_size(self._application, percent)
        self._follow()

    @Slot()
    def _follow(self) -> None:
        system_is_dark = self._application.styleHints().colorScheme() == Qt.ColorScheme.Dark
        is_dark = system_is_dark if self._choice == "system" else self._choice == "dark"
        self.theme = DARK if is_dark else LIGHT
        self._application.setPalette(palette(self.theme))
        # PySide's types say bytes; it takes text alone.
        QApplication.setPalette(check_box_palette(self.theme), "QCheckBox")  # pyright: ignore[reportArgumentType]
        self._application.setStyleSheet(style_sheet(self.theme))
        self.changed.emit()
