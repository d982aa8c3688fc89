"""The controller of training: its dialogs, its run, its results, and what happens to the run when the window closes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow

from app.live.session import LiveSession
from app.results.clip_player import Clip, ClipPlayer
from app.results.clip_view import ClipView
from app.results.dialog import ResultsDialog
from app.runtime.context import WindowParts
from app.training.close_dialog import CloseAnswer, CloseDialog
from app.training.form import default_out_folder
from app.training.new_dialog import TrainingDialog
from app.training.panel import TrainingPanel
from app.training.plan import Start, TrainingPlan, read_plan
from app.training.session import RunState, TrainingSession
from app.widgets import file_dialogs
from core.errors import UserError
from core.run.evaluation_report import EvaluationReport
from core.run.messages import TrainingFinished
from core.run.recipe_summary import FINE_TUNE
from core.run.run_folder import Results, find_results


class TrainingController(QObject):
    """Connects the Train menu, the training panel and the results windows to the run."""

    changed = Signal()
    """The state of the run, and so the possible actions, have changed. No payload."""
    failed = Signal(object)
    """A UserError to show."""
    panel_wanted = Signal()
    """Show the training panel. No payload."""
    models_changed = Signal()
    """Another trained model was added to the settings. No payload."""

    def __init__(self, window: QMainWindow, parts: WindowParts) -> None:
        super().__init__(window)
        self._window, self._parts = window, parts
        self._settings, self._appearance = parts.settings, parts.appearance
        self.session = TrainingSession(self, program=parts.program)
        self.player = ClipPlayer(parts.jobs, self)
        self.player.failed.connect(self._on_playback_failed)
        self.dialog: TrainingDialog | None = None
        self.results: list[ResultsDialog] = []
        self.question: CloseDialog | None = None
        self._live: LiveSession | None = None
        self._panel: TrainingPanel | None = None
        self._closes_when_done = False
        self.session.changed.connect(self.changed)
        self.session.finished.connect(self._on_finished)
        self.session.ended.connect(self._on_ended)

    def connect_panel(self, panel: TrainingPanel, live: LiveSession) -> None:
        """Connect the buttons of the panel; new models are loaded into `live`."""
        self._live, self._panel = live, panel
        live.tagger_changed.connect(self._show_model_in_use)
        panel.new_wanted.connect(self.new_training)
        panel.results_wanted.connect(self._show_own_results)
        panel.use_wanted.connect(self._use_own_model)

    def actions(self) -> dict[str, Callable[..., object]]:
        """The function of each entry of the Train menu, by its name."""
        return {
            "new_training": self.new_training,
            "resume_training": self._ask_resume,
            "open_results": self._ask_results,
            "pause_training": self.session.toggle_pause,
            "stop_training": self.session.stop,
        }

    def refresh_actions(self, actions: dict[str, QAction]) -> None:
        """Update the entries of the menu."""
        run, pause = self.session, actions["pause_training"]
        pause.setText("R&esume the training" if run.state is RunState.PAUSED else "&Pause the training")
        pause.setEnabled(run.can_pause)
        actions["stop_training"].setEnabled(run.can_stop)

    # ----- starting -----

    @Slot()
    def new_training(self) -> None:
        """Show the dialog with the choices of the last training."""
        self._show_dialog().form.restore(self._settings.training_choices)

    def _fine_tune(self, results: Results) -> None:
        """Show the dialog, filled in to fine-tune a checkpoint on the same data."""
        assert results.checkpoint is not None
        assert results.description is not None
        form = self._show_dialog().form
        form.choose_recipe(FINE_TUNE)
        form.choose_start(Start("checkpoint", str(results.checkpoint)))
        form.choose_data(results.description.data)

    def _show_dialog(self) -> TrainingDialog:
        if self.dialog is not None:
            self.dialog.close()
        dialog = TrainingDialog(self.player, self._appearance, self._window, program=self._parts.program)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self._on_wanted)
        dialog.picture_wanted.connect(lambda clip: self._read_picture(clip, dialog.clip_view))
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
        title = "Resume a training: choose its output folder"
        folder = file_dialogs.ask_folder(self._window, title, self._runs_folder())
        if folder is not None:
            self.resume_training(folder)

    def resume_training(self, folder: Path) -> None:
        """Resume the run in `folder`."""
        try:
            plan = read_plan(folder)
        except UserError as error:
            self.failed.emit(error)
            return
        self._start(plan)

    def _start(self, plan: TrainingPlan) -> bool:
        try:
            self.session.start(plan)
        except UserError as error:
            self.failed.emit(error)
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
        if result.report and not self._closes_when_done:
            self._show_own_results()

    @Slot()
    def _show_own_results(self) -> None:
        """Show the results of the run of this session."""
        result = self.session.result
        if result is not None and result.report:
            plan = self.session.plan
            folder, description = (None, None) if plan is None else (plan.out, plan.description)
            self._show_results(Results(Path(result.report), Path(result.checkpoint), folder, description))

    def _ask_results(self) -> None:
        chosen = file_dialogs.ask_results(self._window, self._runs_folder())
        if chosen is not None:
            self.open_results(chosen)

    def open_results(self, chosen: Path) -> None:
        """Show the results in a run's folder or an evaluation file."""
        try:
            self._show_results(find_results(chosen))
        except UserError as error:
            self.failed.emit(error)

    def _show_results(self, results: Results) -> None:
        """Read the report on a pool thread, because one of many clips is large, then open the window."""
        self._parts.jobs.run(
            lambda: EvaluationReport.load(results.report),
            lambda report: self._open_results_window(results, report),
            self.failed.emit,
        )

    def _open_results_window(self, results: Results, report: EvaluationReport) -> None:
        dialog = ResultsDialog(results, report, self.player, self._appearance, self._window)
        dialog.picture_wanted.connect(lambda clip: self._read_picture(clip, dialog.clip_view))
        dialog.use_wanted.connect(self.use_model)
        dialog.tune_wanted.connect(self._fine_tune)
        dialog.finished.connect(lambda: self.results.remove(dialog))
        self.results.append(dialog)
        self._show_model_in_use()
        dialog.show()

    def _read_picture(self, clip: Clip, view: ClipView) -> None:
        def is_stale() -> bool:
            return view.clip != clip

        self._parts.jobs.run(
            lambda: self._parts.core.file_picture(clip.path, is_stale),
            lambda picture: view.show_picture(clip, picture),
            lambda error: view.show_failure(clip, error),
        )

    @Slot(object)
    def _on_playback_failed(self, error: UserError) -> None:
        """Show the error in the main window only when no other window shows the clip."""
        if self.dialog is None and not self.results:
            self.failed.emit(error)

    @Slot(object)
    def use_model(self, checkpoint: Path) -> None:
        """Listen with a trained model; sound and picture are not interrupted."""
        assert self._live is not None, "connect_panel must be called first"
        self._live.load_model(str(checkpoint))

    @Slot()
    def _show_model_in_use(self) -> None:
        """Show in the panel and in the results windows which model is in use."""
        if self._live is not None and self._panel is not None:
            for view in (self._panel, *self.results):
                view.show_in_use(self._live.model)

    @Slot()
    def _use_own_model(self) -> None:
        if self.session.result is not None:
            self.use_model(Path(self.session.result.checkpoint))

    # ----- closing -----

    def may_close(self) -> bool:
        """Whether the window can close now; during a run the user is asked, and the window may close later."""
        if not self.session.is_active:
            return True
        if self.question is None and not self._closes_when_done:
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
            self._closes_when_done = True
            self._window.showMinimized()
            self._close_if_over()

    def stop_and_close(self) -> None:
        """Close without asking; a run in progress is stopped and saved first."""
        if not self.session.is_active:
            self._window.close()
            return
        self._closes_when_done = True
        self.session.stop_soon()

    @Slot()
    def _on_ended(self) -> None:
        if self.question is not None:
            # The question no longer applies.
            self.question.close()
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._closes_when_done and not self.session.is_active:
            QTimer.singleShot(0, self._window, self._window.close)

    def end(self) -> None:
        """Close the dialogs, stop the sound and kill the run, when the window closes."""
        self.player.stop()
        for dialog in [*self.results, self.dialog]:
            if dialog is not None:
                dialog.close()
        self.session.kill()
