"""All of training in the window: its dialogs, its run, its results, and what becomes of a run when the window closes.

Knows the live session only to give it a new model. Trains nothing: the run is a process of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from app.live.session import LiveSession
from app.results.clip_player import ClipPlayer
from app.results.clip_view import ClipView
from app.results.dialog import ResultsDialog
from app.runtime.context import WindowParts
from app.training.close_dialog import CloseAnswer, CloseDialog
from app.training.form import default_out_folder
from app.training.new_dialog import TrainingDialog
from app.training.panel import TrainingPanel
from app.training.plan import FINE_TUNE, Results, Start, TrainingPlan, find_results, read_plan
from app.training.session import RunState, TrainingSession
from app.widgets import file_dialogs
from core.errors import UserError
from core.run.evaluation_report import EvaluationReport
from core.run.messages import TrainingFinished


class TrainingController(QObject):
    """changed: what can be done has changed. complained: a UserError to show. panel_wanted: show the panel.

    models_changed: there is one more trained model in the settings.
    """

    changed = Signal()
    complained = Signal(object)
    panel_wanted = Signal()
    models_changed = Signal()

    def __init__(self, window: QMainWindow, parts: WindowParts) -> None:
        super().__init__(window)
        self._window, self._parts = window, parts
        self._settings, self._appearance = parts.settings, parts.appearance
        self.session = TrainingSession(self, program=parts.program)
        self.playback = ClipPlayer(parts.jobs, self)
        self.playback.failed.connect(self._on_not_played)
        self.dialog: TrainingDialog | None = None
        self.results: list[ResultsDialog] = []
        self.question: CloseDialog | None = None
        self._live: LiveSession | None = None
        self._panel: TrainingPanel | None = None
        self._closes_at_end = False
        self.session.changed.connect(self.changed)
        self.session.finished.connect(self._on_finished)
        self.session.ended.connect(self._on_ended)

    def connect_panel(self, panel: TrainingPanel, live: LiveSession) -> None:
        """Obey the panel's buttons; give new models to `live`."""
        self._live, self._panel = live, panel
        live.tagger_changed.connect(self._tell_in_use)
        panel.new_wanted.connect(self.new_training)
        panel.results_wanted.connect(self._show_own_results)
        panel.use_wanted.connect(self._use_own_model)

    def deeds(self) -> dict[str, Callable[..., object]]:
        """What each entry of the Train menu does, by its name."""
        return {
            "new_training": self.new_training,
            "resume_training": self._ask_resume,
            "open_results": self._ask_results,
            "pause_training": self.session.toggle_pause,
            "stop_training": self.session.stop,
        }

    def refresh_actions(self, actions: dict[str, QAction]) -> None:
        """The menu's lines as the run is now."""
        run, pause = self.session, actions["pause_training"]
        pause.setText("Go o&n with the training" if run.state is RunState.PAUSED else "&Pause the training")
        pause.setEnabled(run.can_pause)
        actions["stop_training"].setEnabled(run.can_stop)

    # ----- starting -----

    @Slot()
    def new_training(self) -> None:
        """Show the dialog, as it was filled in last."""
        self._show_dialog().form.restore(self._settings.training_choices)

    def _fine_tune(self, results: Results) -> None:
        """Show the dialog, filled in to go on from a checkpoint with the same data."""
        assert results.checkpoint is not None
        assert results.plan is not None
        form = self._show_dialog().form
        form.choose_recipe(FINE_TUNE)
        form.choose_start(Start("checkpoint", str(results.checkpoint)))
        form.choose_data(str(results.plan.data))

    def _show_dialog(self) -> TrainingDialog:
        if self.dialog is not None:
            self.dialog.close()
        dialog = TrainingDialog(self.playback, self._appearance, self._window, program=self._parts.program)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self._on_wanted)
        dialog.picture_wanted.connect(lambda path: self._read_picture(path, dialog.clip))
        dialog.finished.connect(self._forget_dialog)
        self.dialog = dialog
        dialog.show()
        return dialog

    @Slot()
    def _forget_dialog(self) -> None:
        self.dialog = None

    @Slot(object)
    def _on_wanted(self, plan: TrainingPlan) -> None:
        dialog = self.dialog
        if dialog is not None and self._start(plan):
            self._settings.training_choices = dialog.form.choices()
            dialog.accept()

    def _ask_resume(self) -> None:
        folder = file_dialogs.ask_folder(self._window, "Resume a training: its output folder", self._runs_folder())
        if folder is not None:
            self.resume_training(folder)

    def resume_training(self, folder: Path) -> None:
        """Go on with the run in `folder`."""
        try:
            plan = read_plan(folder)
        except UserError as error:
            self.complained.emit(error)
            return
        self._start(plan)

    def _start(self, plan: TrainingPlan) -> bool:
        try:
            self.session.start(plan)
        except UserError as error:
            self.complained.emit(error)
            return False
        self.panel_wanted.emit()
        return True

    def _runs_folder(self) -> Path:
        return Path(self._settings.training_choices.get("out_folder") or default_out_folder())

    # ----- results -----

    @Slot(object)
    def _on_finished(self, result: TrainingFinished) -> None:
        self._settings.add_trained_model(Path(result.checkpoint))
        self.models_changed.emit()
        if result.report and not self._closes_at_end:
            self._show_own_results()

    @Slot()
    def _show_own_results(self) -> None:
        """The results of the run that finished here."""
        result = self.session.result
        if result is not None and result.report:
            self._show_results(Results(Path(result.report), Path(result.checkpoint), self.session.plan))

    def _ask_results(self) -> None:
        chosen = file_dialogs.ask_results(self._window, self._runs_folder())
        if chosen is not None:
            self.open_results(chosen)

    def open_results(self, chosen: Path) -> None:
        """Show the results in a run's folder or an evaluation file."""
        try:
            self._show_results(find_results(chosen))
        except UserError as error:
            self.complained.emit(error)

    def _show_results(self, results: Results) -> None:
        """Read on a pool thread: a report on many clips is long."""
        self._parts.jobs.run(
            lambda: EvaluationReport.load(results.report),
            lambda report: self._open_results_window(results, report),
            self.complained.emit,
        )

    def _open_results_window(self, results: Results, report: EvaluationReport) -> None:
        dialog = ResultsDialog(results, report, self.playback, self._appearance, self._window)
        dialog.picture_wanted.connect(lambda path: self._read_picture(path, dialog.clip))
        dialog.use_wanted.connect(self.use_model)
        dialog.tune_wanted.connect(self._fine_tune)
        dialog.finished.connect(lambda: self.results.remove(dialog))
        self.results.append(dialog)
        self._tell_in_use()
        dialog.show()

    def _read_picture(self, path: Path, view: ClipView) -> None:
        def is_stale() -> bool:
            return view.path != path

        self._parts.jobs.run(
            lambda: self._parts.calls.file_picture(path, is_stale),
            lambda picture: view.show_picture(path, picture),
            lambda error: view.show_failure(path, error),
        )

    @Slot(object)
    def _on_not_played(self, error: UserError) -> None:
        """In the window that shows the clip; here only when there is none."""
        if self.dialog is None and not self.results:
            self.complained.emit(error)

    @Slot(object)
    def use_model(self, checkpoint: Path) -> None:
        """Listen with a trained model from the next window on; the sound and the picture go on unbroken."""
        assert self._live is not None, "connect_panel comes first"
        self._live.load_model(str(checkpoint))

    @Slot()
    def _tell_in_use(self) -> None:
        """Nobody should wonder whether the button has worked."""
        if self._live is not None and self._panel is not None:
            for place in (self._panel, *self.results):
                place.show_in_use(self._live.model)

    @Slot()
    def _use_own_model(self) -> None:
        if self.session.result is not None:
            self.use_model(Path(self.session.result.checkpoint))

    # ----- the end -----

    def may_close(self) -> bool:
        """Whether the window can close now; if a run is under way, ask, and close later if that is the answer."""
        if not self.session.is_active:
            return True
        if self.question is None and not self._closes_at_end:
            self.question = CloseDialog(self._window)
            self.question.answered.connect(self._on_answer)
            self.question.open()
        return False

    @Slot(object)
    def _on_answer(self, answer: CloseAnswer) -> None:
        self.question = None
        if answer is CloseAnswer.STOP:
            self.stop_and_close()
        elif answer is CloseAnswer.FINISH:
            self._closes_at_end = True
            self._window.showMinimized()
            self._close_if_over()

    def stop_and_close(self) -> None:
        """Close without asking; a run under way is stopped and saved first, its work is kept."""
        if not self.session.is_active:
            self._window.close()
            return
        self._closes_at_end = True
        self.session.stop_soon()

    @Slot()
    def _on_ended(self) -> None:
        if self.question is not None:
            # Nothing is left to ask about.
            self.question.close()
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._closes_at_end and not self.session.is_active:
            QTimer.singleShot(0, self._window, self._window.close)

    def end(self) -> None:
        """Let go of everything, when the window closes."""
        self.playback.stop()
        for dialog in [*self.results, self.dialog]:
            if dialog is not None:
                dialog.close()
        self.session.kill()
