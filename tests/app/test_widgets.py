"""Meter, banner, range, errors and the pool: each by itself."""

from __future__ import annotations

import gc
import logging
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QTextDocument, QTextTable
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.live import level_meter
from app.live.input_devices import InputDevices
from app.live.level_meter import LevelMeter
from app.runtime import error_report
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.error_report import ErrorReport, start_log
from app.runtime.qt_workarounds import GarbageTimer
from app.shortcuts_dialog import KeysDialog
from app.status_bar import figures
from app.style import formatting
from app.style.theme import DARK
from core.errors import UserError
from core.inference.results import LiveStatus
from tests.app.app_fakes import level
from tests.app.window_driving import echo


def test_the_clip_lamp_stays_lit_for_a_while(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(level_meter, "CLIP_LATCH_MS", 150)
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.show_level(level(-3, clipped=True))
    meter.show_level(level(-30))
    assert meter.is_clip_lit
    qtbot.waitUntil(lambda: not meter.is_clip_lit)


def test_the_peak_falls_slowly(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.show_level(level(-12))
    meter.show_level(level(-60))
    assert -7.0 < meter._peak_dbfs < -6.0


def test_the_meter_says_its_level_and_silence(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    assert meter.accessibleDescription() == "no signal"
    meter._text_age.invalidate()
    meter._described_age.invalidate()
    meter.show_level(level(-18))
    assert "−18" in meter.accessibleDescription()


def test_figures_leave_out_what_is_not_known() -> None:
    assert figures(LiveStatus(), None) == "0 skipped  ·  0 dropped"


def test_jobs_answer_on_the_gui_thread(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []
    jobs.run(threading.current_thread, lambda worker: threads.extend([worker, threading.current_thread()]))
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threads[1]
    assert threads[1] is threading.main_thread()
    assert jobs.unfinished == 0


def test_a_job_that_breaks_is_told_in_words(
    jobs: BackgroundJobs, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[UserError] = []

    def work() -> None:
        raise ZeroDivisionError("by nothing")

    jobs.run(work, None, errors.append)
    qtbot.waitUntil(lambda: bool(errors))
    assert "by nothing" in errors[0].problem
    assert any(record.exc_info for record in caplog.records)


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


def test_garbage_is_collected_by_the_timer_only(qtbot: QtBot) -> None:
    owner = QObject()
    try:
        timer = GarbageTimer(owner)
        assert not gc.isenabled()
        gc.collect()
        keep = [[] for _ in range(2 * gc.get_threshold()[0])]
        timer.collect()
        assert gc.get_count()[0] >= len(keep), "start-up is not over"
        timer.end_start_up()
        keep += [[] for _ in range(2 * gc.get_threshold()[0])]
        timer.collect()
        assert gc.get_count()[0] < len(keep)
    finally:
        gc.unfreeze()
        gc.enable()


def test_what_start_up_left_is_not_walked_again(qtbot: QtBot) -> None:
    owner = QObject()
    try:
        timer = GarbageTimer(owner)
        timer.end_start_up()
        n_frozen = gc.get_freeze_count()
        assert n_frozen > 100_000
        assert len(gc.get_objects()) < n_frozen / 10
        timer.end_start_up()
        assert gc.get_freeze_count() == n_frozen, "once only: what a later model is made of stays collectable"
    finally:
        gc.unfreeze()
        gc.enable()


def test_devices_are_read_in_a_child(qtbot: QtBot) -> None:
    text = '[{"name": "Mic ü", "host_api": "ALSA", "channels": 2, "sample_rate": 44100, "is_default": true}]'
    devices = InputDevices(command=echo(text))
    with qtbot.waitSignal(devices.changed):
        devices.refresh()
    assert devices.devices[0].name == "Mic ü"
    assert devices.is_known


@pytest.mark.parametrize("command", [echo("oops"), ("/nowhere/at/all",)])
def test_a_list_that_cannot_be_read_is_not_an_empty_one(qtbot: QtBot, command: tuple[str, ...]) -> None:
    devices = InputDevices(command=command)
    with qtbot.waitSignal(devices.changed):
        devices.refresh()
    assert not devices.is_known


def test_a_cleared_meter_forgets_peak_and_clipping_at_once(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter._text_age.invalidate()
    meter.show_level(level(-3, clipped=True))
    meter.clear()
    assert not meter.is_clip_lit
    assert meter._peak_dbfs <= level_meter.SILENT_DBFS
    assert meter.accessibleDescription() == "no signal"


def test_the_figure_beside_the_meter_is_what_the_bar_shows(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.clear()
    for rms_dbfs in (-20, -50, -31, -44):
        meter.show_level(level(rms_dbfs))
    assert -23 < meter.shown_dbfs <= -20, "the bar falls slowly, for the figure to keep up"
    qtbot.waitUntil(lambda: meter.text == formatting.decibels(meter.shown_dbfs, "dBFS"))
    for _ in range(100):
        meter.show_level(level(-44))
    assert meter.shown_dbfs == -44
    qtbot.waitUntil(lambda: meter.text == formatting.decibels(-44, "dBFS"))
    meter.show_level(level(-120))
    qtbot.waitUntil(lambda: meter.text == "no signal")


def test_keys_and_their_meanings_stand_on_one_line(qtbot: QtBot) -> None:
    dialog = KeysDialog([("Ctrl+A", "One thing"), ("B", "Another")])
    qtbot.addWidget(dialog)
    document = QTextDocument()
    [label] = dialog.findChildren(QLabel)
    document.setHtml(label.text())
    [table] = [frame for frame in document.rootFrame().childFrames() if isinstance(frame, QTextTable)]
    for row in range(2):
        blocks = [table.cellAt(row, column).firstCursorPosition().block() for column in range(2)]
        tops = [document.documentLayout().blockBoundingRect(block).top() for block in blocks]
        assert tops[0] == pytest.approx(tops[1], abs=0.5)
