"""One clip: its spectrogram, a button that plays it and one that shows it in its folder. Reads no file itself."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.results.clip_player import ClipPlayer
from app.runtime.core_api import FilePicture
from app.runtime.settings import DEFAULT_RANGE_DB
from app.spectrogram.axes import TimeLabels
from app.spectrogram.colour_maps import pixel_table
from app.spectrogram.plot import SpectrogramPlot
from app.spectrogram.timeline import Timeline, file_timeline, set_picture
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel, plain_tip, rich_error
from core.errors import UserError

_NOTHING = "Choose a clip to see and hear it."


class ClipView(QWidget):
    """picture_wanted: the Path of a clip whose spectrogram is to be read and given to `show_picture`."""

    picture_wanted = Signal(object)

    def __init__(self, playback: ClipPlayer, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._playback, self._appearance = playback, appearance
        self.path: Path | None = None
        self.plot = SpectrogramPlot(lambda stream_s: stream_s)
        self.plot.setAccessibleName("Spectrogram of the clip")
        self.plot.setToolTip("The clip's spectrogram")
        # The buttons below are what keys are for.
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.set_colours(pixel_table("magma", *DEFAULT_RANGE_DB))
        self.words = PlainLabel()
        self.words.setObjectName("Muted")
        self.words.setWordWrap(True)
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.play_button = QPushButton()
        self.folder_button = QPushButton("Show in folder")
        self.folder_button.setAccessibleName("Show in folder")
        self.folder_button.setToolTip("Open the folder that holds this clip")
        self._lay_out()
        self.play_button.clicked.connect(self.toggle_play)
        self.folder_button.clicked.connect(self.show_in_folder)
        playback.changed.connect(self._refresh)
        playback.failed.connect(self._on_failed)
        appearance.changed.connect(self._apply_theme)
        self._apply_theme()
        self.show_clip(None)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.addWidget(self.play_button)
        bar.addWidget(self.folder_button)
        bar.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot, 1)
        column.addLayout(bar)

    def show_clip(self, path: Path | None) -> None:
        """Show another clip, or none; its picture follows by `show_picture`."""
        self.path = path
        self._show_timeline(file_timeline("", _NOTHING if path is None else "Reading…"))
        self.words.setText("" if path is None else path.name)
        self.words.setToolTip("" if path is None else plain_tip(str(path)))
        self._refresh()
        if path is not None:
            self.picture_wanted.emit(path)

    @Slot()
    def leave(self) -> None:
        """Its window closes: what is still being read for it is given up."""
        self.path = None
        self._playback.stop()

    def show_picture(self, path: Path, picture: FilePicture) -> None:
        """The spectrogram of a clip; of one that is no longer chosen, nothing happens."""
        if path == self.path:
            timeline = file_timeline(path.name, "")
            set_picture(timeline, picture)
            self._show_timeline(timeline)

    def show_failure(self, path: Path, error: UserError) -> None:
        """Why a clip cannot be shown."""
        if path == self.path:
            self._show_timeline(file_timeline("", rich_error(error)))

    @Slot()
    def toggle_play(self) -> None:
        """Play the clip, or stop it."""
        if self.path is not None:
            self._playback.toggle(self.path)

    @Slot()
    def show_in_folder(self) -> None:
        """Open the clip's folder in the system's file browser."""
        if self.path is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.path.parent)))

    def _show_timeline(self, timeline: Timeline) -> None:
        self.plot.show_history(timeline.history, TimeLabels.IN_FILE)
        view = timeline.view
        self.plot.set_view(view.left_s, view.right_s, 0.0)
        self.plot.set_message(timeline.message)

    @Slot()
    def _refresh(self) -> None:
        plays = self.path is not None and self._playback.path == self.path
        words = "Stop the sound" if plays else "Play"
        self.play_button.setText(words)
        self.play_button.setAccessibleName(words)
        self.play_button.setToolTip("Stop playing this clip" if plays else "Play this clip")
        self.play_button.setEnabled(self.path is not None)
        self.folder_button.setEnabled(self.path is not None)

    @Slot(object)
    def _on_failed(self, error: UserError) -> None:
        self.words.setText(f"{error.problem} {error.remedy}")

    @Slot()
    def _apply_theme(self) -> None:
        self.plot.apply_theme(self._appearance.theme)
