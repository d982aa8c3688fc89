"""A folder of the log or of the settings that cannot be written to: the program runs, and says so once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.main_window import MainWindow
from app.runtime import error_report
from app.runtime.error_report import open_log_folder, start_log
from app.runtime.settings import UserSettings
from core.errors import UserError
from core.inference.results import LiveUpdate
from tests.app.app_fakes import FakeCore
from tests.app.conftest import NO_DEVICES
from tests.app.window_driving import listen

NO_LOG = UserError("There is no log file.", "Soundmark works without one.")
NO_SETTINGS = UserError("Your settings cannot be saved.", "Free some space.")
TROUBLE = UserError("The microphone has stopped giving sound.", "Check its plug.")


@pytest.fixture
def logging_is_put_back() -> Iterator[None]:
    root, before, level = logging.getLogger(), list(logging.getLogger().handlers), logging.getLogger().level
    yield
    root.handlers = before
    root.setLevel(level)
    error_report.faulthandler.enable()


@pytest.fixture
def no_folder(tmp_path: Path) -> Path:
    """A place that nobody may write to, not even the superuser: it would lie in a file."""
    file = tmp_path / "file"
    file.write_text("no folder")
    return file / "within"


@contextmanager
def a_full_disk() -> Iterator[None]:
    """No file of this process may grow; tests that need it are skipped on Windows."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def failures_of(settings: UserSettings) -> list[UserError]:
    told: list[UserError] = []
    settings.write_failed.connect(told.append)
    return told


def test_without_a_log_folder_the_reason_comes_back(no_folder: Path, logging_is_put_back: None) -> None:
    reason = start_log(no_folder)
    assert reason is not None
    assert str(no_folder) in reason.problem
    assert reason.remedy
    logging.getLogger("somewhere").warning("still works")


def test_a_log_file_that_cannot_be_opened_is_no_log_either(tmp_path: Path, logging_is_put_back: None) -> None:
    (tmp_path / "soundmark.log").mkdir()
    assert start_log(tmp_path) is not None


def test_a_log_that_can_be_written_has_no_reason(tmp_path: Path, logging_is_put_back: None) -> None:
    assert start_log(tmp_path / "log") is None
    for handler in logging.getLogger().handlers:
        handler.close()


def test_asked_for_a_log_folder_that_cannot_be_the_banner_says_so(
    window: MainWindow, no_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_report, "log_folder", lambda: no_folder)
    with pytest.raises(UserError):
        open_log_folder()
    window.menus.actions["log_folder"].trigger()
    assert str(no_folder) in window.banner.text.text()


def test_settings_in_no_folder_are_told_once(no_folder: Path) -> None:
    settings = UserSettings(no_folder / "settings.ini")
    told = failures_of(settings)
    settings.theme = "dark"
    settings.theme = "light"
    settings.flush()
    assert settings.theme == "light"
    assert len(told) == 1
    assert str(no_folder) in told[0].problem


def test_settings_on_a_full_disk_are_told_once(tmp_path: Path) -> None:
    settings = UserSettings(tmp_path / "settings.ini")
    told = failures_of(settings)
    settings.theme = "dark"
    assert not told
    with a_full_disk():
        settings.theme = "light"
        settings.colour_map = "grey"
    assert len(told) == 1


def test_settings_that_can_be_written_are_not_mentioned(tmp_path: Path) -> None:
    settings = UserSettings(tmp_path / "deep" / "settings.ini")
    told = failures_of(settings)
    settings.theme = "light"
    settings.flush()
    assert not told
    assert UserSettings(tmp_path / "deep" / "settings.ini").theme == "light"


def test_the_window_says_it_in_the_banner(qapp: QApplication, core: FakeCore, no_folder: Path, qtbot: QtBot) -> None:
    window = build_window(qapp, settings_path=no_folder / "settings.ini", core=core.api(), device_command=NO_DEVICES)
    qtbot.addWidget(window)
    window.show()
    listen(window, core, qtbot)
    assert "Your settings cannot be saved" in window.banner.text.text()
    window.banner.close_button.click()
    window.view.set_colour_map("grey")
    # What else is kept there cannot be written either, and is told after it.
    assert "Your settings cannot be saved" not in window.banner.text.text()
    window.close()
    assert window.jobs.wait(5.0)


def test_a_note_waits_for_trouble_to_pass_and_stays_until_it_is_dismissed(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    words = window.banner.text.text
    window.notifications.queue_error(NO_LOG)
    window.notifications.queue_error(NO_SETTINGS)
    assert words() == "There is no log file. Soundmark works without one."
    core.listeners[0].updates.append(LiveUpdate(trouble=TROUBLE))
    qtbot.waitUntil(lambda: words().startswith("The microphone has stopped"))
    core.listeners[0].hear(300)
    qtbot.waitUntil(lambda: words().startswith("There is no log file"))
    assert not window.banner.button.isVisible()

    window.banner.close_button.click()
    assert window.banner.isVisible()
    assert words() == "Your settings cannot be saved. Free some space."
    window.banner.close_button.click()
    assert not window.banner.isVisible()
