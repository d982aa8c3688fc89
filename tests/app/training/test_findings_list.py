"""Findings follow the theme, and their clips open, whatever the bytes of their names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from PySide6.QtGui import QColor

from app.style.appearance import Appearance
from app.style.theme import DARK, LIGHT, Theme
from app.training.findings_list import FindingsList
from core.run.data_report import Finding


def test_a_clip_whose_name_is_not_utf8_is_shown_and_opens(appearance: Appearance) -> None:
    path = os.fsdecode(b"/data/cl\xe4ss/b\xff.wav")
    findings = FindingsList(appearance)
    findings.show_findings([Finding("silent", "warning", "1 clip is silent.", "Remove it.", (path,))])
    opened: list[Path] = []
    findings.opened.connect(opened.append)
    finding = findings.topLevelItem(0)
    assert finding is not None
    line = finding.child(0)
    assert line is not None
    findings.itemDoubleClicked.emit(line, 0)
    assert (line.text(0), line.text(1)) == (r"b\xff.wav", r"/data/cl\xe4ss")
    assert [os.fsencode(path) for path in opened] == [b"/data/cl\xe4ss/b\xff.wav"]


def test_findings_change_their_colours_with_the_theme(appearance: Appearance) -> None:
    findings = FindingsList(appearance)
    severities: tuple[Literal["error", "warning", "note"], ...] = ("note", "warning", "error")
    findings.show_findings([Finding("short", severity, "A text.", "Do it.") for severity in severities])

    def colours() -> list[str]:
        items = [findings.topLevelItem(place) for place in range(3)]
        return [item.foreground(0).color().name() for item in items if item is not None]

    def expected(theme: Theme) -> list[str]:
        return [QColor(colour).name() for colour in (theme.bad, theme.warn, theme.text)]

    assert colours() == expected(DARK)
    appearance.choose("light")
    assert colours() == expected(LIGHT)
    appearance.choose("dark")
    assert colours() == expected(DARK)
