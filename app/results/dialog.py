"""The results window: metrics, confusion matrix, classes, mistakes, and the held-out clips to see and hear."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.results.clip_player import ClipPlayer
from app.results.clip_view import ClipView
from app.results.confusion_matrix import ConfusionMatrix
from app.results.metrics_heading import MetricsHeading, MetricText
from app.results.tables import (
    CLASS_COLUMNS,
    clip_columns,
    clip_of,
    clips_of,
    meanings,
    metrics_text,
)
from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.widgets.dialog_parts import card, push_button, resize_to_fit
from app.widgets.tables import SortableTable
from core.run.evaluation_report import ClassResult, ClipResult, EvaluationReport
from core.run.metric_names import first_metrics, further_metrics
from core.run.recipe_summary import FEW_CLIPS
from core.run.run_folder import Results

_HINT = "Select a cell or a class to list its clips here."
_CLIP_TIP = "Select a clip to see it. Press Enter or double-click to play it."


class ResultsDialog(QDialog):
    """A window beside the main window."""

    picture_wanted = Signal(object)
    """A Clip whose spectrogram is to be passed to `clip_view`."""
    use_wanted = Signal(object)
    """The Path of the checkpoint to listen with."""
    tune_wanted = Signal(object)
    """The Results whose model is to be fine-tuned."""

    def __init__(
        self,
        results: Results,
        report: EvaluationReport,
        player: ClipPlayer,
        appearance: Appearance,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.results, self._report = results, report
        self._player, self._appearance = player, appearance
        self.setWindowTitle(f"Results: {self._title()}")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_to_fit(self, QSize(1080, 720))
        self._build()
        self._lay_out()
        self._connect()
        self._fill()

    def _title(self) -> str:
        folder = self.results.folder
        return folder.name if folder is not None else self._report.model or self.results.report.parent.name

    def _build(self) -> None:
        report = self._report
        first, further = first_metrics(report.metrics), further_metrics(report.metrics)
        self.metrics = MetricsHeading(_metrics(report, first), _metrics(report, further))
        self.matrix = ConfusionMatrix(self._appearance.theme)
        columns = clip_columns(report.labels)
        self.classes = SortableTable("Classes", "Select a class to list its clips", CLASS_COLUMNS)
        self.mistakes = SortableTable("Worst mistakes", _CLIP_TIP, columns)
        self.clips = SortableTable("Clips", _CLIP_TIP, columns)
        self.clips_heading = PlainLabel(_HINT)
        self.clips_heading.setObjectName("Muted")
        self.clips_heading.setWordWrap(True)
        self.clip_view = ClipView(self._player, self._appearance)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName("Views of the results")
        self.tabs.tabBar().setToolTip("Confusion matrix, classes and worst mistakes")
        self.tabs.addTab(self.matrix, "&Confusion matrix")
        self.tabs.addTab(self.classes, "C&lasses")
        self.tabs.addTab(self.mistakes, "Worst &mistakes")
        listen = "Listen with this model; listening is not interrupted"
        self.use_button = push_button("Use this model now", listen, is_primary=True)
        self.tune_button = push_button("Fine-tune the whole model…", "Train all layers, starting from this model")
        self.close_button = push_button("Close", "Close this window (Esc)")

    def _lay_out(self) -> None:
        side = QSplitter(Qt.Orientation.Vertical)
        self.clips_heading.setContentsMargins(9, 6, 9, 2)
        side.addWidget(card(self.clips_heading, self.clips))
        side.addWidget(self.clip_view)
        side.setSizes([300, 280])
        side.setChildrenCollapsible(False)
        both = QSplitter()
        both.addWidget(self.tabs)
        both.addWidget(side)
        both.setStretchFactor(0, 3)
        both.setStretchFactor(1, 2)
        both.setSizes([620, 440])
        both.setChildrenCollapsible(False)
        buttons = QHBoxLayout()
        buttons.addWidget(self.use_button)
        buttons.addWidget(self.tune_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        layout.addWidget(self.metrics)
        layout.addWidget(_muted(self._about()))
        layout.addWidget(both, 1)
        layout.addLayout(buttons)

    def _about(self) -> str:
        report = self._report
        classes = formatting.count(len(report.labels), "class", "classes")
        parts = [formatting.count(len(report.clips), "held-out clip"), classes]
        parts += [f"data: {Path(report.data).name}"] * bool(report.data)
        parts += [report.split] * bool(report.split)
        parts += [f"token merging: {report.merge}"] * bool(report.merge)
        return ", ".join(parts)

    def _connect(self) -> None:
        self.matrix.chosen.connect(self.show_cell)
        self.classes.selected.connect(self._show_class)
        for table in (self.clips, self.mistakes):
            table.selected.connect(self._show_clip)
            table.opened.connect(self._play)
        self.clip_view.picture_wanted.connect(self.picture_wanted)
        self.use_button.clicked.connect(lambda: self.use_wanted.emit(self.results.checkpoint))
        self.tune_button.clicked.connect(lambda: self.tune_wanted.emit(self.results))
        self.close_button.clicked.connect(self.close)
        self.finished.connect(self.clip_view.leave)
        self._appearance.changed.connect(self._apply_theme)

    def _fill(self) -> None:
        report, description = self._report, self.results.description
        self.matrix.show_counts(report.labels, report.confusion())
        self.classes.set_rows(report.classes)
        self.mistakes.set_rows(report.mistakes())
        has_checkpoint = self.results.checkpoint is not None
        self.use_button.setVisible(has_checkpoint)
        self.tune_button.setVisible(has_checkpoint and description is not None and description.recipe == FEW_CLIPS)

    def show_in_use(self, model: str | None) -> None:
        """Show whether this model is `model`, the one in use."""
        is_in_use = model == str(self.results.checkpoint)
        self.use_button.setText("This model is in use" if is_in_use else "Use this model now")
        self.use_button.setAccessibleName(self.use_button.text())
        self.use_button.setEnabled(not is_in_use)

    # ----- selection -----

    @Slot(int, int)
    def show_cell(self, truth: int, predicted: int) -> None:
        """List the clips of a cell."""
        self.clips_heading.setText(self.matrix.counts.description(truth, predicted))
        self._list(clips_of(self._report, truth, predicted))

    @Slot(object)
    def _show_class(self, result: ClassResult | None) -> None:
        if result is None:
            return
        label = self._report.labels.index(result.label)
        clips = [clip for clip in self._report.clips if label in clip.truth]
        self.clips_heading.setText(f"Clips of {result.label}, lowest confidence first")
        self._list(sorted(clips, key=lambda clip: clip.truth_score))

    def _list(self, clips: list[ClipResult]) -> None:
        self.clips.set_rows(clips)
        if clips:
            self.clips.choose(0)

    @Slot(object)
    def _show_clip(self, clip: ClipResult | None) -> None:
        self.clip_view.show_clip(None if clip is None else clip_of(self._report, clip))

    @Slot(object)
    def _play(self, clip: ClipResult) -> None:
        self._player.play(clip_of(self._report, clip))

    @Slot()
    def _apply_theme(self) -> None:
        self.matrix.apply_theme(self._appearance.theme)


def _metrics(report: EvaluationReport, names: tuple[str, ...]) -> MetricText:
    return MetricText(metrics_text(report, names), meanings(names))


def _muted(text: str) -> QLabel:
    label = PlainLabel(text)
    label.setObjectName("Muted")
    label.setWordWrap(True)
    return label
