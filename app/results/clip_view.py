"""The view of one clip: its spectrogram, a button to play it and a button to show it in its folder."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.results.clip_player import Clip, ClipPlayer
from app.runtime.core_api import FilePicture
from app.runtime.settings import DEFAULT_RANGE_DB
from app.spectrogram.axes.time_axis import TimeLabels
from app.spectrogram.picture.colour_maps import pixel_table
from app.spectrogram.plot import SpectrogramPlot
from app.spectrogram.timeline import Timeline, file_timeline, set_picture
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel, plain_tip, rich_error
from core.errors import UserError

_NO_CLIP = "Select a clip to see and hear it."


class ClipView(QWidget):
    """Shows one clip, or none."""

    picture_wanted = Signal(object)
    """A Clip whose spectrogram is to be passed to `show_picture`."""

    def __init__(self, player: ClipPlayer, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._player, self._appearance = player, appearance
        self.clip: Clip | None = None
        self.plot = SpectrogramPlot(lambda stream_s: stream_s)
        self.plot.setAccessibleName("Spectrogram of the clip")
        self.plot.setToolTip("The spectrogram of the clip")
        # The keyboard focus goes to the buttons below.
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.set_colours(pixel_table("magma", *DEFAULT_RANGE_DB))
        self.caption = PlainLabel()
        self.caption.setObjectName("Muted")
        self.caption.setWordWrap(True)
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.play_button = QPushButton()
        self.folder_button = QPushButton("Show in folder")
        self.folder_button.setAccessibleName("Show in folder")
        self.folder_button.setToolTip("Open the folder that contains this clip")
        self._lay_out()
        self.play_button.clicked.connect(self.toggle_play)
        self.folder_button.clicked.connect(self.show_in_folder)
        player.changed.connect(self._refresh)
        player.failed.connect(self._on_failed)
        appearance.changed.connect(self._apply_theme)
        self._apply_theme()
        self.show_clip(None)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.addWidget(self.play_button)
        bar.addWidget(self.folder_button)
        bar.addWidget(self.caption, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot, 1)
        column.addLayout(bar)

    def show_clip(self, clip: Clip | None) -> None:
        """Show another clip, or none; its picture follows by `show_picture`."""
        self.clip = clip
        self._show_timeline(file_timeline("", _NO_CLIP if clip is None else "Reading…"))
        self.caption.setText("" if clip is None else clip.name)
        self.caption.setToolTip("" if clip is None else plain_tip(str(clip.path)))
        self._refresh()
        if clip is not None:
            self.picture_wanted.emit(clip)

    @Slot()
    def leave(self) -> None:
        """Stop the sound and abandon the reading of a picture, when the window closes."""
        self.clip = None
        self._player.stop()

    def show_picture(self, clip: Clip, picture: FilePicture) -> None:
        """Show the part of a file's spectrogram that a clip is; ignored when another clip is on show by now."""
        if clip == self.clip:
            timeline = file_timeline(clip.name, "")
            set_picture(timeline, picture)
            self._show_timeline(timeline)
            if not clip.is_whole:
                end_s = picture.duration_s if clip.end_s is None else clip.end_s
                self.plot.set_view(clip.start_s, end_s, 0.0)

    def show_failure(self, clip: Clip, error: UserError) -> None:
        """Show why a clip cannot be read."""
        if clip == self.clip:
            self._show_timeline(file_timeline("", rich_error(error)))

    @Slot()
    def toggle_play(self) -> None:
        """Play the clip, or stop it."""
        if self.clip is not None:
            self._player.toggle(self.clip)

    @Slot()
    def show_in_folder(self) -> None:
        """Open the clip's folder in the system's file browser."""
        if self.clip is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.clip.path.parent)))

    def _show_timeline(self, timeline: Timeline) -> None:
        self.plot.show_history(timeline.history, TimeLabels.IN_FILE)
        view = timeline.view
        self.plot.set_view(view.left_s, view.right_s, 0.0)
        self.plot.set_message(timeline.message)

    @Slot()
    def _refresh(self) -> None:
        has_clip = self.clip is not None
        is_playing = has_clip and self._player.clip == self.clip
        text = "Stop" if is_playing else "Play"
        self.play_button.setText(text)
        self.play_button.setAccessibleName(text)
        self.play_button.setToolTip("Stop playing this clip" if is_playing else "Play this clip")
        self.play_button.setEnabled(has_clip)
        self.folder_button.setEnabled(has_clip)

    @Slot(object)
    def _on_failed(self, error: UserError) -> None:
        self.caption.setText(f"{error.problem} {error.remedy}")

    @Slot()
    def _apply_theme(self) -> None:
        self.plot.apply_theme(self._appearance.theme)
