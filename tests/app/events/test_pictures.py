"""Small pictures: of the right stretch, small enough, and readable again."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.events.pictures import HEIGHT, WIDTH, cut_picture, png_of
from app.spectrogram.history.column_history import ColumnHistory
from core.inference.results import FrameRun
from tests.core.heard.made_events import heard


@pytest.fixture
def history() -> ColumnHistory:
    """Ten seconds: silence, but for a click in all frequencies at 5 s."""
    frames = np.full((1000, 128), -15.0, np.float32)
    frames[500] = 5.0
    made = ColumnHistory(1000)
    made.append(FrameRun(frames, 0))
    return made


def test_a_click_stays_visible_in_a_long_event(history: ColumnHistory) -> None:
    picture = cut_picture(history, heard(1.0, 8.0))
    assert picture is not None
    assert picture.shape == (HEIGHT, WIDTH)
    bright = np.flatnonzero(picture.max(axis=0) > 100)
    assert len(bright) == 1
    assert bright[0] == pytest.approx(WIDTH * (5.0 - 0.75) / 8.5, abs=1)


def test_an_event_of_an_hour_copies_no_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut on the window's thread."""
    frames = np.full((360_000, 4), -15.0, np.float32)
    frames[270_000] = 5.0
    history, copied, columns = ColumnHistory(360_000, mels=4), list[int](), ColumnHistory.columns
    history.append(FrameRun(frames, 0))

    def counted(history: ColumnHistory, start: int, stop: int) -> NDArray[np.uint8]:
        copied.append(stop - start)
        return columns(history, start, stop)

    monkeypatch.setattr(ColumnHistory, "columns", counted)
    picture = cut_picture(history, heard(10.0, 3580.0))
    assert picture is not None
    assert picture.shape == (4, WIDTH)
    bright = np.flatnonzero(picture.max(axis=0) > 100)
    assert bright.tolist() == [pytest.approx(WIDTH * (2700.0 - 9.75) / 3580.5, abs=1)]
    assert sum(copied) < 10_000


def test_a_short_event_has_as_many_columns_as_it_has(history: ColumnHistory) -> None:
    picture = cut_picture(history, heard(5.0, 0.1))
    assert picture is not None
    assert picture.shape == (HEIGHT, 60)


def test_low_frequencies_are_at_the_bottom() -> None:
    frames = np.full((100, 128), -15.0, np.float32)
    frames[:, 0] = 5.0
    history = ColumnHistory(100)
    history.append(FrameRun(frames, 0))
    picture = cut_picture(history, heard(0.3, 0.2))
    assert picture is not None
    assert picture[-1].min() > picture[:-1].max()


def test_of_sound_that_is_gone_there_is_none(history: ColumnHistory) -> None:
    assert cut_picture(history, heard(100.0, 1.0)) is None


def test_a_picture_can_be_read_again(qtbot: QtBot, history: ColumnHistory) -> None:
    picture = cut_picture(history, heard(5.0, 0.1))
    assert picture is not None
    image = QImage.fromData(png_of(picture))
    assert (image.width(), image.height()) == (60, HEIGHT)
    assert [image.pixelColor(x, 3).red() for x in range(60)] == picture[3].tolist()
