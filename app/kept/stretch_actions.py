"""What can be done with the selected stretch: play, save, copy, drag away, tag with another model, learn from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from app.kept.clip_dialog import ClipDialog
from app.kept.stretch import Stretch, new_stretch_file, safe_name
from app.playback.player import Playback
from app.runtime.context import WindowParts
from app.spectrogram.history.model_scores import model_at
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.widgets import file_dialogs
from core.errors import UserError

HALF = 0.5
NO_STRETCH = UserError(
    "No stretch is selected.", "Drag over the picture with Shift held down, or press Shift+← or Shift+→."
)


class StretchActions(QObject):
    """Acts on the stretch of the timeline on show.

    failed: a UserError. tag_wanted: the Path of a WAV file of the stretch, and the model to tag it with.
    saved: the Path of a file that was written for the user. missing: what that file lacks, in words.
    model_choices: names and titles of models.
    """

    failed = Signal(object)
    tag_wanted = Signal(object, object)
    saved = Signal(object)
    missing = Signal(str)

    def __init__(
        self, window: QWidget, parts: WindowParts, playback: Playback, navigation: Navigation, live: LiveTimeline
    ) -> None:
        super().__init__(window)
        self._window, self._parts, self._playback = window, parts, playback
        self._navigation, self._live = navigation, live
        self.model_choices: Callable[[], list[tuple[str, str]]] = list
        self.start_drag: Callable[[Path], object] = self._drag
        self.is_held: Callable[[], bool] = _is_left_held
        playback.moved.connect(self._on_played)
        playback.stopped.connect(self._on_stopped)

    def stretch(self) -> Stretch | None:
        """The selected stretch."""
        timeline = self._navigation.timeline
        return None if timeline.stretch_s is None else self._of_shown(*timeline.stretch_s)

    def actions(self) -> dict[str, Callable[..., object]]:
        """What each menu entry does, by its name."""
        return {
            "play": self.toggle_play,
            "play_half": lambda: self.play(HALF),
            "save_stretch": self.save,
            "copy_stretch": self.copy,
            "add_clip": self.add_to_training_set,
            "select_view": self._navigation.select_view,
            "clear_stretch": self._navigation.clear_stretch,
        }

    def press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """What a key does that no focused control used; False where it does nothing here."""
        shift = Qt.KeyboardModifier.ShiftModifier
        does: dict[tuple[int, bool], Callable[[], object]] = {
            (Qt.Key.Key_Space, False): self.toggle_play,
            (Qt.Key.Key_Space, True): lambda: self.play(HALF),
            (Qt.Key.Key_Left, True): lambda: self._navigation.extend_stretch(-1),
            (Qt.Key.Key_Right, True): lambda: self._navigation.extend_stretch(1),
        }
        wanted = does.get((key, modifiers == shift)) if modifiers in {shift, Qt.KeyboardModifier.NoModifier} else None
        if wanted is not None:
            wanted()
        return wanted is not None

    # ----- playing -----

    @Slot()
    def toggle_play(self) -> None:
        """Stop what plays, or play."""
        if self._playback.is_playing:
            self._playback.stop()
        else:
            self.play(1.0)

    def play(self, speed: float) -> None:
        """Play the selected stretch; else from the cursor on; else what is in view, or all of a file whose picture has
        not been read yet."""
        timeline, view = self._navigation.timeline, self._navigation.timeline.view
        if timeline.history is None and timeline.path is not None:
            self._playback.play_file(timeline.path, speed=speed)
            return
        if timeline.stretch_s is not None:
            start_s, stop_s = timeline.stretch_s
        elif timeline.cursor_s is not None:
            start_s, stop_s = timeline.cursor_s, view.last_s
        else:
            start_s, stop_s = max(view.left_s, view.first_s), view.right_s
        if timeline.history is not None and stop_s > start_s:
            self._navigation.set_frozen_here()
            self._of_shown(start_s, stop_s).play(self._playback, speed)

    @Slot(float)
    def _on_played(self, moment_s: float) -> None:
        shown = self._navigation.timeline
        timeline = self._live if self._playback.path is None else shown
        if timeline.path == self._playback.path:
            self._navigation.show_playing(timeline, moment_s)

    @Slot()
    def _on_stopped(self) -> None:
        for timeline in (self._live, self._navigation.timeline):
            if timeline.playing_s is not None:
                self._navigation.show_playing(timeline, None)

    # ----- files -----

    @Slot()
    def save(self) -> None:
        """Ask for a file and write the stretch into it."""
        stretch = self._wanted()
        target = stretch and file_dialogs.ask_sound_to_save(self._window, stretch.name)
        if stretch is not None and target is not None:
            self._write(stretch, lambda: target, self.saved.emit)

    @Slot()
    def copy(self) -> None:
        """Put the stretch as a file on the clipboard."""
        stretch = self._wanted()
        if stretch is not None:
            self._write(stretch, lambda: new_stretch_file(stretch), _clip_board)

    @Slot()
    def drag_out(self) -> None:
        """Begin to drag the stretch away as a file, if the button is still down once that is written."""
        stretch = self.stretch()
        if stretch is not None:
            self._write(stretch, lambda: new_stretch_file(stretch), self._drag_if_held)

    def _drag_if_held(self, path: Path) -> None:
        if self.is_held():
            self.start_drag(path)

    def _drag(self, path: Path) -> None:
        drag = QDrag(self._window)
        drag.setMimeData(file_mime(path))
        drag.exec(Qt.DropAction.CopyAction)

    @Slot()
    def add_to_training_set(self) -> None:
        """Ask for folder and label, and write the stretch there as a clip."""
        stretch = self._wanted()
        if stretch is None:
            return
        dialog = ClipDialog(self._parts.settings.training_clips, self._likely_label(), self._window)

        def add(folder: Path, label: str) -> None:
            self._parts.settings.training_clips = folder
            self._write(stretch, lambda: clip_path(folder, label, stretch.name), self.saved.emit)

        dialog.chosen.connect(add)
        dialog.show()

    def fill_models(self, menu: QMenu) -> None:
        """List the models that a stretch can be tagged with."""
        menu.clear()
        for name, title in self.model_choices():
            menu.addAction(title, lambda name=name: self.tag_with(name))
        if menu.isEmpty():
            menu.addAction("No other model is installed").setEnabled(False)

    def tag_with(self, model: str) -> None:
        """Load a model and have it tag the stretch."""
        stretch, core, ring = self._wanted(), self._parts.core, self._playback.ring
        if stretch is None:
            return

        def work() -> tuple[Path, Any]:
            return stretch.save(ring, new_stretch_file(stretch)), core.load_tagger(model)

        self._parts.jobs.run(work, lambda found: self.tag_wanted.emit(*found), self.failed.emit)

    def _likely_label(self) -> str:
        """The name of the class that comes highest in the stretch, above its threshold or least below it."""
        timeline = self._navigation.timeline
        if timeline.stretch_s is None:
            return ""
        model = model_at(timeline.models, timeline.stretch_s[0])
        if model is None or not model.scores:
            return ""
        peaks = model.scores.peaks(*timeline.stretch_s)
        return model.labels.names[int((peaks / model.thresholds).argmax())] if peaks.max() > 0 else ""

    def _wanted(self) -> Stretch | None:
        stretch = self.stretch()
        if stretch is None:
            self.failed.emit(NO_STRETCH)
        return stretch

    def _of_shown(self, start_s: float, stop_s: float) -> Stretch:
        path = self._navigation.timeline.path
        return Stretch(start_s, stop_s, path, 0.0 if path is not None else self._live.wall_clock_s(start_s))

    def _write(self, stretch: Stretch, target: Callable[[], Path], done: Callable[[Path], None]) -> None:
        """Write the stretch on a pool thread, which also calls `target` for the path; then call `done` with that."""
        ring = self._playback.ring

        def work() -> tuple[Path, str]:
            try:
                path = target()
            except OSError as error:
                raise UserError(
                    f"{error.filename} cannot be made: {error.strerror}.", "Choose another folder, or free some space."
                ) from error
            # Asked before: while it is written, more may be forgotten.
            missing = stretch.missing(ring)
            return stretch.save(ring, path), missing

        self._parts.jobs.run(work, lambda found: self._on_written(found[0], found[1], done), self.failed.emit)

    def _on_written(self, path: Path, missing: str, done: Callable[[Path], None]) -> None:
        done(path)
        if missing:
            self.missing.emit(missing)


def clip_path(folder: Path, label: str, name: str) -> Path:
    """A new WAV file for a clip in the layout `folder/label/`, which is made. Raises OSError."""
    place = folder / safe_name(label)
    place.mkdir(parents=True, exist_ok=True)
    number, path = 1, place / f"{safe_name(name)}.wav"
    while path.exists():
        number += 1
        path = place / f"{safe_name(name)} ({number}).wav"
    return path


def file_mime(path: Path) -> QMimeData:
    """A file, as it is dragged and copied."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def _clip_board(path: Path) -> None:
    QApplication.clipboard().setMimeData(file_mime(path))


def _is_left_held() -> bool:
    return bool(QApplication.mouseButtons() & Qt.MouseButton.LeftButton)
