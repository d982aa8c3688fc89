"""Fixtures for the window: a core that answers at once, without torch, sound or files."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.live import session
from app.main_window import MainWindow
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.program import PROGRAM
from app.runtime.settings import UserSettings
from app.style.appearance import Appearance
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore
from tests.app.training_fakes import StandIn
from tests.app.window_driving import echo

NO_DEVICES = echo("[]")
ONE_DEVICE = echo(
    '[{"name": "USB Mic", "host_api": "ALSA", "channels": 1, "sample_rate": 48000, "is_default": true}]',
)


@pytest.fixture(scope="session", autouse=True)
def imported_modules_are_left_out_of_collections() -> None:
    """What an import made is never freed; without it a collection after each test takes a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def windows_are_freed_between_tests() -> Iterator[None]:
    """Qt holds a lock while PySide disconnects a signal; a collection that begins there and frees an earlier test's
    widgets would wait for that lock for ever."""
    yield
    gc.collect()


@pytest.fixture(scope="session", autouse=True)
def clipboard_is_empty_at_the_end() -> Iterator[None]:
    """The offscreen platform frees what was copied after Python has ended, and would crash on an object of PySide's."""
    yield
    if QApplication.instance() is not None:
        QApplication.clipboard().clear()


@pytest.fixture(autouse=True)
def no_qt_warnings(qtlog: object) -> Iterator[None]:
    """Whatever Qt warns of fails the test, but for what the offscreen platform cannot do."""
    yield
    said = [record for record in qtlog.records if record.type_name not in {"QtDebugMsg", "QtInfoMsg"}]  # type: ignore[attr-defined]
    beyond_offscreen = ("propagateSizeHints", "support raise()")
    assert [record.message for record in said if not any(words in record.message for words in beyond_offscreen)] == []


@pytest.fixture(autouse=True)
def sound_is_never_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake listener that gave one update counts as heard for good, however slow the machine is."""
    monkeypatch.setattr(session, "_STALE_S", 1e9)


@pytest.fixture
def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
def settings_path(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


@pytest.fixture
def appearance(qapp: QApplication) -> Appearance:
    return Appearance(qapp, "dark")


@pytest.fixture
def pins(settings_path: Path) -> Pins:
    return Pins(UserSettings(settings_path))


@pytest.fixture
def parents(settings_path: Path) -> ShownParents:
    return ShownParents(UserSettings(settings_path))


@pytest.fixture
def muted(settings_path: Path) -> MutedClasses:
    return MutedClasses(UserSettings(settings_path))


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[BackgroundJobs]:
    made = BackgroundJobs()
    yield made
    assert made.wait(PATIENCE_S)


MakeWindow = Callable[..., MainWindow]


@pytest.fixture
def make_window(qapp: QApplication, qtbot: QtBot, core: FakeCore, settings_path: Path) -> Iterator[MakeWindow]:
    """Makes windows on the fake core, and takes them down with everything that they started."""
    made: list[MainWindow] = []

    def make(devices: tuple[str, ...] = ONE_DEVICE, program: tuple[str, ...] = PROGRAM) -> MainWindow:
        calls = core.api()
        window = build_window(qapp, settings_path=settings_path, core=calls, device_command=devices, program=program)
        qtbot.addWidget(window)
        made.append(window)
        return window

    yield make
    core.let_go()
    for window in made:
        window.training.session.kill()
        window.close()
        assert window.file_tagging.close(PATIENCE_S)
        assert window.keeping.close(PATIENCE_S)
        assert window.collector.close(PATIENCE_S)
        assert window.models.downloads.close(PATIENCE_S)
        assert window.jobs.wait(PATIENCE_S)


@pytest.fixture
def window(make_window: MakeWindow, qtbot: QtBot) -> MainWindow:
    made = make_window()
    made.resize(1100, 720)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def stand_in(tmp_path: Path) -> StandIn:
    """The training commands, answering as the test says."""
    return StandIn(tmp_path / "stand-in")


@pytest.fixture
def stored(settings_path: Path) -> Callable[[str], object]:
    """What a setting is on disk."""
    return lambda key: QSettings(str(settings_path), QSettings.Format.IniFormat).value(key)
