"""The window in this process, on the virtual screen with the virtual microphone: what it says can be read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.files.row import FileState
from app.main_window import MainWindow
from core.audio.input_choice import DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice
from core.inference.results import LiveUpdate
from rig.child import Child
from rig.virtual_microphone import VirtualMicrophone
from rig.virtual_screen import VirtualScreen
from rig.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"

Open = Callable[[InputChoice | None], MainWindow]


@pytest.fixture
def open_window(qt_on_screen: None, qapp: QApplication, qtbot: QtBot, tmp_path: Path) -> Iterator[Open]:
    """Opens the window with settings of its own; closes it and waits for its threads."""
    opened: list[MainWindow] = []

    def open_it(choice: InputChoice | None) -> MainWindow:
        window = build_window(qapp, settings_path=tmp_path / "settings.ini")
        opened.append(window)
        window.show()
        qtbot.waitExposed(window)
        window.begin(choice)
        return window

    yield open_it
    for window in opened:
        window.close()
        assert window.file_tagging.close(PATIENCE_S)
        assert window.jobs.wait(PATIENCE_S)
        window.deleteLater()


@pytest.fixture
def listening(open_window: Open, microphone: VirtualMicrophone, qtbot: QtBot) -> MainWindow:
    """The window listening to the virtual microphone, its model loaded."""
    window = open_window(InputChoice("microphone", microphone.name))
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    return window


def top_labels(window: MainWindow, count: int = 3) -> list[str]:
    """Names of the classes that the window is surest of now."""
    scores, labels = window.session.latest_scores, window.session.labels
    assert scores is not None
    assert labels is not None
    return [labels[int(i)].name.lower() for i in (-scores.probabilities).argsort()[:count]]


def test_sound_reaches_the_level_and_the_scores_come_four_times_a_second(
    listening: MainWindow, microphone: VirtualMicrophone, sweep_wav: Path, qtbot: QtBot, screen: VirtualScreen
) -> None:
    updates: list[LiveUpdate] = []
    listening.session.updated.connect(updates.append)
    with microphone.playing(sweep_wav) as player:
        qtbot.waitUntil(lambda: player.exit_code is not None)

    assert max(update.level.rms_dbfs for update in updates) > -20
    ends_s = [scores.end_s for update in updates for scores in update.scores]
    skipped = updates[-1].status.skipped_windows - updates[0].status.skipped_windows
    assert len(ends_s) + skipped >= 0.9 * 4 * (ends_s[-1] - ends_s[0])
    assert updates[-1].status.dropped_blocks == 0
    frames = sum(len(run.frames) for update in updates for run in update.runs)
    assert frames > 400
    assert screen.picture(SCREENSHOTS / "live-sweep.png") > 200


def test_a_real_recording_is_named(
    listening: MainWindow,
    microphone: VirtualMicrophone,
    real_clip: Callable[[str], Path],
    qtbot: QtBot,
    screen: VirtualScreen,
) -> None:
    clip = real_clip("siren")
    with microphone.playing(clip):
        qtbot.waitUntil(lambda: "siren" in " ".join(top_labels(listening)))
        screen.picture(SCREENSHOTS / "live-siren.png")


def test_dropped_files_are_tagged(
    listening: MainWindow,
    sweep_wav: Path,
    qtbot: QtBot,
    screen: VirtualScreen,
    tmp_path: Path,
    drag: Callable[..., Child],
) -> None:
    rotten = tmp_path / "rotten.wav"
    rotten.write_text("no sound")
    with drag("Soundmark", sweep_wav, rotten) as hand:
        qtbot.waitUntil(lambda: hand.exit_code is not None)
        assert hand.exit_code == 0, hand.describe()
    qtbot.waitUntil(lambda: len(listening.files.rows) == 2)
    qtbot.waitUntil(lambda: all(row.is_over for row in listening.files.rows))

    by_name = {row.path.name: row for row in listening.files.rows}
    good, bad = by_name[sweep_wav.name], by_name["rotten.wav"]
    assert good.state is FileState.DONE
    assert good.duration_s == pytest.approx(6, abs=0.1)
    assert good.timeline.scores is not None
    assert len(good.timeline.scores) >= 1
    assert bad.state is FileState.FAILED
    assert bad.error is not None
    assert bad.error.remedy
    assert listening.session.is_listening
    screen.picture(SCREENSHOTS / "files-dropped.png")


def test_an_unplugged_microphone_is_told_and_taken_up_again(
    listening: MainWindow, microphone: VirtualMicrophone, qtbot: QtBot, screen: VirtualScreen
) -> None:
    microphone.unplug(microphone.name)
    try:
        qtbot.waitUntil(lambda: listening.banner.isVisible())
        assert listening.session.trouble is not None
        assert listening.session.trouble.problem in listening.banner.text.text()
        screen.picture(SCREENSHOTS / "microphone-unplugged.png")
    finally:
        microphone.plug(microphone.name)
    qtbot.waitUntil(lambda: listening.session.trouble is None)
    assert not listening.banner.isVisible()
    before = listening.session.status.windows
    qtbot.waitUntil(lambda: listening.session.status.windows > before)


def test_an_input_reopened_while_the_sound_server_hangs_is_heard_once_it_answers(
    listening: MainWindow, microphone: VirtualMicrophone, qtbot: QtBot, screen: VirtualScreen
) -> None:
    button, caption = listening.banner.button, listening.spectrogram.caption
    microphone.freeze(True)
    try:
        # Nothing is played, so that the banner may have spoken of silence before.
        qtbot.waitUntil(lambda: "has stopped sending sound" in listening.banner.text.text())
        qtbot.waitUntil(lambda: caption.text() == f"No sound: {microphone.name}")
        assert button.text() == "Reopen the input"
        screen.picture(SCREENSHOTS / "sound-server-hangs.png")
        button.click()
        qtbot.waitUntil(lambda: listening.banner.isVisible() and button.text() == "Try again")
        screen.picture(SCREENSHOTS / "sound-server-still-hangs.png")
        button.click()
        qtbot.wait(1000)
    finally:
        microphone.freeze(False)

    def try_until_heard() -> bool:
        if listening.banner.isVisible() and button.text() == "Try again":
            button.click()
        return listening.session.is_receiving

    qtbot.waitUntil(try_until_heard)
    qtbot.waitUntil(lambda: listening.session.status.windows > 0)
    qtbot.waitUntil(lambda: caption.text() == f"Live: {microphone.name}")
    screen.picture(SCREENSHOTS / "sound-server-answers.png")


def test_without_any_microphone_the_demo_scene_plays_and_says_so(
    open_window: Open, no_device: dict[str, str], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, screen: VirtualScreen
) -> None:
    for name, value in no_device.items():
        monkeypatch.setenv(name, value)
    window = open_window(DEFAULT_MICROPHONE)

    qtbot.waitUntil(lambda: window.session.input == DEMO_SCENE and window.session.is_listening)
    assert window.banner.isVisible()
    assert "demo scene" in window.banner.text.text()
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    screen.picture(SCREENSHOTS / "demo-scene.png")
