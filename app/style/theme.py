"""Every colour of the window, dark and light, and the colours of the classes."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtGui import QColor, QFont, QPalette

PICTURE_VOID = "#0d0e13"
"""Behind the spectrogram, where there is no sound yet; dark in both themes."""
CLASS_HUES = 18


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one colour scheme, as `#rrggbb`.

    accent marks the live edge and what is selected; selected is the faint background of a selected row.
    """

    is_dark: bool
    window: str
    panel: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selected: str
    good: str
    warn: str
    bad: str


DARK = Theme(
    is_dark=True,
    window="#14161b",
    panel="#1a1d24",
    raised="#262a34",
    line="#2d323e",
    text="#e7e9ef",
    muted="#9ba3b4",
    accent="#3fc7d9",
    on_accent="#06272c",
    selected="#1a343c",
    good="#4cc38a",
    warn="#e6b450",
    bad="#ff7b7b",
)
LIGHT = Theme(
    is_dark=False,
    window="#f1f3f6",
    panel="#ffffff",
    raised="#ffffff",
    line="#d3d8e0",
    text="#1a1d24",
    muted="#5a6373",
    accent="#0a7d8f",
    on_accent="#ffffff",
    selected="#cfeaf0",
    good="#1f8a57",
    warn="#9a6700",
    bad="#bb2020",
)


def class_colour(name: str, theme: Theme) -> QColor:
    """The colour of a class: the same on every run and machine, equally light for every name."""
    return QColor(_hue_colour(zlib.crc32(name.encode()) % CLASS_HUES, theme.is_dark))


@lru_cache(maxsize=4 * CLASS_HUES)
def _hue_colour(index: int, is_dark: bool) -> str:
    lightness, chroma = (0.76, 0.12) if is_dark else (0.58, 0.12)
    return oklch_hex(lightness, chroma, 360.0 * index / CLASS_HUES)


def oklch_hex(lightness: float, chroma: float, hue_deg: float) -> str:
    """OKLCH to `#rrggbb`, clipped into sRGB (Björn Ottosson, "A perceptual color space", 2020)."""
    a, b = chroma * math.cos(math.radians(hue_deg)), chroma * math.sin(math.radians(hue_deg))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return "#" + "".join(f"{round(255 * _gamma(channel)):02x}" for channel in linear)


def _gamma(linear: float) -> float:
    clipped = min(max(linear, 0.0), 1.0)
    return 12.92 * clipped if clipped <= 0.0031308 else 1.055 * clipped ** (1 / 2.4) - 0.055


def tabular(font: QFont) -> QFont:
    """The same font with figures of equal width, so that changing numbers do not move."""
    figures = QFont(font)
    figures.setFeature(QFont.Tag("tnum"), 1)
    return figures


def palette(theme: Theme) -> QPalette:
    """The Qt palette of `theme`, for every standard widget."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.panel,
        QPalette.ColorRole.AlternateBase: theme.window,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.bad,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.muted,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Mid: theme.line,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return made


def check_box_palette(theme: Theme) -> QPalette:
    """The palette of check boxes, whose outline Qt's style makes of the window's colour: in the dark it would not be
    seen."""
    made = palette(theme)
    if theme.is_dark:
        made.setColor(QPalette.ColorRole.Window, QColor(theme.muted))
    return made
