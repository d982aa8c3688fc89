"""How many tokens the model merges, as a menu that says what is left of them. Merges none itself."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.live_session import LiveSession
from app.user_settings import MERGES

_TIP = "Like tokens are joined between the layers: the model is faster, and a little less sure"
_NO_TOKENS = "This model works without tokens: there is nothing to merge"
_TITLES = {"auto": "As the model was saved", "off": "Off"}


class MergeMenu(QObject):
    """Follows a session; chosen: one of MERGES, as `--merge` takes them. `menu` is to be put into another."""

    chosen = Signal(str)

    def __init__(self, session: LiveSession, parent: QMenu) -> None:
        super().__init__(parent)
        self._session = session
        self.menu = QMenu("Token &merging", parent)
        self.menu.setToolTipsVisible(True)
        self._group = QActionGroup(self)
        for merge in MERGES:
            action = QAction(self.menu, checkable=True)
            action.setData(merge)
            self._group.addAction(action)
            self.menu.addAction(action)
        self._group.triggered.connect(self._on_triggered)
        session.tagger_changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """What each choice leaves of the tokens of the model in use."""
        tagger = self._session.tagger
        for action in self._group.actions():
            merge = action.data()
            before, after = (0, 0) if tagger is None else tagger.tokens_with(merge)
            has_none = tagger is not None and before == 0
            action.setText(_title(merge) + (f": {before} → {after} tokens" if before else ""))
            action.setToolTip(_NO_TOKENS if has_none else _TIP)
            action.setEnabled(not has_none)
            action.setChecked(merge == self._session.merge)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        # What is checked is what is so, not what was asked for.
        self.refresh()
        self.chosen.emit(action.data())


def _title(merge: str) -> str:
    return _TITLES.get(merge) or f"{merge} a layer"
