"""The button that says how many classes are muted; its menu has them heard again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from app.tags.muted import MutedClasses


class MutedButton(QToolButton):
    """Is there while something is muted."""

    def __init__(self, muted: MutedClasses, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._muted = muted
        self.setObjectName("Quiet")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        # A click leaves the keyboard focus where it was.
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolTip("Muted classes are not shown as heard. Click to hear them again.")
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        muted.changed.connect(self._refresh)
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        number = len(self._muted.names)
        self.setText(f"{number} muted")
        self.setAccessibleName(self.text())
        self.setVisible(number > 0)
        self._menu.clear()
        for label_id, name in self._muted.names.items():
            self._menu.addAction(f"Unmute {name.replace('&', '&&')}").triggered.connect(
                lambda _checked=False, label_id=label_id, name=name: self._muted.toggle(label_id, name)
            )
        if number > 1:
            self._menu.addSeparator()
            self._menu.addAction("Unmute all").triggered.connect(self._muted.clear)
