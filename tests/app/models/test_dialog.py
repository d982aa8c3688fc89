"""The dialog of models: from the menu to a model in use, stopped by closing, and every error reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.dialog import DOWNLOAD, RESUME, STOP, ModelsDialog
from app.models.download_row import MANUAL, DownloadRow, DownloadState
from app.style.theme import DARK, LIGHT
from app.widgets import file_dialogs
from core.model.checkpoints.published import PUBLISHED_MODELS
from tests.app.app_fakes import FakeCore, FakeTagger
from tests.app.conftest import MakeWindow
from tests.app.model_fakes import BROKEN, MB, FakeHub
from tests.app.window_driving import listen


@pytest.fixture
def hub(core: FakeCore) -> FakeHub:
    return core.hub


@pytest.fixture
def dialog(window: MainWindow, core: FakeCore, qtbot: QtBot) -> ModelsDialog:
    """Opened from the menu of a window that listens."""
    listen(window, core, qtbot)
    return _open(window, qtbot)


def _open(window: MainWindow, qtbot: QtBot) -> ModelsDialog:
    window.menus.actions["download_models"].trigger()
    dialog = window.models.dialog
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


def _row(dialog: ModelsDialog) -> DownloadRow:
    row = dialog.table.chosen()
    assert row is not None
    return row


def _model_lines(window: MainWindow) -> dict[str, QAction]:
    return {action.text(): action for action in window.menus.model_menu.actions() if action.isCheckable()}


def _download_to(at: int, dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> DownloadRow:
    hub.stall(at)
    dialog.download_button.click()
    row = _row(dialog)
    qtbot.waitUntil(lambda: hub.arrived.get(row.name) == at and row.state is DownloadState.DOWNLOADING)
    return row


def test_the_nine_published_models_are_listed_with_their_facts(dialog: ModelsDialog) -> None:
    model = dialog.table.model()
    rows = [
        [model.index(row, column).data() for column in range(model.columnCount())] for row in range(model.rowCount())
    ]
    assert len(rows) == len(PUBLISHED_MODELS) == 9
    assert rows[0][1:] == [
        "AudioSet",
        "mAP 0.459",
        "10.24\u202fs",
        "10 × 10",
        "BSD-3-Clause",
        DownloadState.ABSENT.value,
    ]
    assert rows[7][1:4] == ["Speech Commands V2", "accuracy 98.12\u202f%", "1.28\u202fs"]
    assert rows[8][-1] == MANUAL
    dialog.table.choose(8)
    assert not dialog.download_button.isEnabled()
    assert "audioset_bal_10_10_0.3499.pth" in dialog.progress_words.text(), "and it says what to do"


def test_from_the_menu_to_the_published_model_in_the_running_live_view(
    window: MainWindow, dialog: ModelsDialog, core: FakeCore, hub: FakeHub, qtbot: QtBot
) -> None:
    listener, row = core.listeners[-1], _row(dialog)
    core.models[row.name] = published = FakeTagger("AST", ("wren", "owl"))
    assert row.title not in _model_lines(window)
    dialog.download_button.setFocus()
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.is_here and row.title in _model_lines(window))
    assert dialog.use_button.hasFocus(), "whoever has no mouse goes on with the next key"
    assert "kept" in _model_lines(window)[row.title].toolTip()
    assert not dialog.download_button.isVisible()
    dialog.use_button.click()
    qtbot.waitUntil(lambda: window.session.tagger is published)
    qtbot.waitUntil(lambda: dialog.use_button.text() == "This model is in use")
    assert not dialog.use_button.isEnabled()
    assert listener.taggers[-1] is published
    assert core.listeners == [listener], "the input was not opened again"
    assert not listener.stopped.is_set()
    assert _model_lines(window)[row.title].isChecked()
    assert window._parts.settings.model == row.name, "and it is there in the next run"


def test_stop_and_go_on(dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    row = _download_to(40 * MB, dialog, hub, qtbot)
    assert dialog.download_button.text() == STOP
    assert dialog.progress.isVisible()
    dialog.download_button.click()
    qtbot.waitUntil(lambda: "40 of 100\u202fMB" in dialog.progress_words.text())
    assert "kept" in dialog.progress_words.text()
    assert dialog.download_button.text() == RESUME
    assert not dialog.trouble.isVisible()
    hub.gate.set()
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun[-1] == (row.name, 40 * MB)
    assert not dialog.progress.isVisible()


def test_the_bar_moves_in_parts_of_a_thousand_and_swings_while_nothing_is_known(
    dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot
) -> None:
    row = _download_to(0, dialog, hub, qtbot)
    assert (dialog.progress.minimum(), dialog.progress.maximum()) == (0, 0)
    dialog.download_button.click()
    assert row.state is DownloadState.ABSENT
    _download_to(30 * MB, dialog, hub, qtbot)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: dialog.progress.value() == 300)
    assert dialog.progress.maximum() == 1000


def test_a_broken_connection_is_said_in_the_dialog(dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    hub.breaks_at = 20 * MB
    dialog.download_button.click()
    qtbot.waitUntil(dialog.trouble.isVisible)
    assert dialog.trouble.text() == f"{BROKEN.problem} {BROKEN.remedy}"
    assert dialog.download_button.text() == RESUME
    dialog.table.choose(1)
    assert not dialog.trouble.isVisible(), "it is the other one's trouble"
    assert dialog.download_button.text() == DOWNLOAD


def test_closing_the_dialog_stops_the_download_and_keeps_the_part(
    window: MainWindow, dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot
) -> None:
    row = _download_to(50 * MB, dialog, hub, qtbot)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.models.dialog is None
    assert row.stop.is_set()
    qtbot.waitUntil(lambda: row.state is DownloadState.STOPPED and row.fraction == 0.5)
    hub.gate.set()
    again = _open(window, qtbot)
    qtbot.waitUntil(lambda: again.download_button.text() == RESUME)
    again.download_button.click()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun[-1] == (row.name, 50 * MB)


def test_closing_the_window_ends_the_download_at_once(
    window: MainWindow, dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot
) -> None:
    row = _download_to(50 * MB, dialog, hub, qtbot)
    window.close()
    assert row.stop.is_set()
    assert window.models.downloads.close(2.0)
    assert hub.arrived[row.name] == 50 * MB


def test_a_file_is_imported_chosen_and_listed(
    window: MainWindow, dialog: ModelsDialog, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    hub.imports["birds.pth"] = "Birds"
    hub.gate.clear()
    monkeypatch.setattr(file_dialogs, "ask_import", lambda _parent: Path("/clips/birds.pth"))
    dialog.file_button.click()
    assert dialog.import_words.text() == "Importing birds.pth…"
    assert not dialog.file_button.isEnabled()
    hub.gate.set()
    qtbot.waitUntil(lambda: _row(dialog).name == "birds")
    assert dialog.use_button.isVisible()
    assert dialog.import_words.text() == ""
    assert dialog.file_button.isEnabled()
    assert _model_lines(window)["Birds"].toolTip() == "Birds, kept"


def test_a_folder_that_is_no_model_says_so(dialog: ModelsDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    monkeypatch.setattr(file_dialogs, "ask_folder", lambda _parent, _title: Path("/clips/notes.txt"))
    dialog.folder_button.click()
    qtbot.waitUntil(lambda: "is a text file" in dialog.import_words.text())
    assert dialog.folder_button.isEnabled()


def test_a_file_dialog_that_was_cancelled_imports_nothing(
    window: MainWindow, dialog: ModelsDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_dialogs, "ask_import", lambda _parent: None)
    dialog.file_button.click()
    assert window.models.downloads.importing is None


def test_the_keyboard_alone_gets_and_uses_a_model(
    window: MainWindow, dialog: ModelsDialog, core: FakeCore, qtbot: QtBot
) -> None:
    dialog.table.setFocus()
    QTest.keyClick(dialog.table, Qt.Key.Key_Down)
    row = _row(dialog)
    assert row.published is PUBLISHED_MODELS[1]
    core.models[row.name] = published = FakeTagger("AST")
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row.is_here)
    assert _row(dialog) is row, "the list was refreshed around it"
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.session.tagger is published)


def test_enter_stops_nothing(dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    row = _download_to(10 * MB, dialog, hub, qtbot)
    QTest.keyClick(dialog.table, Qt.Key.Key_Return)
    assert row.is_on_its_way


def test_there_is_one_dialog_and_it_comes_to_the_front(window: MainWindow, dialog: ModelsDialog, qtbot: QtBot) -> None:
    assert _open(window, qtbot) is dialog


def test_a_model_that_cannot_be_loaded_leaves_the_button_to_try_again(
    dialog: ModelsDialog, core: FakeCore, qtbot: QtBot, window: MainWindow
) -> None:
    row = _row(dialog)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.is_here and dialog.use_button.isEnabled())
    dialog.use_button.click()
    assert dialog.use_button.text() == "Loading…"
    qtbot.waitUntil(lambda: window.session.model_failure is not None)
    assert dialog.use_button.text() == "Use this model now"
    assert "There is no model" in dialog.trouble.text()
    assert dialog.trouble.isVisible()


def test_trouble_has_the_theme_s_own_red(window: MainWindow, dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    hub.breaks_at = 0
    dialog.download_button.click()
    qtbot.waitUntil(dialog.trouble.isVisible)
    for choice, theme in (("light", LIGHT), ("dark", DARK)):
        window.view.set_theme(choice)
        assert theme.bad in dialog.trouble.styleSheet()


def test_the_dialog_fits_a_small_screen(dialog: ModelsDialog) -> None:
    least = dialog.minimumSizeHint()
    assert least.boundedTo(QSize(1008, 592)) == least


def test_what_is_kept_is_listed_at_the_start(make_window: MakeWindow, hub: FakeHub, qtbot: QtBot) -> None:
    model = PUBLISHED_MODELS[0]
    hub._keep(model.name, model.title)
    window = make_window()
    window.begin()
    qtbot.waitUntil(lambda: model.title in _model_lines(window))


def test_what_an_earlier_run_has_fetched_is_gone_on_with(
    window: MainWindow, core: FakeCore, hub: FakeHub, qtbot: QtBot
) -> None:
    first, second = PUBLISHED_MODELS[:2]
    hub.arrived.update({first.name: 40 * MB, second.name: 5_000})
    listen(window, core, qtbot)
    dialog = _open(window, qtbot)
    row = _row(dialog)
    qtbot.waitUntil(lambda: row.state is DownloadState.STOPPED)
    assert dialog.download_button.text() == RESUME
    assert dialog.progress_words.text().startswith("40\u202fMB ")
    assert dialog.progress.isHidden(), "nobody knows yet of how much"
    dialog.table.choose(1)
    assert dialog.download_button.text() == DOWNLOAD, "a few bytes are not worth a word"
    dialog.table.choose(0)
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun == [(first.name, 40 * MB)]
    assert row.kept_bytes == 0


def test_what_has_arrived_damaged_is_not_said_to_be_kept(dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    hub.comes_damaged = True
    dialog.download_button.click()
    row = _row(dialog)
    qtbot.waitUntil(lambda: row.state is DownloadState.FAILED and not row.has_part)
    assert "arrived damaged" in dialog.trouble.text()
    assert "kept" not in dialog.progress_words.text()
    assert dialog.download_button.text() == DOWNLOAD


def test_what_a_broken_line_has_brought_is_said_to_be_kept(dialog: ModelsDialog, hub: FakeHub, qtbot: QtBot) -> None:
    hub.breaks_at = 30 * MB
    dialog.download_button.click()
    row = _row(dialog)
    qtbot.waitUntil(lambda: row.state is DownloadState.FAILED and row.kept_bytes == 30 * MB)
    assert dialog.progress_words.text().startswith("30 of 100\u202fMB ")
    assert dialog.download_button.text() == RESUME
