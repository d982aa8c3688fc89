"""The events of a selected file: listed, found on the picture, played, exported; and there after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.events.of_file.list import FileEventsList
from app.files.row import FileRow, FileState
from app.main_window import MainWindow
from core.event_files.main import read_labels
from core.heard.event import HeardEvent
from core.inference.frame_rows import ROW_S
from tests.app.app_fakes import FakeCore
from tests.app.conftest import MakeWindow

Key = Qt.Key
TIMED = [("Dog", 2.0, 3.0), ("Rain", 7.0, 8.0), ("Siren", 12.0, 13.0), ("Cat", 17.0, 18.0)]


@pytest.fixture
def timed(core: FakeCore) -> FakeCore:
    """The model says when things sound."""
    for tagger in core.models.values():
        tagger.has_frame_head = True
    return core


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def _select(window: MainWindow, qtbot: QtBot, *paths: Path) -> FileRow:
    """Tag files, and select the first."""
    window.begin(files=paths)
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE] * len(paths))
    window.files_panel.table.selectRow(0)
    row = window.files.rows[0]
    qtbot.waitUntil(lambda: row.timeline.history is not None)
    return row


def _times(events: Sequence[HeardEvent]) -> list[tuple[str, float, float | None]]:
    return [(event.label, round(event.onset_s, 3), event.offset_s and round(event.offset_s, 3)) for event in events]


def _list(window: MainWindow) -> FileEventsList:
    return window.file_controls.events


def test_a_selected_file_lists_its_events_to_a_tenth_of_a_second_and_no_file_lists_none(
    window: MainWindow, timed: FakeCore, sound: Path, qtbot: QtBot
) -> None:
    assert not _list(window).isVisible()
    _select(window, qtbot, sound)
    assert _times(_list(window).model.rows) == TIMED
    assert _list(window).isVisible()
    shown = [_list(window).model.index(0, column).data() for column in range(5)]
    assert shown == ["", "0:02.0", "1.0\u202fs", "Dog", "90\u202f%"]
    assert _list(window).model.index(0, 5).data(Qt.ItemDataRole.DecorationRole) is not None
    window.spectrogram.pill.click()
    assert not _list(window).isVisible()


def test_enter_goes_to_an_event_and_space_plays_it(
    window: MainWindow, timed: FakeCore, sound: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = _select(window, qtbot, sound)
    played: list[tuple[Path, float, float | None]] = []
    monkeypatch.setattr(window.sound.playback, "play_file", lambda *given: played.append(given))
    table = _list(window).table
    table.choose(2)
    QTest.keyClick(table, Key.Key_Return)
    assert row.timeline.cursor_s == pytest.approx(12.0, abs=ROW_S / 2)
    QTest.keyClick(table, Key.Key_Space)
    assert played == [(sound, pytest.approx(12.0), pytest.approx(13.0))]
    QTest.keyClick(table, Key.Key_F2)
    assert table.state() is not table.State.EditingState, "notes are for what was heard live"


def test_a_box_on_the_picture_of_a_file_selects_its_row(
    window: MainWindow, timed: FakeCore, sound: Path, qtbot: QtBot
) -> None:
    row = _select(window, qtbot, sound)
    window.spectrogram.plot.box_clicked.emit(row.events()[1])
    current = _list(window).table.current()
    assert current is not None
    assert current.label == "Rain"


def test_the_list_is_sorted_copied_and_exported(
    window: MainWindow, timed: FakeCore, sound: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    _select(window, qtbot, sound)
    listed = _list(window)
    listed.model.sort(3, Qt.SortOrder.DescendingOrder)
    assert [event.label for event in listed.model.rows] == ["Siren", "Rain", "Dog", "Cat"]
    listed.table.choose(1)
    QTest.keyClick(listed.table, Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "0:07.0\t1.0 s\tRain" in QGuiApplication.clipboard().text()
    target = sound.with_name("one.csv")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), "CSV (*.csv)"))
    [current] = listed.table.chosen()
    menu = listed.menu_of(current, [current])
    menu.actions()[-1].trigger()
    menu.close()
    qtbot.waitUntil(target.exists)
    assert [(span.label, span.onset_s) for span in read_labels(target).spans] == [("Rain", 7.0)]


def test_lanes_of_rows_are_there_again_after_the_next_start_and_only_what_is_shown_is_in_memory(
    make_window: MakeWindow, timed: FakeCore, sound: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "b.wav"
    other.write_bytes(b"sound")
    first = make_window()
    row = _select(first, qtbot, sound, other)
    assert row.timeline.scores is not None
    before = row.timeline.scores.outline(0, 0.0, 20.0)
    first.close()
    assert first.keeping.close(10.0)
    again = make_window()
    again.begin()
    qtbot.waitUntil(lambda: len(again.files.rows) == 2)
    assert all(not row.timeline.models for row in again.files.rows)
    again.files_panel.table.selectRow(0)
    [one, two] = again.files.rows
    qtbot.waitUntil(lambda: bool(one.timeline.scores))
    assert one.timeline.scores is not None
    for part, kept in zip(before, one.timeline.scores.outline(0, 0.0, 20.0), strict=True):
        assert kept == pytest.approx(part, abs=1e-6)
    assert again.tags.list.isVisibleTo(again)
    assert one.timeline.labels == timed.models[None].labels
    again.files_panel.table.selectRow(1)
    qtbot.waitUntil(lambda: bool(two.timeline.scores))
    assert not one.timeline.models, "it can be read again"
    assert one.top_tags().startswith("Dog")
    qtbot.waitUntil(lambda: again.jobs.unfinished == 0)
    assert timed.tagged == ["a.wav", "b.wav"], "each once"


def test_scores_stay_in_memory_where_the_disk_refuses_them(
    window: MainWindow, timed: FakeCore, sound: Path, settings_path: Path, qtbot: QtBot
) -> None:
    (settings_path.with_name("files.sqlite")).mkdir()
    row = _select(window, qtbot, sound)
    window.spectrogram.pill.click()
    assert row.timeline.scores
    window.files_panel.table.selectRow(0)
    assert window.presenter.timeline.scores
