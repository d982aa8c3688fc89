"""The clips of a finding open, whatever the bytes of their names."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtWidgets import QApplication

from app.style.theme import DARK
from app.training.findings_list import FindingsList
from core.run.data_report import Finding


def test_a_clip_whose_name_is_not_utf8_is_shown_and_opens(qapp: QApplication) -> None:
    path = os.fsdecode(b"/data/cl\xe4ss/b\xff.wav")
    findings = FindingsList(DARK)
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
