"""Known tones are drawn at their height, on every scale, where the axis names them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.runtime.settings import FREQUENCY_SCALES
from app.spectrogram.axes.frequency_axis import HertzAxis
from app.spectrogram.axes.frequency_scale import SCALES
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.picture.colour_maps import pixel_table
from app.spectrogram.picture.pixel_ring import PixelRing
from core.audio.log_mel import LogMelConfig, LogMelStream
from core.inference.results import FrameRun

HEIGHT = 400
TONES_HZ = (120.0, 440.0, 1000.0, 2500.0, 6000.0)


@pytest.mark.parametrize("name", SCALES)
def test_frequencies_rise_from_edge_to_edge_and_come_back(name: str) -> None:
    scale = SCALES[name]
    heights = [scale.position(hz) for hz in (*TONES_HZ, 8000.0)]
    assert heights == sorted(heights)
    assert heights[-1] == pytest.approx(128, abs=0.51)
    assert [scale.frequency_hz(height) for height in heights] == pytest.approx([*TONES_HZ, 8000.0])


def test_each_scale_can_be_chosen() -> None:
    assert list(FREQUENCY_SCALES) == list(SCALES)
    assert SCALES["linear"].position(4000.0) == 64
    assert SCALES["log"].position(4000.0) - SCALES["log"].position(2000.0) == pytest.approx(
        SCALES["log"].position(400.0) - SCALES["log"].position(200.0)
    )


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("tone_hz", TONES_HZ)
def test_a_tone_is_drawn_where_the_axis_names_it(name: str, tone_hz: float, qapp: QApplication) -> None:
    samples = 0.01 * np.sin(2 * np.pi * tone_hz * np.arange(16_000) / 16_000)
    history = ColumnHistory(1000)
    history.append(FrameRun(LogMelStream(LogMelConfig()).push(samples.astype(np.float32)), 0))
    ring = PixelRing()
    ring.set_colours(pixel_table("grey", -45, 50))
    ring.show(history)
    ring.set_rows(0.0, 128.0, SCALES[name])
    image = QImage(40, HEIGHT, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    ring.paint(painter, QRectF(0, 0, 40, HEIGHT), 0.2, 0.6)
    painter.end()
    grey = np.frombuffer(image.constBits(), np.uint32).reshape(HEIGHT, 40)[:, 20] & 0xFF
    brightest = np.flatnonzero(grey == grey.max())
    drawn_hz = SCALES[name].frequency_hz(128 * (1 - (brightest.mean() + 0.5) / HEIGHT))
    # The front end tells frequencies apart that are 31 Hz apart, and at the top 190 Hz.
    assert drawn_hz == pytest.approx(tone_hz, rel=0.03, abs=31.25)


@pytest.mark.parametrize("name", SCALES)
def test_the_axis_names_round_frequencies_of_its_scale(name: str, qapp: QApplication) -> None:
    axis = HertzAxis()
    axis.set_scale(SCALES[name])
    [(_, heights)] = axis.tickValues(0, 128, 400)
    names = axis.tickStrings(heights, 1, 1)
    assert names[0] == "8k"
    assert len(names) >= 4
    for height, text in zip(heights[1:], names[1:], strict=True):
        hertz = float(text.removesuffix("k")) * (1000 if text.endswith("k") else 1)
        assert SCALES[name].frequency_hz(height) == pytest.approx(hertz)
