"""The report on the data of a new training: its classes in a table, its findings in a list."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.training.findings_list import FindingsList
from app.widgets.tables import Column, SortableTable
from core.run.data_report import DataReport

_COLUMNS = (
    Column("Class", "The class.", lambda row: row.label.casefold(), lambda row: row.label, is_figure=False),
    Column("Clips", "The number of clips.", lambda row: row.n_clips, lambda row: str(row.n_clips), width=64),
    Column("Minutes", "The total duration.", lambda row: row.minutes, lambda row: f"{row.minutes:.1f}", width=78),
)
_NO_FINDINGS = "No problems were found."


class DataReportView(QWidget):
    """Shows a DataReport."""

    clip_opened = Signal(object)
    """The Path of a clip to play."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = PlainLabel()
        self.summary.setWordWrap(True)
        self.summary.setObjectName("Heading")
        self.classes = SortableTable("Classes in the data", "The classes in the data with their clips", _COLUMNS)
        self.findings = FindingsList(appearance)
        self.verdict = PlainLabel()
        self.verdict.setObjectName("Muted")
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(self.classes)
        both.addWidget(self.findings)
        both.setSizes([300, 520])
        both.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.summary)
        column.addWidget(both, 1)
        column.addWidget(self.verdict)
        self.findings.opened.connect(self.clip_opened)

    def show_report(self, report: DataReport) -> None:
        """Show a report."""
        length = f"{report.minutes:.1f} minutes" if report.minutes < 120 else f"{report.minutes / 60:.1f} hours"
        classes = formatting.count(len(report.classes), "class", "classes")
        folds = f", {formatting.count(len(report.folds), 'fold')}" if len(report.folds) > 1 else ""
        clips = formatting.count(report.n_clips, "clip")
        self.summary.setText(f"{report.name}: {clips} of {classes}, {length}, read as {report.layout}{folds}")
        self.classes.set_rows(report.classes)
        self.findings.show_findings(report.findings)
        self.verdict.setText(_verdict(report))


def _verdict(report: DataReport) -> str:
    """`1 error, 3 warnings, 2 notes`."""
    numbers = Counter(finding.severity for finding in report.findings)
    parts = [formatting.count(numbers[name], name) for name in ("error", "warning", "note") if numbers[name]]
    return ", ".join(parts) or _NO_FINDINGS
