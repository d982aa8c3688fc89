"""What is in a folder of clips: its classes in a table, its faults in a list. Checks nothing itself."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.style import formatting
from app.style.plain_text import PlainLabel
from app.style.theme import Theme
from app.training.findings_list import FindingsList
from app.widgets.tables import Column, SortableTable
from core.run.data_report import DataReport

_COLUMNS = (
    Column("Class", "The class.", lambda one: one.label.casefold(), lambda one: one.label, is_figure=False),
    Column("Clips", "How many clips it has.", lambda one: one.n_clips, lambda one: str(one.n_clips), width=64),
    Column("Minutes", "How much sound it has.", lambda one: one.minutes, lambda one: f"{one.minutes:.1f}", width=78),
)
_NO_FINDINGS = "Nothing is wrong with these clips."


class DataReportView(QWidget):
    """clip_opened: the Path of a clip that was asked for."""

    clip_opened = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = PlainLabel()
        self.summary.setWordWrap(True)
        self.summary.setObjectName("Heading")
        self.classes = SortableTable("Classes in the data", "The classes found, with their clips", _COLUMNS)
        self.findings = FindingsList(theme)
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
        sound = f"{report.minutes:.1f} minutes" if report.minutes < 120 else f"{report.minutes / 60:.1f} hours"
        classes = formatting.count(len(report.classes), "class", "classes")
        folds = f", {formatting.count(len(report.folds), 'fold')}" if len(report.folds) > 1 else ""
        clips = formatting.count(report.n_clips, "clip")
        self.summary.setText(f"{report.name}: {clips} of {classes}, {sound}, read as {report.layout}{folds}")
        self.classes.set_rows(report.classes)
        self.findings.show_findings(report.findings)
        self.verdict.setText(_verdict(report))


def _verdict(report: DataReport) -> str:
    """`1 error, 3 warnings, 2 notes`."""
    counted = [(name, sum(one.severity == name for one in report.findings)) for name in ("error", "warning", "note")]
    return ", ".join(formatting.count(number, name) for name, number in counted if number) or _NO_FINDINGS
