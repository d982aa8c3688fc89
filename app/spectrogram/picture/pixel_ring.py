"""The pixels of the spectrogram: a ring of screen columns, so that scrolling computes only the new columns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter

from app.spectrogram.axes.frequency_scale import SCALES, FrequencyScale
from app.spectrogram.history.column_history import LAG_S, ColumnHistory

_MELS, _EMPTY_MEL = 128, 3
"""The one filter of the 128 that no FFT bin falls into. It is always silent, so the mean of its neighbours is drawn."""


class PixelRing:
    """Turns a ColumnHistory into device pixels, computing each pixel column once.

    Pixel columns are numbered from the start of the history. Column *p* covers the same history columns wherever the
    view is, and is stored at `p % width` of one RGB32 image that is as wide as the view. While the view scrolls right,
    each new column overwrites the one that has just left on the left: the image is a ring in x.
    """

    def __init__(self) -> None:
        self._history: ColumnHistory | None = None
        self._generation = -1
        self._table = np.zeros(256, np.uint32)
        self._columns_per_pixel = 1.0
        self._rows: tuple[float, float] | None = None
        self._scale = SCALES["mel"]
        # The pixel columns [start, stop) that are in the image, never more than its width; empty: none.
        self._made = (0, 0)
        self._resize(1, 1)

    def show(self, history: ColumnHistory | None) -> None:
        """Draw another history."""
        self._history = history
        self.invalidate()

    def set_colours(self, table: NDArray[np.uint32]) -> None:
        """The pixel of each byte, `(256,)`."""
        self._table = table
        self.invalidate()

    def set_rows(self, low: float, high: float, scale: FrequencyScale = SCALES["mel"]) -> None:
        """Draw the positions of a scale from `low` (bottom) to `high` (top); before the first call, all mel rows."""
        if (low, high, scale) != (*(self._rows or ()), self._scale):
            self._rows, self._scale = (low, high), scale
            self.invalidate()

    def invalidate(self) -> None:
        """Recompute every pixel at the next paint."""
        self._made = (0, 0)

    def paint(self, painter: QPainter, area: QRectF, left_s: float, right_s: float) -> None:
        """Draw the time from left_s to right_s into `area` (logical pixels); the right edge snaps to a pixel."""
        history = self._history
        if history is None or right_s <= left_s:
            return
        ratio = painter.device().devicePixelRatioF()
        self._fit(history, round(area.width() * ratio), round(area.height() * ratio), right_s - left_s)
        # The image is exactly as wide as the view, so the right edge alone says which columns are in view.
        right = math.floor((right_s - LAG_S) * history.columns_per_s / self._columns_per_pixel + 1e-3)
        first, stop = self._make(history, right - self._width, right)
        if first < stop:
            self._blit(painter, area, ratio, first, stop, first - (right - self._width))

    @property
    def columns_per_pixel(self) -> float:
        """How many history columns one pixel covers, as last painted."""
        return self._columns_per_pixel

    def _fit(self, history: ColumnHistory, width: int, height: int, span_s: float) -> None:
        """Adapt to a new size, scale or history; any of these makes the image stale."""
        scale = span_s * history.columns_per_s / max(width, 1)
        if (width, height) != (self._width, self._height):
            self._resize(max(width, 1), max(height, 1))
        # span_s is the difference of two large times: ignore its rounding error.
        if abs(scale / self._columns_per_pixel - 1) > 1e-6:
            self._columns_per_pixel = scale
            self.invalidate()
        if history.generation != self._generation:
            self._generation = history.generation
            self.invalidate()

    def _resize(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        # The image uses the array's memory, so the array must live as long as the image.
        self._pixels = np.zeros((height, width), np.uint32)
        self._image = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        self.invalidate()

    def _make(self, history: ColumnHistory, left: int, right: int) -> tuple[int, int]:
        """Compute the missing pixel columns of `[left, right)`; returns the range that exists."""
        # Only pixels whose columns are all there: a half-covered one at the right edge would have to be redone.
        scale = self._columns_per_pixel
        first = max(left, math.ceil(history.first / scale))
        stop = min(right, math.floor(history.end / scale + 1e-6))
        if first >= stop:
            return 0, 0
        # What is needed and what is there are two ranges: when they overlap, only the two ends are missing.
        made_first, made_stop = self._made
        if made_first >= stop or made_stop <= first:
            self._render(history, first, stop)
        else:
            self._render(history, first, min(made_first, stop))
            self._render(history, max(made_stop, first), stop)
        self._made = (first, stop)
        return first, stop

    def _render(self, history: ColumnHistory, first: int, stop: int) -> None:
        if first >= stop:
            return
        columns = history.pooled(first, stop, self._columns_per_pixel)
        # A fancy index wraps the columns around the right edge of the image.
        low, high = self._rows or (0.0, float(history.mels))
        positions = low + (np.arange(self._height, 0, -1) - 0.5) * (high - low) / self._height
        bytes_ = _stretched(columns, self._scale.mel_rows(positions, history.mels))
        self._pixels[:, np.arange(first, stop) % self._width] = self._table[bytes_].T

    def _blit(self, painter: QPainter, area: QRectF, ratio: float, first: int, stop: int, offset: int) -> None:
        """Draw the pixel columns `[first, stop)`, `offset` pixels from the left; in two parts where the ring wraps."""
        while first < stop:
            slot = first % self._width
            count = min(stop - first, self._width - slot)
            source = QRect(slot, 0, count, self._height)
            target = QRectF(area.left() + offset / ratio, area.top(), count / ratio, self._height / ratio)
            painter.drawImage(target, self._image, QRectF(source))
            first, offset = first + count, offset + count


def _stretched(columns: NDArray[np.uint8], rows: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Stretch columns `(n, mels)`, lowest row first, to `(n, height)`, top pixel first, interpolating between rows.

    rows: where each pixel is among the mel rows, `(height,)`. Weights are in 1/256, so that 16-bit integers are enough.
    """
    mels = columns.shape[1]
    position = np.clip(rows - 0.5, 0, mels - 1)
    lower = np.minimum(position.astype(np.int64), mels - 2)
    weight = np.round((position - lower) * 256).astype(np.uint16)
    wide = columns.astype(np.uint16)
    if mels == _MELS:
        wide[:, _EMPTY_MEL] = (wide[:, _EMPTY_MEL - 1] + wide[:, _EMPTY_MEL + 1]) // 2
    mixed = wide[:, lower] * (256 - weight) + wide[:, lower + 1] * weight
    return (mixed >> 8).astype(np.uint8)
