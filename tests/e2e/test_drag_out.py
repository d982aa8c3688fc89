"""A selected stretch is dragged out of the window onto another program, with the real pointer: it gets a sound file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.files.row import FileState
from app.main_window import MainWindow
from rig import sounds
from rig.child import Child
from rig.virtual_screen import VirtualScreen
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore
from tests.app.conftest import NO_DEVICES

REPOSITORY = Path(__file__).resolve().parents[2]
TITLE = "Somebody else"
RATE = 16_000
STEPS = 20


@pytest.fixture
def window(
    qt_on_screen: None, qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    core = FakeCore()
    made = build_window(qapp, settings_path=tmp_path / "settings.ini", core=core.api(), device_command=NO_DEVICES)
    made.setGeometry(260, 60, 980, 680)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
    assert made.file_tagging.close(PATIENCE_S)
    assert made.jobs.wait(PATIENCE_S)
    made.deleteLater()


@pytest.fixture
def target(screen: VirtualScreen, qt_on_screen: None) -> Iterator[Child]:
    program = REPOSITORY / "tests" / "rig" / "drop_target.py"
    with Child([sys.executable, program, TITLE], os.environ | screen.environment) as child:
        screen.wait_for_window(TITLE, PATIENCE_S)
        yield child


def _hand(screen: VirtualScreen, start: QPoint, end: QPoint) -> list[str | Path]:
    """xdotool's words for a drag that a person would make: a jump may skip the target's enter."""
    words = ["xdotool", "mousemove", str(start.x()), str(start.y()), "sleep", "0.3", "mousedown", "1", "sleep", "1.0"]
    for step in range(1, STEPS + 1):
        place = start + (end - start) * (step / STEPS)
        words += ["mousemove", str(place.x()), str(place.y()), "sleep", "0.05"]
    return [*words, "sleep", "1.0", "mousemove", str(end.x() + 2), str(end.y()), "sleep", "0.5", "mouseup", "1"]


def test_a_stretch_that_is_dragged_out_of_the_window_arrives_as_a_file(
    window: MainWindow, target: Child, screen: VirtualScreen, qtbot: QtBot, tmp_path: Path
) -> None:
    wave = sounds.sweep(20.0, RATE)
    path = sounds.write_wav(tmp_path / "street.wav", wave, RATE)
    window.begin(files=[path])
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE])
    window.files_panel.table.selectRow(0)
    qtbot.waitUntil(lambda: window.presenter.timeline.history is not None)
    window.presenter.navigation.select(5.0, 15.0)
    picture = window.spectrogram.plot
    start = picture.mapToGlobal(picture.rect().center())
    frame = screen.run("xwininfo", "-name", TITLE)
    corner = [int(line.split()[-1]) for line in frame.splitlines() if "Absolute upper-left" in line]
    end = QPoint(corner[0] + 80, corner[1] + 80)
    with Child(_hand(screen, start, end), os.environ | screen.environment) as hand:
        qtbot.waitUntil(lambda: hand.exit_code is not None)
        qtbot.waitUntil(lambda: any("dropped" in line for line in target.stdout))
    told = next(json.loads(line) for line in target.stdout if "dropped" in line)
    dragged = Path(told["dropped"])
    assert dragged.suffix == ".wav"
    assert dragged.name.startswith("street 5.0-15.0")
    samples, rate = soundfile.read(dragged, dtype="float32")
    assert rate == RATE
    np.testing.assert_allclose(samples, wave[5 * RATE : 15 * RATE], atol=2e-4)
    assert window.files.rows[0].path == path, "it was not dropped onto the window itself"
    assert len(window.files.rows) == 1
