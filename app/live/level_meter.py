"""The level meter: RMS bar, peak hold, figure, and a lamp that stays lit after clipping."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QRectF, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.style import formatting
from app.style.theme import Theme, tabular
from core.inference.results import Level

FLOOR_DBFS = -60.0
SILENT_DBFS = -119.0
CLIP_LATCH_MS = 2000
_TEXT_EVERY_MS = 250
_DESCRIBE_EVERY_MS = 1000
_FALL_DB = 0.4
"""How much bar and peak fall from one level to the next: slowly, because the figure changes less often."""
_LONG_PX, _SHORT_PX = 150, 60


class LevelMeter(QWidget):
    """Shows levels given to `show_level`, thirty times a second at most."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._shown_dbfs = SILENT_DBFS
        self._peak_dbfs = SILENT_DBFS
        self._text = "no signal"
        self._is_long = True
        self._since_clip, self._text_age, self._described_age = QElapsedTimer(), QElapsedTimer(), QElapsedTimer()
        # Shows the figure of a level that came too soon after the last one, even if no other level follows.
        self._text_timer = QTimer(self, singleShot=True)
        self._text_timer.timeout.connect(self._write)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Input level")
        self.setToolTip("Level in dB relative to full scale. The lamp stays lit for two seconds after clipping.")
        self.show_level(Level())

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._theme = theme
        self.update()

    def show_level(self, level: Level) -> None:
        """Show the newest level."""
        is_silent = level.rms_dbfs <= SILENT_DBFS
        self._shown_dbfs = level.rms_dbfs if is_silent else max(level.rms_dbfs, self._shown_dbfs - _FALL_DB)
        self._peak_dbfs = max(level.peak_dbfs, self._peak_dbfs - _FALL_DB)
        if level.clipped:
            self._since_clip.restart()
        if not self._text_age.isValid() or self._text_age.elapsed() >= _TEXT_EVERY_MS:
            self._write()
        elif not self._text_timer.isActive():
            self._text_timer.start(_TEXT_EVERY_MS - self._text_age.elapsed())
        self.update()

    @Slot()
    def _write(self) -> None:
        """Show the level of the bar as a figure."""
        self._text_timer.stop()
        self._text_age.restart()
        is_silent = self._shown_dbfs <= SILENT_DBFS
        self._text = "no signal" if is_silent else formatting.decibels(self._shown_dbfs, "dBFS")
        self._describe()
        self.update()

    @property
    def shown_dbfs(self) -> float:
        """The level that the bar shows."""
        return self._shown_dbfs

    @property
    def text(self) -> str:
        """The figure beside the bar."""
        return self._text

    def clear(self) -> None:
        """Show that there is no input: no peak is held and the lamp is off."""
        self._peak_dbfs = SILENT_DBFS
        for age in (self._since_clip, self._text_age, self._described_age):
            age.invalidate()
        self.show_level(Level())

    @property
    def is_clip_lit(self) -> bool:
        """The lamp is lit."""
        return self._since_clip.isValid() and self._since_clip.elapsed() < CLIP_LATCH_MS

    def set_long(self, is_long: bool) -> None:
        """Show the long bar and the word beside the lamp, or the short bar and the lamp alone."""
        if is_long != self._is_long:
            self._is_long = is_long
            self.updateGeometry()
            self.update()

    def sizeHint(self) -> QSize:
        words_px = 5 + QFontMetrics(self.font()).horizontalAdvance("clip") if self._is_long else 0
        return QSize(self._bar_px + 12 + self._text_width + 25 + words_px, 30)

    @property
    def _bar_px(self) -> int:
        return _LONG_PX if self._is_long else _SHORT_PX

    @property
    def _text_width(self) -> int:
        return QFontMetrics(self.font()).horizontalAdvance(formatting.decibels(-100, "dBFS"))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = QRectF(0, self.height() / 2 - 4, self._bar_px, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.line))
        painter.drawRoundedRect(bar, 4, 4)
        self._paint_bar(painter, bar)
        text = QRectF(bar.right() + 10, 0, self._text_width, self.height())
        painter.setFont(tabular(self.font()))
        painter.setPen(QColor(self._theme.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._text)
        self._paint_lamp(painter, text.right() + 14)

    def _paint_bar(self, painter: QPainter, bar: QRectF) -> None:
        share = _share(self._shown_dbfs)
        loud = self._shown_dbfs > -6
        painter.setBrush(QColor(self._theme.warn if loud else self._theme.good))
        if share > 0.02:
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), 4, 4)
        peak = _share(self._peak_dbfs)
        if peak > 0:
            painter.setBrush(QColor(self._theme.bad if self._peak_dbfs > -1 else self._theme.text))
            painter.drawRect(QRectF(bar.left() + bar.width() * peak - 2, bar.top() - 2, 2, bar.height() + 4))

    def _paint_lamp(self, painter: QPainter, left: float) -> None:
        lit = self.is_clip_lit
        painter.setPen(QColor(self._theme.bad if lit else self._theme.muted))
        painter.setBrush(QColor(self._theme.bad) if lit else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QRectF(left, self.height() / 2 - 4.5, 9, 9))
        if not self._is_long:
            return
        words = QRectF(left + 14, 0, self.width(), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, "clip")

    def _describe(self) -> None:
        """Describe the level for screen readers, at most once a second."""
        if self._described_age.isValid() and self._described_age.elapsed() < _DESCRIBE_EVERY_MS:
            return
        self._described_age.restart()
        self.setAccessibleDescription(f"{self._text}{', clipping' if self.is_clip_lit else ''}")


def _share(dbfs: float) -> float:
    return min(max(1 - dbfs / FLOOR_DBFS, 0.0), 1.0)
