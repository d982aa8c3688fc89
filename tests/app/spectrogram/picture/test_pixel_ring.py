"""The ring of pixels: scrolling computes only new columns, and paints what a fresh ring paints."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.spectrogram.history.column_history import LAG_S, ColumnHistory
from app.spectrogram.picture.colour_maps import pixel_table
from app.spectrogram.picture.pixel_ring import PixelRing
from tests.app.app_fakes import noise

WIDTH, HEIGHT = 60, 40


class CountingHistory(ColumnHistory):
    """Notes which pixel columns are computed."""

    def __init__(self) -> None:
        super().__init__(2000)
        self.computed: list[tuple[int, int]] = []

    def pooled(self, start: int, stop: int, columns_per_pixel: float):
        self.computed.append((start, stop))
        return super().pooled(start, stop, columns_per_pixel)


@pytest.fixture
def history(qapp: QApplication) -> CountingHistory:
    made = CountingHistory()
    made.append(noise(600))
    return made


def _ring(history: ColumnHistory) -> PixelRing:
    ring = PixelRing()
    ring.set_colours(pixel_table("magma", -45, 30))
    ring.show(history)
    return ring


def _painted(ring: PixelRing, left_s: float, right_s: float) -> np.ndarray:
    """The pixels of the columns that begin from left_s to right_s."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    ring.paint(painter, QRectF(0, 0, WIDTH, HEIGHT), left_s + LAG_S, right_s + LAG_S)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).reshape(HEIGHT, WIDTH).copy()


def test_scrolling_computes_only_the_new_columns(history: CountingHistory) -> None:
    ring = _ring(history)
    _painted(ring, 0.0, 3.0)
    assert history.computed == [(0, 60)]
    history.computed.clear()
    _painted(ring, 0.5, 3.5)
    assert history.computed == [(60, 70)], "ten pixels of 0.05 s"
    history.computed.clear()
    _painted(ring, 0.25, 3.25)
    assert history.computed == [(5, 10)], "back to the left: the five that are missing there"


@pytest.mark.parametrize("right_s", [1.0, 3.5, 4.95, 2.0, 6.0])
def test_a_scrolled_ring_paints_what_a_new_one_paints(history: CountingHistory, right_s: float) -> None:
    ring = _ring(history)
    _painted(ring, 0.0, 3.0)
    scrolled = _painted(ring, right_s - 3.0, right_s)
    np.testing.assert_array_equal(scrolled, _painted(_ring(history), right_s - 3.0, right_s))


def test_pixels_are_computed_again_when_scale_rows_or_colours_change(history: CountingHistory) -> None:
    ring = _ring(history)
    _painted(ring, 0.0, 3.0)
    for change in (
        lambda: ring.set_rows(20.0, 60.0),
        lambda: ring.set_colours(pixel_table("grey", -45, 30)),
        lambda: history.append(noise(10, first_frame=0)),
    ):
        history.computed.clear()
        change()
        _painted(ring, 0.0, 3.0)
        assert history.computed, "what was drawn is stale"
    history.computed.clear()
    _painted(ring, 0.0, 6.0)
    assert history.computed


def test_nothing_is_painted_without_a_history(qapp: QApplication) -> None:
    assert not (_painted(PixelRing(), 0.0, 3.0) & 0xFFFFFF).any(), "all black"
