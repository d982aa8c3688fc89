"""Uncaught errors: one dialog at a time, and the log."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.runtime import error_report
from app.runtime.error_report import ErrorReport, start_log
from core.errors import UserError


def test_errors_open_one_dialog_at_a_time(qtbot: QtBot, caplog: pytest.LogCaptureFixture) -> None:
    report = ErrorReport()
    for i in range(30):
        report.on_exception(ValueError, ValueError(f"number {i}"), None)
    qtbot.waitUntil(lambda: report.dialog is not None)
    dialog = report.dialog
    assert dialog is not None
    assert dialog.informativeText() == "ValueError: number 0"
    assert len(caplog.records) == 30
    dialog.close()
    assert report.dialog is None


def test_an_error_in_a_thread_is_shown_by_the_gui_thread(qtbot: QtBot) -> None:
    report = ErrorReport()
    error = UserError("It broke.", "Mend it.")
    thread = threading.Thread(target=report.on_exception, args=(UserError, error, None))
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: report.dialog is not None)
    assert report.dialog is not None
    assert report.dialog.informativeText() == "It broke. Mend it."
    report.dialog.close()


def test_the_log_is_written_to_its_folder(tmp_path: Path) -> None:
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    try:
        start_log(tmp_path / "log")
        logging.getLogger("somewhere").warning("something")
        assert "something" in (tmp_path / "log" / "soundmark.log").read_text()
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers = before
        error_report.faulthandler.enable()
