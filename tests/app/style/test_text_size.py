"""Text and what is painted around it grow together, and come back exactly."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication

from app.style.text_size import scaled_px, set_text_size, text_scale


def test_lengths_follow_the_text(qapp: QApplication) -> None:
    set_text_size(qapp, 100)
    own_px = QFontInfo(QApplication.font()).pixelSize()
    try:
        for percent in (200, 90, 150):
            set_text_size(qapp, percent)
            assert QFontInfo(QApplication.font()).pixelSize() == pytest.approx(own_px * percent / 100, abs=0.5)
            assert scaled_px(100) == round(100 * text_scale())
            assert text_scale() == pytest.approx(percent / 100, abs=0.05)
    finally:
        set_text_size(qapp, 100)
    assert (QFontInfo(QApplication.font()).pixelSize(), scaled_px(37)) == (own_px, 37)
