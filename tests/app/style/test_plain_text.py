"""Names and errors that look like rich text are shown as they are, wherever the window shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app import main_window
from app.files.row import FileState
from app.main_window import MainWindow
from app.runtime.error_report import ErrorReport
from app.style.plain_text import PlainLabel, plain_tip, rich_error
from core.errors import UserError
from core.version import version
from tests.app.app_fakes import FakeCore

MARKED = "<b>a</b> & <img src='x'>.wav"
ERROR = UserError(f"“{MARKED}” is no sound.", "Export <i>it</i> again.")


def as_seen(text: str) -> str:
    """What a tooltip shows, which finds out by itself whether a text is rich."""
    document = QTextDocument()
    if GuiQt.mightBeRichText(text):
        document.setHtml(text)
    else:
        document.setPlainText(text)
    return document.toPlainText()


@pytest.mark.parametrize("text", ["plain", MARKED, "&lt;b&gt;", "a & b", "<1 %", "two\n<b>lines</b>"])
def test_tips_show_every_text_as_it_is(qapp: QApplication, text: str) -> None:
    assert as_seen(plain_tip(text)) == text


def test_errors_keep_their_two_lines() -> None:
    document = QTextDocument()
    document.setHtml(rich_error(ERROR))
    assert document.toPlainText() == f"{ERROR.problem}\n{ERROR.remedy}"


def test_labels_are_plain(qtbot: QtBot) -> None:
    label = PlainLabel(MARKED)
    qtbot.addWidget(label)
    assert (label.text(), label.textFormat()) == (MARKED, Qt.TextFormat.PlainText)


def test_a_bad_files_error_is_text_in_the_picture_and_in_the_banner(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.bad_files["odd.wav"] = ERROR
    window.session.load_model(None)
    window.file_tagging.add_paths([Path("/sounds/odd.wav")])
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.FAILED])
    document = QTextDocument()
    document.setHtml(window.files.rows[0].timeline.message)
    assert document.toPlainText() == f"{ERROR.problem}\n{ERROR.remedy}"
    window.notifications.show_error(ERROR)
    assert window.banner.text.text() == f"{ERROR.problem} {ERROR.remedy}"
    assert window.banner.text.textFormat() is Qt.TextFormat.PlainText


def test_an_uncaught_error_is_text_in_its_dialog(qapp: QApplication, qtbot: QtBot) -> None:
    report = ErrorReport()
    report.on_exception(UserError, ERROR, None)
    qtbot.waitUntil(lambda: report.dialog is not None)
    assert report.dialog is not None
    qtbot.addWidget(report.dialog)
    assert as_seen(report.dialog.informativeText()) == f"{ERROR.problem} {ERROR.remedy}"
    report.dialog.close()


def test_about_tells_the_version(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(main_window.QMessageBox, "about", lambda _window, _title, words: told.append(words))
    window.menus.actions["about"].trigger()
    assert f"Soundmark {version()}" in told[0]
