"""Every text, tooltip and accessible name of the window, compared with `window_texts.txt` beside this file.

After a change of wording write the list anew, and read what has changed in it:
`SOUNDMARK_RENEW_TEXTS=1 uv run --no-sync pytest tests/app/test_texts.py`
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.main_window import ABOUT, MainWindow
from app.menus import SPECTROGRAM_SHORTCUTS
from app.models.download_row import DownloadState
from app.runtime.error_report import ErrorReport
from app.spectrogram.range_dialog import RangeDialog
from app.training.close_dialog import CloseDialog
from app.training.panel import TrainingPanel
from app.training.session import RunState
from app.widgets import file_dialogs
from app.widgets.drop_target import Drop
from core.errors import UserError
from core.inference.pacing.models import PaceState, PaceWish, Place
from core.inference.results import LiveUpdate
from core.run.messages import TrainingFailed
from tests.app.app_fakes import STATUS, FakeCore, level, noise, scores
from tests.app.conftest import MakeWindow
from tests.app.model_fakes import MB
from tests.app.training_fakes import BAD_REPORT, EPOCH, PREPARING, STARTED, STEPS, StandIn, finish_run, write_run
from tests.app.window_texts import WindowTexts
from tests.core.inference.pacing.simulated_machine import ladder_of

STORED = Path(__file__).with_name("window_texts.txt")
PACE = PaceState(ladder_of(4), Place(0, 1), PaceWish(), "finer too slow", share=0.52, refused_share=0.85)
ERROR = UserError("<problem>.", "<remedy>.")


def test_every_text_of_the_window_is_the_stored_one(
    make_window: MakeWindow,
    core: FakeCore,
    stand_in: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    window = make_window(program=stand_in.program)
    window.resize(1900, 1000)
    window.show()
    qtbot.waitExposed(window)
    texts = WindowTexts(tmp_path)
    texts.add(ABOUT)
    for _, meaning in SPECTROGRAM_SHORTCUTS:
        texts.add(meaning)
    texts.look(window)
    _listen(window, core, texts, qtbot)
    _trouble(window, core, texts, qtbot)
    _files(window, core, texts, tmp_path, qtbot)
    _dialogs(window, texts)
    _file_dialogs(window, texts, monkeypatch)
    _models(window, core, texts, qtbot)
    _new_training(window, stand_in, texts, tmp_path, qtbot)
    _training(window, stand_in, texts, tmp_path, qtbot)
    found = "".join(f"{line}\n" for line in texts.lines())
    if os.environ.get("SOUNDMARK_RENEW_TEXTS"):
        STORED.write_text(found, encoding="utf-8")
    assert found.splitlines() == STORED.read_text(encoding="utf-8").splitlines()


def _listen(window: MainWindow, core: FakeCore, texts: WindowTexts, qtbot: QtBot) -> None:
    core.model_gate.clear()
    window.begin()
    texts.look(window)
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[-1].hear(frames=300, level=level(-18, clipped=True))
    qtbot.waitUntil(lambda: window.session.is_listening)
    texts.look(window)
    core.model_gate.set()
    qtbot.waitUntil(lambda: window.session.tagger is not None and window._devices.is_known)
    heard = scores(0, 1024, {0: 0.9, 1: 0.3}, tokens_in=98, tokens_out=50)
    core.listeners[-1].updates.append(LiveUpdate((noise(900, 300),), (heard,), status=STATUS, pace=PACE))
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    window.pins.toggle("dog")
    window.presenter._on_tick()
    texts.look(window)
    window.menus.actions["freeze"].trigger()
    window.spectrogram.plot.clicked.emit(-1.0)
    texts.look(window)
    window.menus.actions["go_live"].trigger()
    window.session.use_merge("energy:8")
    texts.look(window)
    window.session.stop()
    texts.look(window)


def _trouble(window: MainWindow, core: FakeCore, texts: WindowTexts, qtbot: QtBot) -> None:
    """What the banner says, whatever the error is."""
    session = window.session
    session.input_failed.emit(ERROR)
    texts.look(window.banner)
    session.model_failed.emit(ERROR)
    texts.look(window.banner)
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) > 1)
    core.listeners[-1].hear(trouble=ERROR)
    qtbot.waitUntil(lambda: session.is_listening)
    texts.look(window)
    session.input_failed.emit(ERROR)
    texts.look(window.banner)
    window._on_dropped(Drop((), 1))
    texts.look(window.banner)
    window.banner.clear()
    for drop in (Drop((), 1), Drop((Path("a.wav"), Path(__file__).parent), 0)):
        window.overlay.announce(drop.description)
        texts.look(window.overlay)
    window.overlay.hide()


def _files(window: MainWindow, core: FakeCore, texts: WindowTexts, tmp_path: Path, qtbot: QtBot) -> None:
    core.bad_files["bad.wav"] = ERROR
    core.notes["done.wav"] = "<note>"
    core.gate.clear()
    window.add_files([Path(f"/sounds/{name}.wav") for name in ("done", "bad", "waiting", "missing")])
    qtbot.waitUntil(lambda: len(window.files.rows) == 4 and window.files.rows[0].progress is not None)
    for row in range(4):
        window.files_panel.table.selectRow(row)
        texts.look(window)
    core.gate.set()
    qtbot.waitUntil(lambda: window.files.rows[1].state is FileState.FAILED and not window.file_tagging.is_busy)
    for row in range(4):
        window.files_panel.table.selectRow(row)
        texts.look(window)
    window.files_panel.table.selectRow(0)
    qtbot.waitUntil(lambda: window.files.rows[0].timeline.history is not None)
    window.spectrogram.plot.clicked.emit(6.0)
    texts.look(window)
    window.presenter.show_live()


def _dialogs(window: MainWindow, texts: WindowTexts) -> None:
    window.menus.actions["keys"].trigger()
    window.view.ask_range()
    report = ErrorReport()
    report._show("<error>")
    assert report.dialog is not None
    question = CloseDialog(window)
    for dialog in (report.dialog, question, *window.findChildren(RangeDialog)):
        texts.look(dialog)
    texts.look(window)
    for dialog in (report.dialog, question, *window.findChildren(RangeDialog)):
        dialog.close()


def _file_dialogs(window: MainWindow, texts: WindowTexts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every dialog that asks for files, cancelled."""

    class Cancelled:
        @staticmethod
        def ask(_parent: object, title: str, _folder: str, kinds: str = "") -> tuple[str, str]:
            texts.add(title)
            texts.add(kinds)
            return "", ""

        getOpenFileNames = getOpenFileName = ask

        @staticmethod
        def getExistingDirectory(_parent: object, title: str, _folder: str) -> str:
            texts.add(title)
            return ""

    monkeypatch.setattr(file_dialogs, "QFileDialog", Cancelled)
    for name in ("open_files", "open_folder", "resume_training", "open_results"):
        window.menus.actions[name].trigger()
    window.model_menu.file_wanted.emit()
    window.model_menu.folder_wanted.emit()
    file_dialogs.ask_import(window)
    file_dialogs.ask_list_of_clips(window)


def _models(window: MainWindow, core: FakeCore, texts: WindowTexts, qtbot: QtBot) -> None:
    window.menus.actions["download_models"].trigger()
    dialog = window.models.dialog
    assert dialog is not None
    for row in dialog.table.rows_shown:
        dialog.choose(row.name)
        texts.look(dialog)
    row = window.models.downloads.rows[0]
    dialog.choose(row.name)
    core.hub.stall(0)
    dialog.download_button.click()
    texts.look(dialog)
    qtbot.waitUntil(lambda: row.state is DownloadState.DOWNLOADING)
    texts.look(dialog)
    core.hub.stalls_at = 10 * MB
    qtbot.waitUntil(lambda: row.fraction == 0.1)
    texts.look(dialog)
    window.models.downloads.import_model(Path("/clips/notes.txt"))
    texts.look(dialog)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.state is DownloadState.STOPPED)
    texts.look(dialog)
    core.hub.gate.set()
    qtbot.waitUntil(lambda: window.models.downloads.import_error is not None)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.state is DownloadState.HERE)
    texts.look(dialog)
    dialog.close()


def _new_training(window: MainWindow, stand_in: StandIn, texts: WindowTexts, tmp_path: Path, qtbot: QtBot) -> None:
    window.menus.actions["new_training"].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    texts.look(dialog)
    qtbot.waitUntil(lambda: dialog.form.recipe.count() == 3)
    for i in range(3):
        dialog.form.recipe.setCurrentIndex(i)
        texts.look(dialog)
    for i in range(dialog.form.start.count()):
        dialog.form.start.setCurrentIndex(i)
        texts.look(dialog)
    dialog.form.start.setCurrentIndex(0)
    dialog.form.data.setText("/birds")
    texts.look(dialog)
    dialog.form.choose_data("/birds")
    texts.look(dialog)
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2)
    texts.look(dialog)
    write_run(tmp_path / "taken")
    dialog.form.out.setText(str(tmp_path / "taken"))
    texts.look(dialog)
    stand_in.checks(BAD_REPORT)
    dialog.form.choose_data("/rotten")
    qtbot.waitUntil(lambda: dialog.pages.currentIndex() == 2)
    texts.look(dialog)
    dialog.form.choose_data("/birds")
    dialog.stop_check_button.click()
    texts.look(dialog)
    dialog.close()
    QApplication.processEvents()


def _training(window: MainWindow, stand_in: StandIn, texts: WindowTexts, tmp_path: Path, qtbot: QtBot) -> None:
    panel, session, out = window.docks.panel("training", TrainingPanel), window.training.session, tmp_path / "run"
    stand_in.trains(PREPARING, waits=True)
    write_run(out)
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: session.preparing is not None)
    texts.look(window)
    session.stop_soon()
    qtbot.waitUntil(lambda: session.state is RunState.STOPPED)
    stand_in.trains(STARTED, *STEPS, EPOCH, waits=True)
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: session.state is RunState.RUNNING and session.epoch is not None)
    texts.look(window)
    _pause_and_stop(window, texts, qtbot)
    stand_in.trains(TrainingFailed(ERROR.problem, ERROR.remedy))
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: session.state is RunState.FAILED)
    texts.look(window)
    stand_in.trains(STARTED, *STEPS, EPOCH, finish_run(out))
    window.training.resume_training(out)
    qtbot.waitUntil(lambda: bool(window.training.results))
    texts.look(panel)
    _results(window, texts)


def _pause_and_stop(window: MainWindow, texts: WindowTexts, qtbot: QtBot) -> None:
    session = window.training.session
    session.toggle_pause()
    texts.look(window)
    qtbot.waitUntil(lambda: session.state is RunState.PAUSED)
    texts.look(window)
    session.stop()
    texts.look(window)
    qtbot.waitUntil(lambda: session.state is RunState.STOPPED)
    texts.look(window)


def _results(window: MainWindow, texts: WindowTexts) -> None:
    dialog = window.training.results[0]
    for tab in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(tab)
        texts.look(dialog)
    dialog.show_cell(1, 0)
    texts.look(dialog)
    dialog.classes.choose(0)
    texts.look(dialog)
    dialog.show_in_use(str(dialog.results.checkpoint))
    texts.look(dialog)
