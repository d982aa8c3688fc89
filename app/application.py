"""Starts the window: log, error hooks, settings and parts; and ends the program in order."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import PySide6
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

from app.files.kept_list import FILE_NAME
from app.live.input_devices import InputDevices
from app.main_window import MainWindow
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.context import WindowParts
from app.runtime.core_api import CoreApi
from app.runtime.error_report import ErrorReport, log_folder, start_log
from app.runtime.program import PROGRAM
from app.runtime.qt_workarounds import GarbageTimer, check_versions
from app.runtime.settings import UserSettings
from app.style.appearance import Appearance
from core.audio.input_choice import DEMO_SCENE
from core.cli.terminal.leaving import leave
from core.errors import UserError
from core.version import NAME, version

log = logging.getLogger(__name__)
CLIPS_TIMEOUT_S = 4.0
"""How long it waits for the clips of the last events to be written."""
SHUTDOWN_TIMEOUT_S = 1.0
"""How long the program waits for its threads at the end. A thread that hangs in PortAudio longer never returns."""


def run(argv: Sequence[str]) -> int:
    """Show the window until it is closed, then end the process; returns 2 where the window cannot run.

    argv: program, options and files, as sys.argv.
    """
    try:
        check_versions(PySide6.__version__, sys.version_info[:3])
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    options = _options(argv[1:])
    no_log = start_log(log_folder())
    python = sys.version.split()[0]
    log.info("%s %s, Python %s, PySide6 %s, %s", NAME, version(), python, PySide6.__version__, sys.platform)
    application = QApplication.instance() or QApplication(argv[:1])
    assert isinstance(application, QApplication)
    report = ErrorReport(application)
    report.install()
    garbage = GarbageTimer(application)
    window = build_window(application, settings_path=options.settings)
    window.session.tagger_changed.connect(garbage.end_start_up)
    window.session.model_failed.connect(garbage.end_start_up)
    report.window = window
    if no_log is not None:
        window.notifications.queue_error(no_log)
    close_on_signals(window)
    window.show()
    window.begin(DEMO_SCENE if options.demo else None, options.files)
    log.info("the window is open")
    _end(window, application.exec())


def build_window(
    application: QApplication,
    *,
    settings_path: Path | None = None,
    core: CoreApi | None = None,
    device_command: tuple[str, ...] | None = None,
    program: tuple[str, ...] = PROGRAM,
) -> MainWindow:
    """Build the window with its parts; `begin` starts it.

    core: what to ask of core (tests give their own). device_command: prints the list of microphones as JSON.
    program: starts a command of ours; its verb follows.
    """
    QCoreApplication.setApplicationName("Soundmark")
    settings = UserSettings(settings_path)
    appearance = Appearance(application, settings.theme, settings.text_percent)
    jobs = BackgroundJobs()
    devices = InputDevices(command=device_command)
    # What is kept beside given settings belongs to them, as in tests and in portable use.
    file_list = None if settings_path is None else settings_path.with_name(FILE_NAME)
    parts = WindowParts(settings, appearance, core or CoreApi(), jobs, file_list, program)
    window = MainWindow(parts, devices)
    for owned in (jobs, devices):
        owned.setParent(window)
    return window


def close_on_signals(window: MainWindow) -> None:
    """Close the window without a question on Ctrl+C in the terminal and at the end of the desktop session.

    Python handles signals between bytecodes: the timers of the window make sure that there are some.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: window.training.stop_and_close())


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soundmark", description="Tags audio live and in files.")
    parser.add_argument("files", nargs="*", type=Path, help="audio or video files, or folders, to tag")
    parser.add_argument("--demo", action="store_true", help="listen to the demo scene instead of a microphone")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="keep the settings in this INI file")
    return parser.parse_args(list(argv))


def _end(window: MainWindow, status: int) -> NoReturn:
    """Wait briefly for the threads, then exit; one that hangs, as in PortAudio, is left to the operating system."""
    deadline_s = time.monotonic() + SHUTDOWN_TIMEOUT_S
    ended = window.file_tagging.close(SHUTDOWN_TIMEOUT_S / 2)
    ended = window.keeping.close(max(deadline_s - time.monotonic(), 0.1)) and ended
    # Each clip reaches the row of its event: that has its id by then, and the store is still open.
    ended = window.collector.settle(max(deadline_s - time.monotonic(), 0.1)) and ended
    ended = window.sound.kept.clips.finish(CLIPS_TIMEOUT_S) and ended
    ended = window.collector.close(max(deadline_s - time.monotonic(), 0.1)) and ended
    ended = window.models.downloads.close(max(deadline_s - time.monotonic(), 0.1)) and ended
    ended = window.jobs.wait(max(deadline_s - time.monotonic(), 0.1)) and ended
    if not ended:
        log.warning("a thread did not end in time; the program exits without it")
    leave(status, clears_away=ended)
