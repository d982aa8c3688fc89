"""The tool bar: start and stop, input, level, pace and model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCursor, QResizeEvent
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QSizePolicy, QToolBar, QToolButton, QWidget

from app.live.level_meter import LevelMeter
from app.live.session import LiveSession
from app.models.menu import title_of
from app.models.pace_control import PaceControl
from app.style.appearance import Appearance
from app.widgets.icons import start_icon, stop_icon
from core.inference.results import LiveUpdate
from core.run.run_folder import CHECKPOINT_NAME

_NAME_PX = 260
_ROOMY_PX = 1150
"""From this width on there is room for the words beside the slider."""


class ToolBar(QToolBar):
    """Follows a session."""

    def __init__(self, session: LiveSession, appearance: Appearance, input_menu: QMenu, model_menu: QMenu) -> None:
        super().__init__("Toolbar")
        self.setObjectName("Toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._session, self._appearance = session, appearance
        self.start_button = QPushButton()
        self.start_button.setObjectName("Primary")
        self.start_button.setIconSize(QSize(14, 14))
        self.start_button.setMinimumWidth(96)
        self.start_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.input_button = _menu_button(input_menu, "Input", "Choose what to listen to")
        self.model_button = _menu_button(model_menu, "Model", "Choose the model that tags the sound")
        self.meter = LevelMeter(appearance.theme)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for widget in (self.start_button, self.input_button, self.meter, spacer):
            self.addWidget(widget)
        self.pace = PaceControl(session.pace)
        self._pace_action = self.addWidget(self.pace)
        self.addWidget(self.model_button)
        self.start_button.clicked.connect(session.toggle)
        session.state_changed.connect(self.refresh)
        session.tagger_changed.connect(self.refresh)
        session.updated.connect(self._on_update)
        appearance.changed.connect(self._apply_theme)
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.pace.name_ends(event.size().width() >= _ROOMY_PX)
        super().resizeEvent(event)

    @Slot()
    def refresh(self) -> None:
        """Update texts and icons."""
        session, theme = self._session, self._appearance.theme
        active = session.is_listening or session.is_opening
        self.start_button.setText("Stop" if active else "Start")
        self.start_button.setIcon((stop_icon if active else start_icon)(theme.on_accent))
        self.start_button.setToolTip(f"{'Stop' if active else 'Start'} listening (Ctrl+R)")
        self.start_button.setAccessibleName(f"{'Stop' if active else 'Start'} listening")
        self.input_button.setText(f"Input: {session.input.title}")
        loading = "loading…" if session.is_loading_model else "none"
        self.model_button.setText(f"Model: {loading if session.tagger is None else self._model_name()}")
        if not session.is_receiving:
            self.meter.clear()

    def add_lamp(self, lamp: QWidget) -> Callable[[bool], None]:
        """Put a lamp before the pace; what is returned shows or hides it."""
        action = self.insertWidget(self._pace_action, lamp)
        action.setVisible(False)
        return action.setVisible

    def _model_name(self) -> str:
        """The name in the menu: models of one recipe share its name, so the folder of the run is shown instead."""
        session = self._session
        assert session.tagger is not None, "asked for the name of no model"
        checkpoint = Path(session.model or "")
        if checkpoint.name != CHECKPOINT_NAME:
            return session.tagger.name
        return self.fontMetrics().elidedText(title_of(checkpoint), Qt.TextElideMode.ElideMiddle, _NAME_PX)

    @Slot(object)
    def _on_update(self, update: LiveUpdate) -> None:
        # An input in trouble repeats its last level.
        if self._session.is_receiving:
            self.meter.show_level(update.level)

    @Slot()
    def _apply_theme(self) -> None:
        self.meter.apply_theme(self._appearance.theme)
        self.refresh()


def _menu_button(menu: QMenu, name: str, tool_tip: str) -> QToolButton:
    button = QToolButton()
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    # Not by a click: the button would keep its outline after the menu has gone.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(tool_tip)
    button.setAccessibleName(name)
    menu.aboutToHide.connect(lambda: QTimer.singleShot(0, button, lambda: _forget_pointer(button)))
    return button


def _forget_pointer(button: QToolButton) -> None:
    """Tell the button that the pointer has left: a menu closed by a click elsewhere swallows that event."""
    if not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
        QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
        button.update()
