"""Shows names, paths and errors as they are, where Qt would take them for rich text."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from core.errors import UserError


class PlainLabel(QLabel):
    """Shows its text as it is: a clip called `<b>` is no bold type."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)


def plain_tip(text: str) -> str:
    """A text for a tooltip or message box that shows `text` as it is."""
    if "<" not in text and "&lt;" not in text:  # by these Qt recognises rich text
        return text
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>")


def rich_error(error: UserError) -> str:
    """The problem and its remedy, a line each, as rich text."""
    return f"{escape(error.problem)}<br>{escape(error.remedy)}"
