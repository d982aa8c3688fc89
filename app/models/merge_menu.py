"""The menu of token merging: how many tokens, in which way, and how many are left."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.live.session import LiveSession
from app.runtime.settings import MERGE_AMOUNTS, merge_word

_TIP = "Similar tokens are merged between layers: the model is faster and slightly less accurate"
_NO_TOKENS = "This model has no tokens to merge"
_AUTO_TIP = "While listening as the pace needs it, for files as the model was saved"
_NO_NUMBER = "First choose how many tokens each layer merges"
_TITLES = {"auto": "Automatic", "off": "Off"}
_FORMS = {
    "": ("Similar pairs, evenly", "Every layer merges the same number of the most similar pairs (ToMe)"),
    "decreasing": ("Similar pairs, more in early layers", "Twice as many in the first layer, none in the last (ToMe)"),
    "energy": (
        "Redundant tokens, evenly",
        "Tokens that resemble many others are merged, distinctive ones are kept (PiToMe)",
    ),
    "energy-decreasing": (
        "Redundant tokens, more in early layers",
        "Twice as many in the first layer, none in the last (PiToMe)",
    ),
}


class MergeMenu(QObject):
    """Follows a session. `menu` becomes a submenu of another.

    chosen: one of MERGES, as `--merge` takes them (str). amounts, forms: the actions, by their part of that word.
    """

    chosen = Signal(str)

    def __init__(self, session: LiveSession, parent: QMenu) -> None:
        super().__init__(parent)
        self._session = session
        self._form = ""
        self.menu = QMenu("Token &merging", parent)
        self.menu.setToolTipsVisible(True)
        self.amounts = self._add_group(MERGE_AMOUNTS)
        self.menu.addSeparator()
        self.forms = self._add_group(_FORMS)
        session.tagger_changed.connect(self.refresh)
        self.refresh()

    def _add_group(self, words: Iterable[str]) -> dict[str, QAction]:
        """Actions of which at most one is checked."""
        group = QActionGroup(self)
        group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        group.triggered.connect(self._on_triggered)
        lines = {word: QAction(self.menu, checkable=True) for word in words}
        for word, action in lines.items():
            action.setData(word)
            group.addAction(action)
            self.menu.addAction(action)
        return lines

    @Slot()
    def refresh(self) -> None:
        """Show how many tokens of the model in use each choice leaves."""
        tagger = self._session.tagger
        form, _, amount = self._session.merge.rpartition(":")
        is_number = amount.isdecimal()
        if is_number:
            self._form = form
        has_none = False
        for word, action in self.amounts.items():
            before, after = (0, 0) if tagger is None else tagger.tokens_with(merge_word(word, self._form))
            has_none = tagger is not None and before == 0
            action.setText(_title(word) + (f": {before} → {after} tokens" if before and word != "auto" else ""))
            action.setToolTip(_NO_TOKENS if has_none else _AUTO_TIP if word == "auto" else _TIP)
            action.setEnabled(not has_none)
            action.setChecked(word == amount)
        for word, action in self.forms.items():
            title, tip = _FORMS[word]
            action.setText(title)
            action.setEnabled(is_number and not has_none)
            action.setToolTip(_NO_TOKENS if has_none else tip if is_number else _NO_NUMBER)
            # A model may have been saved with any of them.
            action.setChecked(is_number and word == form)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        is_form = action in self.forms.values()
        amount = self._session.merge.rpartition(":")[2] if is_form else action.data()
        form = action.data() if is_form else self._form
        # The check mark stays on the merging in use until the new one works.
        self.refresh()
        self.chosen.emit(merge_word(amount, form))


def _title(amount: str) -> str:
    return _TITLES.get(amount) or f"{amount} per layer"
