"""The published models and those imported here: what they are, how far they are on their way, and using them.

Shows the rows of a ModelFetching and tells it what is wanted; loads no model and asks for no file.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.models.download_columns import FETCH_COLUMNS
from app.models.download_row import FetchRow
from app.models.downloads import ModelFetching
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.widgets.dialog_parts import push_button, resize_to_fit
from app.widgets.tables import SortableTable
from core.errors import UserError

_ABOUT = (
    "Audio Spectrogram Transformers as their authors released them, about 350 MB each, from the Hugging Face hub. "
    "They stay on this computer. Closing this window stops what is being fetched; it goes on from there next time."
)
_TABLE_TIP = "Select a model to read about it. Enter or a double click gets it, or uses it once it is here."
_BAR_STEPS = 1000


class ModelsDialog(QDialog):
    """Stays open beside the window; what it fetches stops when it closes.

    use_wanted: the name of a model to listen with. file_wanted, folder_wanted: a checkpoint to import is to be chosen.
    """

    use_wanted = Signal(str)
    file_wanted = Signal()
    folder_wanted = Signal()

    def __init__(self, fetching: ModelFetching, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fetching, self._appearance = fetching, appearance
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
        self.table = SortableTable("Models", _TABLE_TIP, FETCH_COLUMNS)
        self.heading = PlainLabel()
        self.heading.setObjectName("Heading")
        self.summary = _words("Muted")
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the download")
        self.progress.setToolTip("How much of the model has arrived")
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress_words = _words("Muted")
        self.progress_words.setFont(tabular(self.progress_words.font()))
        self.trouble = _words()
        self.trouble.setAccessibleName("What went wrong")
        self.fetch_button = push_button("Get", "Fetch this model from the Hugging Face hub", is_primary=True)
        self.use_button = push_button("Use this model now", "Listen with this model, without a break", is_primary=True)
        self.file_button = push_button(
            "Import a file…", "A checkpoint of your own or an original AST one, as .pth or .safetensors"
        )
        self.folder_button = push_button("Import a folder…", "A checkpoint in the Hugging Face layout, or one of ours")
        self.import_words = _words("Muted")
        self.import_words.setAccessibleName("How the import went")
        self.close_button = push_button("Close", "Close this window (Esc)")

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(8)
        about = _words("Muted")
        about.setText(_ABOUT)
        layout.addWidget(about)
        layout.addWidget(_card(self.table), 1)
        layout.addWidget(self._detail_card())
        buttons = QHBoxLayout()
        buttons.addWidget(self.file_button)
        buttons.addWidget(self.folder_button)
        buttons.addWidget(self.import_words, 1)
        buttons.addWidget(self.close_button)
        layout.addLayout(buttons)

    def _detail_card(self) -> QFrame:
        """The model chosen: facts on the left, what can be done on the right."""
        words = QVBoxLayout()
        words.setSpacing(6)
        for widget in (self.heading, self.summary, self.progress, self.progress_words, self.trouble):
            words.addWidget(widget)
        words.addStretch(1)
        buttons = QVBoxLayout()
        buttons.addWidget(self.fetch_button)
        buttons.addWidget(self.use_button)
        buttons.addStretch(1)
        card = QFrame()
        card.setObjectName("Card")
        # As high with a bar and a message as without: the table above must not jump.
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
        self.fetch_button.clicked.connect(self._toggle_fetch)
        self.use_button.clicked.connect(self._use)
        self.file_button.clicked.connect(self.file_wanted)
        self.folder_button.clicked.connect(self.folder_wanted)
        self.close_button.clicked.connect(self.close)
        self.finished.connect(self._fetching.stop_all)
        self._fetching.rows_changed.connect(self._list)
        self._fetching.row_changed.connect(self._on_row_changed)
        self._fetching.arrived.connect(self._on_arrived)
        self._fetching.import_changed.connect(self._show_import)
        self._appearance.changed.connect(self.refresh)
        self._appearance.changed.connect(self._show_import)

    def show_in_use(self, model: str | None, *, is_loading: bool, failure: UserError | None) -> None:
        """Say whether `model`, the one listened with, is the one chosen here.

        is_loading: another is about to be. failure: why the one asked for last could not be loaded.
        """
        self._in_use, self._is_loading, self._use_failure = model, is_loading, failure
        self.refresh()

    # ----- the list -----

    @Slot()
    def _list(self) -> None:
        """Show the rows there are now; the one that was chosen stays so."""
        chosen = self._chosen
        self.table.set_rows(self._fetching.rows)
        self.choose(chosen)
        self._show_import()

    def choose(self, name: str) -> None:
        """Choose the model called `name`, or the first one."""
        names = [row.name for row in self.table.rows_shown]
        self.table.choose(names.index(name) if name in names else 0)

    @Slot(object)
    def _on_selected(self, row: FetchRow | None) -> None:
        if row is not None:
            self._chosen = row.name
        self.refresh()

    @Slot(object)
    def _on_row_changed(self, row: FetchRow) -> None:
        self.table.refresh()
        if row is self.table.chosen():
            self.refresh()

    @Slot(str)
    def _on_arrived(self, name: str) -> None:
        """What was imported is chosen as soon as it is in the list; what was fetched is there."""
        if name not in {row.name for row in self._fetching.rows}:
            self._chosen = name

    # ----- the one chosen -----

    @Slot()
    def refresh(self) -> None:
        """Words, bar and buttons as things are now."""
        row: FetchRow | None = self.table.chosen()
        if row is None:
            return
        self.heading.setText(row.title)
        self.summary.setText(f"{row.summary}.")
        self.progress_words.setText(row.progress_words() or _how_to_get(row))
        self._show_bar(row)
        error = row.error or (self._use_failure if row.name == self._wanted else None)
        self.trouble.setVisible(error is not None)
        self._say_trouble(self.trouble, error)
        self._show_buttons(row)

    def _say_trouble(self, label: QLabel, error: UserError | None, otherwise: str = "") -> None:
        label.setText(f"{error.problem} {error.remedy}" if error is not None else otherwise)
        label.setStyleSheet(f"color: {self._appearance.theme.bad};" if error is not None else "")

    def _show_bar(self, row: FetchRow) -> None:
        fraction = row.fraction
        is_known = fraction is not None and not row.has_all_arrived
        self.progress.setVisible(row.is_on_its_way or (row.progress is not None and not row.is_here))
        # Busy while nobody knows how long it takes.
        self.progress.setRange(0, _BAR_STEPS if is_known or not row.is_on_its_way else 0)
        self.progress.setValue(round(_BAR_STEPS * fraction) if is_known and fraction is not None else 0)

    def _show_buttons(self, row: FetchRow) -> None:
        keeps_focus = row.is_here and self.fetch_button.hasFocus()
        words = "Stop" if row.is_on_its_way else "Go on" if row.has_part else "Get"
        self.fetch_button.setText(words)
        self.fetch_button.setAccessibleName(f"{words}: {row.title}")
        self.fetch_button.setToolTip(_FETCH_TIPS[words])
        self.fetch_button.setEnabled(row.can_be_fetched or row.is_on_its_way)
        self.fetch_button.setVisible(not row.is_here)
        is_in_use = row.name == self._in_use
        use_words = "This model is in use" if is_in_use else "Loading…" if self._is_loading else "Use this model now"
        self.use_button.setText(use_words)
        self.use_button.setAccessibleName(use_words)
        self.use_button.setEnabled(not is_in_use and not self._is_loading)
        self.use_button.setVisible(row.is_here)
        if keeps_focus:
            self.use_button.setFocus()

    @Slot()
    def _toggle_fetch(self) -> None:
        row: FetchRow | None = self.table.chosen()
        if row is None:
            return
        if row.is_on_its_way:
            self._fetching.stop(row)
        else:
            self._fetching.fetch(row)

    @Slot()
    def _use(self) -> None:
        row: FetchRow | None = self.table.chosen()
        if row is not None and row.is_here and row.name != self._in_use:
            self._wanted = row.name
            self.use_wanted.emit(row.name)

    @Slot(object)
    def _on_opened(self, row: FetchRow) -> None:
        """Enter goes forward: it gets a model, and uses one that is here; it stops nothing."""
        if row.is_here:
            self._use()
        else:
            self._fetching.fetch(row)

    # ----- importing -----

    @Slot()
    def _show_import(self) -> None:
        path = self._fetching.importing
        for button in (self.file_button, self.folder_button):
            button.setEnabled(path is None)
        self._say_trouble(self.import_words, self._fetching.import_error, f"Importing {path.name}…" if path else "")


_FETCH_TIPS = {
    "Get": "Fetch this model from the Hugging Face hub",
    "Go on": "Fetch the rest of it",
    "Stop": "Fetch no more of it; what has arrived is kept",
}


def _how_to_get(row: FetchRow) -> str:
    model = row.published
    if model is None or row.is_here:
        return ""
    if model.can_be_downloaded:
        return f"From huggingface.co/{model.repository}"
    return f"The hub has no copy: fetch {model.file} from its authors' page, github.com/YuanGongND/ast, and import it."


def _words(name: str = "") -> QLabel:
    label = PlainLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    return label


def _card(inside: QWidget) -> QFrame:
    card = QFrame()
    card.setObjectName("Card")
    column = QVBoxLayout(card)
    column.setContentsMargins(1, 1, 1, 4)
    column.addWidget(inside)
    return card
