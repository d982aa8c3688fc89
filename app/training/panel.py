"""The training panel: the progress of the run, its curves and its buttons."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel, plain_tip
from app.style.theme import tabular
from app.training.curve_plot import CurvePlot
from app.training.curves import SHOWN_METRICS
from app.training.session import RunState, TrainingSession
from app.widgets.dialog_parts import empty_page, push_button
from app.widgets.labels import ElidedLabel

_EMPTY = "No training yet. Ten clips of each class are enough to start: Train → New training…"
_PAUSE_TIP = "Pause the training; no progress is lost"
_LOSS, _HELD_OUT = "Training loss", "Held-out clips"


class TrainingPanel(QFrame):
    """Shows a TrainingSession."""

    new_wanted = Signal()
    """“New training…” was pressed. No payload."""
    results_wanted = Signal()
    """“Results…” was pressed. No payload."""
    use_wanted = Signal()
    """“Use this model now” was pressed. No payload."""

    def __init__(self, session: TrainingSession, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._session, self._appearance = session, appearance
        self._model_in_use: str | None = None
        self._build_parts()
        self._lay_out()
        self._connect()
        self.refresh()

    def _build_parts(self) -> None:
        # A long folder name is cut short; it must not make the window wider.
        self.heading, self.details, self.pace = PlainLabel(), ElidedLabel(), PlainLabel()
        self.heading.setObjectName("Heading")
        self.details.setObjectName("Muted")
        self.pace.setObjectName("Muted")
        self.pace.setFont(tabular(self.pace.font()))
        self.error = PlainLabel()
        self.error.setWordWrap(True)
        self.error.setAccessibleName("Error")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the training")
        self.progress.setToolTip("Steps completed, over all epochs")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        theme = self._appearance.theme
        self.loss = CurvePlot(_LOSS, "step", theme)
        self.held_out = CurvePlot(_HELD_OUT, "epoch", theme)
        self.held_out.set_range(0, 1)
        self.new_button = push_button("New training…", "Train a model on your own clips", is_primary=True)
        self.pause_button = push_button("Pause", _PAUSE_TIP)
        self.stop_button = push_button("Stop", "Save and stop the training; you can resume it later")
        self.resume_button = push_button("Resume", "Resume the training where it stopped")
        self.results_button = push_button("Results…", "Show the confusion matrix and the mistakes")
        listen = "Listen with the new model; listening is not interrupted"
        self.use_button = push_button("Use this model now", listen, is_primary=True)

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.setSpacing(8)
        header.addWidget(self.heading)
        header.addWidget(self.details, 1)
        header.addWidget(self.pace)
        for button in (
            self.pause_button,
            self.stop_button,
            self.resume_button,
            self.results_button,
            self.use_button,
        ):
            header.addWidget(button)
        plots = QHBoxLayout()
        plots.setSpacing(12)
        plots.addWidget(self.loss, 1)
        plots.addWidget(self.held_out, 1)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(12, 6, 8, 6)
        column.setSpacing(6)
        column.addLayout(header)
        column.addWidget(self.progress)
        column.addWidget(self.error)
        column.addLayout(plots, 1)
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(1, 1, 1, 1)
        self._pages.addWidget(empty_page(_EMPTY, self.new_button))
        self._pages.addWidget(filled)
        self.setMinimumHeight(150)

    def _connect(self) -> None:
        self.new_button.clicked.connect(self.new_wanted)
        self.pause_button.clicked.connect(self._session.toggle_pause)
        self.stop_button.clicked.connect(self._session.stop)
        self.resume_button.clicked.connect(self._session.resume)
        self.results_button.clicked.connect(self.results_wanted)
        self.use_button.clicked.connect(self.use_wanted)
        self._session.changed.connect(self.refresh)
        self._session.curves_changed.connect(self._draw)
        self._appearance.changed.connect(self._apply_theme)

    def show_in_use(self, model: str | None) -> None:
        """Show whether the model trained here is `model`, the one in use."""
        self._model_in_use = model
        self.refresh()

    # ----- current state -----

    @Slot()
    def refresh(self) -> None:
        """Update texts, buttons and progress."""
        session = self._session
        self._pages.setCurrentIndex(0 if session.state is RunState.NONE else 1)
        self.heading.setText(session.state.value)
        self.details.setText(_details(session))
        self.details.setToolTip(plain_tip(f"{self.details.text()}\n{session.plan.out}") if session.plan else "")
        self.pace.setText(_pace(session))
        self._show_buttons()
        self._show_progress()
        failure = session.failure
        self.error.setVisible(failure is not None)
        if failure is not None:
            self.error.setText(f"{failure.problem} {failure.remedy}")
            self.error.setStyleSheet(f"color: {self._appearance.theme.bad};")

    def _show_buttons(self) -> None:
        session = self._session
        result = session.result
        paused = session.state is RunState.PAUSED
        self.pause_button.setText("Resume" if paused else "Pause")
        self.pause_button.setToolTip("Resume the training" if paused else _PAUSE_TIP)
        self.pause_button.setAccessibleName("Resume the training" if paused else "Pause the training")
        self.pause_button.setEnabled(session.can_pause)
        self.stop_button.setEnabled(session.can_stop)
        is_in_use = result is not None and result.checkpoint == self._model_in_use
        self.use_button.setText("This model is in use" if is_in_use else "Use this model now")
        self.use_button.setAccessibleName(self.use_button.text())
        self.use_button.setEnabled(not is_in_use)
        for button, shown in (
            (self.pause_button, session.is_active),
            (self.stop_button, session.is_active),
            (self.resume_button, session.can_resume),
            (self.results_button, result is not None and bool(result.report)),
            (self.use_button, result is not None),
        ):
            button.setVisible(shown)

    def _show_progress(self) -> None:
        session = self._session
        preparing, step = session.preparing, session.step
        if session.state is RunState.FINISHED:
            self._set_progress(1, 1)
        elif step is not None:
            self._set_progress(step.step, step.n_steps)
        elif preparing is not None and session.state is RunState.PREPARING:
            self._set_progress(preparing.done, preparing.total)
        else:
            # A busy bar while the amount of work is unknown.
            self._set_progress(0, 0 if session.is_active else 1)

    def _set_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    @Slot()
    def _draw(self) -> None:
        curves = self._session.curves
        newest = curves.losses.get(max(curves.losses, default=0))
        self.loss.show_curves({_LOSS: curves.losses}, {} if newest is None else {_LOSS: f"{newest:.3g}"})
        metrics = {SHOWN_METRICS[name]: points for name, points in curves.metrics.items()}
        values = {name: f"{name} {formatting.percent(points[max(points)])}" for name, points in metrics.items()}
        self.held_out.show_curves(metrics, values)

    @Slot()
    def _apply_theme(self) -> None:
        for plot in (self.loss, self.held_out):
            plot.apply_theme(self._appearance.theme)
        self.refresh()


def _details(session: TrainingSession) -> str:
    """The line after the state: what is being done, or the result."""
    plan, started, preparing = session.plan, session.started, session.preparing
    if plan is None:
        return ""
    if session.state is RunState.FINISHED and session.result is not None:
        figures = [
            f"{SHOWN_METRICS[name.lower()]} {formatting.percent(value)}"
            for name, value in session.result.metrics.items()
            if name.lower() in SHOWN_METRICS
        ]
        return ", ".join([*figures, plan.out.name])
    if session.state is RunState.PREPARING and preparing is not None:
        return f"{preparing.what}: {preparing.done} of {preparing.total}"
    if started is None:
        return plan.out.name
    epoch = session.step.epoch if session.step is not None else started.first_epoch
    clips = f"{formatting.count(started.n_clips, 'clip')}, {formatting.count(started.n_labels, 'class', 'classes')}"
    return f"epoch {epoch} of {started.n_epochs}, {clips} on {started.device.upper()}, {plan.out.name}"


def _pace(session: TrainingSession) -> str:
    """The remaining time and the speed, while it trains."""
    if session.state is not RunState.RUNNING or session.step is None:
        return ""
    return f"{formatting.duration(session.seconds_left)} left   {_speed(session.step.clips_per_second)}"


def _speed(clips_per_second: float) -> str:
    """The speed with a decimal below 10 clips/s, and per minute below 0.1 clips/s."""
    if clips_per_second < 0.1:
        return f"{60 * clips_per_second:.1f} clips/min"
    return f"{clips_per_second:.{0 if clips_per_second >= 9.95 else 1}f} clips/s"
