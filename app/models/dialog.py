"""The dialog of models: published and imported ones, their downloads, and using them.

It shows the rows of a ModelDownloads and passes requests to it.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.models.download_columns import DOWNLOAD_COLUMNS
from app.models.download_row import DownloadRow
from app.models.downloads import ModelDownloads
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.widgets.dialog_parts import card, push_button, resize_to_fit
from app.widgets.tables import SortableTable
from core.errors import UserError

_ABOUT = (
    "Audio Spectrogram Transformers as released by their authors, about 350 MB each, from the Hugging Face hub. "
    "They are kept on this computer. Closing this window stops a download; it resumes from there next time."
)
_TABLE_TIP = (
    "Select a model to read about it. Enter or a double click downloads it, or uses it once it is on this computer."
)
_BAR_STEPS = 1000
DOWNLOAD, RESUME, STOP = "Download", "Resume", "Stop"
"""What the button of a download says."""
_DOWNLOAD_TIPS = {
    DOWNLOAD: "Download this model from the Hugging Face hub",
    RESUME: "Download the rest of it",
    STOP: "Stop the download; what has been downloaded is kept",
}


class ModelsDialog(QDialog):
    """Stays open beside the window; closing it stops its downloads.

    use_wanted: the name of a model to listen with (str).
    file_wanted, folder_wanted: the user wants to choose a checkpoint to import.
    """

    use_wanted = Signal(str)
    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, downloads: ModelDownloads, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._downloads, self._appearance = downloads, appearance
        self._in_use: str | None = None
        self._is_loading = False
        self._use_failure: UserError | None = None
        self._chosen = self._wanted = ""
        self.setWindowTitle("Models")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        resize_to_fit(self, QSize(1000, 600))
        self._build()
        self._lay_out()
        self._connect()
        self._list()
        self.table.setFocus()

    def _build(self) -> None:
        self.table = SortableTable("Models", _TABLE_TIP, DOWNLOAD_COLUMNS)
        self.heading = PlainLabel()
        self.heading.setObjectName("Heading")
        self.summary = _words("Muted")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Download progress")
        self.progress.setToolTip("How much of the model has been downloaded")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress_words = _words("Muted")
        self.progress_words.setFont(tabular(self.progress_words.font()))
        self.trouble = _words()
        self.trouble.setAccessibleName("Error")
        self.download_button = push_button(DOWNLOAD, _DOWNLOAD_TIPS[DOWNLOAD], is_primary=True)
        self.use_button = push_button(
            "Use this model now", "Listen with this model without interruption", is_primary=True
        )
        self.file_button = push_button(
            "Import a file…", "Your own checkpoint or an original AST checkpoint, .pth or .safetensors"
        )
        self.folder_button = push_button("Import a folder…", "A checkpoint folder of Hugging Face or of Soundmark")
        self.import_words = _words("Muted")
        self.import_words.setAccessibleName("Status of the import")
        self.close_button = push_button("Close", "Close this window (Esc)")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        about = _words("Muted")
        about.setText(_ABOUT)
        layout.addWidget(about)
        layout.addWidget(card(self.table), 1)
        layout.addWidget(self._detail_card())
        buttons = QHBoxLayout()
        buttons.addWidget(self.file_button)
        buttons.addWidget(self.folder_button)
        buttons.addWidget(self.import_words, 1)
        buttons.addWidget(self.close_button)
        layout.addLayout(buttons)

    def _detail_card(self) -> QFrame:
        """The selected model: facts on the left, buttons on the right."""
        words = QVBoxLayout()
        words.setSpacing(6)
        for widget in (self.heading, self.summary, self.progress, self.progress_words, self.trouble):
            words.addWidget(widget)
        words.addStretch(1)
        buttons = QVBoxLayout()
        buttons.addWidget(self.download_button)
        buttons.addWidget(self.use_button)
        buttons.addStretch(1)
        card = QFrame()
        card.setObjectName("Card")
        # As high with a bar and a message as without, so that the table above does not jump.
        card.setMinimumHeight(136)
        row = QHBoxLayout(card)
        row.setContentsMargins(12, 8, 12, 8)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addLayout(buttons)
        return card

    def _connect(self) -> None:
        self.table.selected.connect(self._on_selected)
        self.table.opened.connect(self._on_opened)
        self.download_button.clicked.connect(self._toggle_download)
        self.use_button.clicked.connect(self._use)
        self.file_button.clicked.connect(self.file_wanted)
        self.folder_button.clicked.connect(self.folder_wanted)
        self.close_button.clicked.connect(self.close)
        self.finished.connect(self._downloads.stop_all)
        self._downloads.rows_changed.connect(self._list)
        self._downloads.row_changed.connect(self._on_row_changed)
        self._downloads.arrived.connect(self._on_arrived)
        self._downloads.import_changed.connect(self._show_import)
        self._appearance.changed.connect(self.refresh)
        self._appearance.changed.connect(self._show_import)

    def show_in_use(self, model: str | None, *, is_loading: bool, failure: UserError | None) -> None:
        """Show whether `model`, the one in use, is the selected one.

        is_loading: another model is being loaded. failure: why the model last chosen could not be loaded.
        """
        self._in_use, self._is_loading, self._use_failure = model, is_loading, failure
        self.refresh()

    # ----- the list -----

    @Slot()
    def _list(self) -> None:
        """Show the current rows and keep the selection."""
        chosen = self._chosen
        self.table.set_rows(self._downloads.rows)
        self.choose(chosen)
        self._show_import()

    def choose(self, name: str) -> None:
        """Select the model called `name`, or the first one."""
        names = [row.name for row in self.table.rows_shown]
        self.table.choose(names.index(name) if name in names else 0)

    @Slot(object)
    def _on_selected(self, row: DownloadRow | None) -> None:
        if row is not None:
            self._chosen = row.name
        self.refresh()

    @Slot(object)
    def _on_row_changed(self, row: DownloadRow) -> None:
        self.table.refresh()
        if row is self.table.chosen():
            self.refresh()

    @Slot(str)
    def _on_arrived(self, name: str) -> None:
        """Select an imported model as soon as it is listed."""
        if name not in {row.name for row in self._downloads.rows}:
            self._chosen = name

    # ----- the selected model -----

    @Slot()
    def refresh(self) -> None:
        """Update texts, bar and buttons."""
        row: DownloadRow | None = self.table.chosen()
        if row is None:
            return
        self.heading.setText(row.title)
        self.summary.setText(f"{row.summary}.")
        self.progress_words.setText(row.progress_text() or _how_to_get(row))
        self._show_bar(row)
        error = row.error or (self._use_failure if row.name == self._wanted else None)
        self.trouble.setVisible(error is not None)
        self._show_error_in(self.trouble, error)
        self._show_buttons(row)

    def _show_error_in(self, label: QLabel, error: UserError | None, otherwise: str = "") -> None:
        label.setText(f"{error.problem} {error.remedy}" if error is not None else otherwise)
        label.setStyleSheet(f"color: {self._appearance.theme.bad};" if error is not None else "")

    def _show_bar(self, row: DownloadRow) -> None:
        fraction = row.fraction
        is_known = fraction is not None and not row.has_all_arrived
        self.progress.setVisible(row.is_on_its_way or (row.progress is not None and not row.is_here))
        # Shown as busy while the total is not known.
        self.progress.setRange(0, _BAR_STEPS if is_known or not row.is_on_its_way else 0)
        self.progress.setValue(round(_BAR_STEPS * fraction) if is_known and fraction is not None else 0)

    def _show_buttons(self, row: DownloadRow) -> None:
        keeps_focus = row.is_here and self.download_button.hasFocus()
        words = STOP if row.is_on_its_way else RESUME if row.has_part else DOWNLOAD
        self.download_button.setText(words)
        self.download_button.setAccessibleName(f"{words}: {row.title}")
        self.download_button.setToolTip(_DOWNLOAD_TIPS[words])
        self.download_button.setEnabled(row.can_be_downloaded or row.is_on_its_way)
        self.download_button.setVisible(not row.is_here)
        is_in_use = row.name == self._in_use
        use_words = "This model is in use" if is_in_use else "Loading…" if self._is_loading else "Use this model now"
        self.use_button.setText(use_words)
        self.use_button.setAccessibleName(use_words)
        self.use_button.setEnabled(not is_in_use and not self._is_loading)
        self.use_button.setVisible(row.is_here)
        if keeps_focus:
            self.use_button.setFocus()

    @Slot()
    def _toggle_download(self) -> None:
        row: DownloadRow | None = self.table.chosen()
        if row is None:
            return
        if row.is_on_its_way:
            self._downloads.stop(row)
        else:
            self._downloads.download(row)

    @Slot()
    def _use(self) -> None:
        row: DownloadRow | None = self.table.chosen()
        if row is not None and row.is_here and row.name != self._in_use:
            self._wanted = row.name
            self.use_wanted.emit(row.name)

    @Slot(object)
    def _on_opened(self, row: DownloadRow) -> None:
        """Download a model, or use one that is on this computer; Enter stops nothing."""
        if row.is_here:
            self._use()
        else:
            self._downloads.download(row)

    # ----- importing -----

    @Slot()
    def _show_import(self) -> None:
        path = self._downloads.importing
        for button in (self.file_button, self.folder_button):
            button.setEnabled(path is None)
        self._show_error_in(self.import_words, self._downloads.import_error, f"Importing {path.name}…" if path else "")


def _how_to_get(row: DownloadRow) -> str:
    model = row.published
    if model is None or row.is_here:
        return ""
    if model.can_be_downloaded:
        return f"From huggingface.co/{model.repository}"
    return f"Not on the hub: download {model.file} from github.com/YuanGongND/ast, its authors' page, and import it."


def _words(name: str = "") -> QLabel:
    label = PlainLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label
