"""The lamp that is lit while sound is recorded to disk."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton

from app.style import formatting
from app.style.theme import Theme


class RecordLamp(QPushButton):
    """Pressing it stops the recording."""

    lit = Signal(bool)
    """It was lit, or went out."""

    def __init__(self, theme: Theme) -> None:
        super().__init__("● Recording")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Recording to disk")
        self.apply_theme(theme)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self.setStyleSheet(f"QPushButton {{ color: {theme.bad}; font-weight: bold; }}")

    def show_recording(self, is_on: bool, tip: str) -> None:
        """Light it or not. tip: what is recorded where."""
        self.setToolTip(f"{tip}\nPress to stop recording (Ctrl+Shift+R).")
        self.lit.emit(is_on)

    def show_left_out(self, number: int) -> None:
        """Say how many clips were left out because there may be speech in them."""
        self.setText(f"● Recording ({formatting.count(number, 'clip')} left out)" if number else "● Recording")
        said = f"Recording to disk, {formatting.count(number, 'clip')} left out because of speech"
        self.setAccessibleName(said if number else "Recording to disk")
