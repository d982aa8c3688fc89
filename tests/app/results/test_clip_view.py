"""The view of one clip: only the clip on show gets its picture or its error."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.results.clip_player import Clip, ClipPlayer
from app.results.clip_view import ClipView
from app.runtime.background_jobs import BackgroundJobs
from app.style.appearance import Appearance
from core.errors import UserError
from tests.app.app_fakes import FakePicture

OWL, WREN = Clip(Path("/birds/owl.wav")), Clip(Path("/birds/wren.wav"))


@pytest.fixture
def view(jobs: BackgroundJobs, appearance: Appearance, qtbot: QtBot) -> ClipView:
    made = ClipView(ClipPlayer(jobs), appearance)
    qtbot.addWidget(made)
    return made


def test_without_a_clip_there_is_nothing_to_press(view: ClipView) -> None:
    assert not view.play_button.isEnabled()
    assert not view.folder_button.isEnabled()
    view.show_clip(OWL)
    assert view.play_button.isEnabled()
    assert view.folder_button.isEnabled()


def test_the_picture_of_another_clip_is_ignored(view: ClipView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.picture_wanted) as wanted:
        view.show_clip(OWL)
    assert wanted.args == [OWL]
    view.show_clip(WREN)
    view.show_picture(OWL, FakePicture())
    assert view.plot._picture.history is None
    view.show_picture(WREN, FakePicture())
    assert view.plot._picture.history is not None
    view.leave()
    assert view.clip is None


def test_a_clip_that_cannot_be_read_shows_why(view: ClipView) -> None:
    view.show_clip(OWL)
    view.show_failure(WREN, UserError("Not this one.", "No."))
    view.show_failure(OWL, UserError("It is <broken>.", "Fix it."))
    assert "It is <broken>." in view.plot._message.textItem.toPlainText()
