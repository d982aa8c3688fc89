"""Words that are not ours (names, paths, errors) where Qt would take them for rich text."""

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
    """A tooltip, or a message box's words, that shows `text` as it is."""
    if "<" not in text and "&lt;" not in text:  # what Qt looks for
        return text
    return f"<qt>{escape(text)}</qt>".replace("\n", "<br>")


def rich_error(error: UserError) -> str:
    """What is wrong and how to fix it, a line each, for what shows rich text."""
    return f"{escape(error.problem)}<br>{escape(error.remedy)}"
