"""Asks for the training set and the label that a stretch of sound becomes a clip of."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QHBoxLayout, QLineEdit, QWidget

from app.widgets import file_dialogs
from app.widgets.choice_box import ChoiceBox
from app.widgets.dialog_parts import push_button

_WIDTH_PX = 460


class ClipDialog(QDialog):
    """folder: the training set that was used last. label: the likely one, to begin with."""

    chosen = Signal(object, str)
    """The folder (Path) and the label."""

    def __init__(self, folder: Path | None, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Add to a training set")
        self.setMinimumWidth(_WIDTH_PX)
        self.folder = QLineEdit(str(folder or ""))
        self.folder.setAccessibleName("Folder of the training set")
        self.folder.setToolTip("The clip is written into a folder with the name of its label in this folder")
        self.label = ChoiceBox()
        self.label.setEditable(True)
        self.label.setAccessibleName("Label")
        self.label.setToolTip("What is heard in the clip: one of the labels that the folder has, or a new one")
        choose = push_button("Choose…", "Choose the folder of the training set")
        buttons = QDialogButtonBox()
        self.add = buttons.addButton("Add", QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        for button, tip in ((self.add, "Write the clip"), (cancel, "Add nothing (Esc)")):
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        form = QFormLayout(self)
        form.addRow("Folder", row)
        form.addRow("&Label", self.label)
        form.addRow(buttons)
        choose.clicked.connect(self._choose)
        self.folder.textChanged.connect(self._list_labels)
        self.label.editTextChanged.connect(self._refresh)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self._list_labels()
        self.label.setEditText(label)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    @Slot()
    def _choose(self) -> None:
        folder = file_dialogs.ask_folder(self, "Choose a training set", Path(self.folder.text() or Path.home()))
        if folder is not None:
            self.folder.setText(str(folder))

    @Slot()
    def _list_labels(self) -> None:
        text = self.label.currentText()
        folder = Path(self.folder.text())
        labels: list[str] = []
        # A folder may be unreadable, or a name too long for any.
        with suppress(OSError, ValueError):
            if self.folder.text() and folder.is_dir():
                labels = sorted(child.name for child in folder.iterdir() if child.is_dir() and child.name[:1] != ".")
        self.label.clear()
        self.label.addItems(labels)
        self.label.setEditText(text)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self.add.setEnabled(bool(self.folder.text().strip() and self.label.currentText().strip(" .")))

    @Slot()
    def _accept(self) -> None:
        self.chosen.emit(Path(self.folder.text().strip()), self.label.currentText().strip())
        self.accept()
