"""The list of files survives the end of the program: done ones stay done, the others go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.files.kept_list import FILE_NAME, KeptList
from app.files.row import FileState
from app.main_window import MainWindow
from core.event_files.main import read_labels
from tests.app.app_fakes import FakeCore, FakeTagger
from tests.app.conftest import MakeWindow


@pytest.fixture
def sounds(tmp_path: Path) -> Callable[..., list[Path]]:
    def make(*names: str) -> list[Path]:
        paths = [tmp_path / name for name in names]
        for path in paths:
            path.write_bytes(b"sound")
        return paths

    return make


def _states(window: MainWindow) -> list[FileState]:
    return [row.state for row in window.files.rows]


def _tagged(window: MainWindow, paths: list[Path], qtbot: QtBot) -> None:
    window.begin(files=paths)
    qtbot.waitUntil(lambda: _states(window) == [FileState.DONE] * len(paths))


def test_done_files_are_listed_again_with_tags_and_events_and_are_not_tagged_again(
    make_window: MakeWindow, core: FakeCore, sounds: Callable[..., list[Path]], qtbot: QtBot
) -> None:
    first, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(first, paths, qtbot)
    tags = [row.top_tags() for row in first.files.rows]
    events = first.files.rows[0].timeline.events.between(0.0, 99.0)
    assert events
    first.close()
    assert first.keeping.close(10.0)
    again = make_window()
    again.begin(files=paths)
    qtbot.waitUntil(lambda: len(again.files.rows) == 2 and again.session.tagger is not None)
    assert _states(again) == [FileState.DONE] * 2
    assert [row.top_tags() for row in again.files.rows] == tags
    assert again.files.rows[0].timeline.events.between(0.0, 99.0) == events
    qtbot.waitUntil(lambda: again.jobs.unfinished == 0)
    assert core.tagged == ["a.wav", "b.wav"], "each once"


def test_what_was_not_done_when_the_program_was_killed_is_tagged_at_the_next_start(
    make_window: MakeWindow,
    core: FakeCore,
    sounds: Callable[..., list[Path]],
    settings_path: Path,
    qtbot: QtBot,
) -> None:
    first, paths = make_window(), sounds("a.wav", "b.wav", "c.wav")
    core.gate.clear()
    first.begin(files=paths)
    qtbot.waitUntil(lambda: FileState.TAGGING in _states(first))
    kept = KeptList(settings_path.with_name(FILE_NAME))
    qtbot.waitUntil(lambda: [file.state for file in kept.load()] == ["waiting"] * 3)
    first.close()
    core.gate.set()
    assert first.keeping.close(10.0)
    assert [file.state for file in kept.load()] == ["waiting"] * 3, "closing cancels nothing for good"
    again = make_window()
    again.begin()
    qtbot.waitUntil(lambda: _states(again) == [FileState.DONE] * 3)


def test_a_changed_file_and_another_model_are_reasons_to_tag_again(
    make_window: MakeWindow, core: FakeCore, sounds: Callable[..., list[Path]], qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(window, paths, qtbot)
    window.add_files(paths)
    qtbot.waitUntil(lambda: "Tag again" in window.banner.text.text())
    assert len(core.tagged) == 2
    paths[0].write_bytes(b"another sound")
    window.add_files(paths)
    qtbot.waitUntil(lambda: len(core.tagged) == 3 and not window.file_tagging.is_busy)
    assert core.tagged[-1] == "a.wav"
    core.models["other"] = FakeTagger("Other")
    window.session.load_model("other")
    qtbot.waitUntil(lambda: window.session.tagger is core.models["other"])
    window.add_files(paths)
    qtbot.waitUntil(lambda: len(core.tagged) == 5 and not window.file_tagging.is_busy)
    assert {row.model for row in window.files.rows} == {"Other"}


def test_a_file_is_tagged_again_when_asked_and_forgotten_when_removed(
    make_window: MakeWindow,
    core: FakeCore,
    sounds: Callable[..., list[Path]],
    settings_path: Path,
    qtbot: QtBot,
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(window, paths, qtbot)
    panel = window.files_panel
    assert not panel.again_button.isEnabled()
    panel.table.setCurrentIndex(window.files.index(1, 0))
    qtbot.mouseClick(panel.again_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: core.tagged == ["a.wav", "b.wav", "b.wav"] and not window.file_tagging.is_busy)
    window.file_tagging.clear()
    kept = KeptList(settings_path.with_name(FILE_NAME))
    qtbot.waitUntil(lambda: kept.load() == [])


def test_a_missing_file_says_so(make_window: MakeWindow, sounds: Callable[..., list[Path]], qtbot: QtBot) -> None:
    first, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(first, paths, qtbot)
    first.close()
    assert first.keeping.close(10.0)
    paths[1].unlink()
    again = make_window()
    again.begin()
    qtbot.waitUntil(lambda: len(again.files.rows) == 2)
    assert ["missing" in row.note for row in again.files.rows] == [False, True]


def test_files_that_remain_are_counted_with_their_time(
    make_window: MakeWindow, core: FakeCore, sounds: Callable[..., list[Path]], qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav", "c.wav")
    window.begin(files=paths[:1])
    qtbot.waitUntil(lambda: _states(window) == [FileState.DONE])
    assert window.file_tagging.remaining == (0, None)
    core.gate.clear()
    window.add_files(paths)
    qtbot.waitUntil(lambda: FileState.TAGGING in _states(window))
    files, seconds = window.file_tagging.remaining
    assert files == 2
    assert seconds is not None
    assert seconds >= 0
    assert "2 to go" in window.files_panel.summary.text()


def test_labels_beside_a_sound_are_shown_over_its_picture_and_listed_where_they_cannot_be_used(
    make_window: MakeWindow, sounds: Callable[..., list[Path]], qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav")
    _tagged(window, paths, qtbot)
    labels = paths[0].with_suffix(".txt")
    labels.write_text("1.0\t2.5\tParrot\n9.0\t3.0\tBackwards\n")
    window.add_files([labels])
    events = window.files.rows[0].timeline.events
    qtbot.waitUntil(lambda: "Parrot" in {event.name for event in events.between(0.0, 99.0)})
    qtbot.waitUntil(lambda: "line 2" in window.banner.text.text())
    assert window.files.rows[0].top_tags(), "what was tagged stays"


def test_events_of_files_are_exported(
    make_window: MakeWindow,
    sounds: Callable[..., list[Path]],
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(window, paths, qtbot)
    out = tmp_path / "out.csv"
    monkeypatch.setattr("app.events.of_file.controls.ask_export", lambda _parent: (out, "csv"))
    qtbot.mouseClick(window.files_panel.export_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(out.exists)
    assert {span.source for span in read_labels(out).spans} == {str(path) for path in paths}


def test_deleting_everything_forgets_the_list(
    make_window: MakeWindow, sounds: Callable[..., list[Path]], settings_path: Path, qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    _tagged(window, paths, qtbot)
    kept = KeptList(settings_path.with_name(FILE_NAME))
    qtbot.waitUntil(lambda: len(kept.load()) == 2)
    assert window.keeping.delete_stored in window.sound.kept.deletions
    window.jobs.run(window.keeping.delete_stored)
    qtbot.waitUntil(lambda: not window.files.rows)
    qtbot.waitUntil(lambda: kept.load() == [])


def test_what_the_disk_refused_is_written_later(
    make_window: MakeWindow, sounds: Callable[..., list[Path]], settings_path: Path, qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    kept, blocked = KeptList(settings_path.with_name(FILE_NAME)), settings_path.with_name("a folder")
    blocked.mkdir()
    window.keeping._open_list = lambda: KeptList(blocked)
    with qtbot.waitSignal(window.keeping.failed):
        _tagged(window, paths, qtbot)
        window.keeping.write()
    qtbot.waitUntil(lambda: window.keeping._jobs.unfinished == 0)
    window.keeping._open_list = lambda: kept
    window.close()
    assert window.keeping.close(10.0)
    assert [file.state for file in kept.load()] == ["done", "done"]


def test_a_file_that_is_taken_off_the_list_while_it_is_tagged_does_not_come_back(
    make_window: MakeWindow, core: FakeCore, sounds: Callable[..., list[Path]], settings_path: Path, qtbot: QtBot
) -> None:
    window, paths = make_window(), sounds("a.wav", "b.wav")
    core.gate.clear()
    window.begin(files=paths)
    qtbot.waitUntil(lambda: FileState.TAGGING in _states(window))
    window.sound.kept.delete(with_recordings=False)
    qtbot.waitUntil(lambda: not window.files.rows)
    core.gate.set()
    qtbot.waitUntil(lambda: window.file_tagging._current is None)
    window.close()
    assert window.keeping.close(10.0)
    assert KeptList(settings_path.with_name(FILE_NAME)).load() == []


def test_a_damaged_list_is_told_and_a_new_one_is_kept(
    make_window: MakeWindow, core: FakeCore, sounds: Callable[..., list[Path]], settings_path: Path, qtbot: QtBot
) -> None:
    settings_path.with_name(FILE_NAME).write_bytes(b"no database at all" * 100)
    window, told = make_window(), list[str]()
    window.keeping.noticed.connect(told.append)
    _tagged(window, sounds("a.wav"), qtbot)
    [sentence] = told
    assert f"{FILE_NAME}.damaged-" in sentence
    window.close()
    assert window.keeping.close(10.0)
    assert [file.state for file in KeptList(settings_path.with_name(FILE_NAME)).load()] == ["done"]
