"""The tool bar: start and stop, input, level, pace and model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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

_NAME_PX, _LEAST_NAME_PX = 260, 60


@dataclass(frozen=True, slots=True)
class _Fitting:
    """What of the tool bar is left out where it would not fit, so that input and model stay within reach."""

    has_ends: bool = True
    """The words beside the slider of the pace."""
    has_long_meter: bool = True
    """The long bar of the level, and the word "clip"."""
    has_prefixes: bool = True
    """"Input:" and "Model:" before the names."""
    has_pace: bool = True
    """The pace at all."""


_FITTINGS = (
    _Fitting(),
    _Fitting(has_ends=False),
    _Fitting(has_ends=False, has_long_meter=False),
    _Fitting(has_ends=False, has_long_meter=False, has_prefixes=False),
    _Fitting(has_ends=False, has_long_meter=False, has_prefixes=False, has_pace=False),
)
"""From all of it to the least."""


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
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            # After the widgets in it have the font too.
            QTimer.singleShot(0, self, self._fit)

    @Slot()
    def _fit(self) -> None:
        """Show as much as fits; at the last, names are cut short in the middle."""
        for fitting in _FITTINGS:
            self._show(fitting)
            if self._needed_px() <= self.width():
                return
        each_px = (self._needed_px() - self.width() + 1) // 2
        for button, name in zip((self.input_button, self.model_button), self._names, strict=True):
            metrics = button.fontMetrics()
            room_px = max(metrics.horizontalAdvance(name) - each_px, _LEAST_NAME_PX)
            button.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room_px))

    def _show(self, fitting: _Fitting) -> None:
        self.pace.name_ends(fitting.has_ends)
        self.meter.set_long(fitting.has_long_meter)
        self._pace_action.setVisible(fitting.has_pace)
        for button, word, name in zip(
            (self.input_button, self.model_button), ("Input", "Model"), self._names, strict=True
        ):
            button.setText(f"{word}: {name}" if fitting.has_prefixes else name)

    def _needed_px(self) -> int:
        layout = self.layout()
        assert layout is not None, "a tool bar has one"
        layout.invalidate()
        return layout.sizeHint().width()

    @Slot()
    def refresh(self) -> None:
        """Update texts and icons."""
        session, theme = self._session, self._appearance.theme
        active = session.is_listening or session.is_opening
        self.start_button.setText("Stop" if active else "Start")
        self.start_button.setIcon((stop_icon if active else start_icon)(theme.on_accent))
        self.start_button.setToolTip(f"{'Stop' if active else 'Start'} listening (Ctrl+R)")
        self.start_button.setAccessibleName(f"{'Stop' if active else 'Start'} listening")
        loading = "loading…" if session.is_loading_model else "none"
        self._names = session.input.title, loading if session.tagger is None else self._model_name()
        self._fit()
        if not session.is_receiving:
            self.meter.clear()

    def add_lamp(self, lamp: QWidget) -> Callable[[bool], None]:
        """Put a lamp before the pace; what is returned shows or hides it."""
        action = self.insertWidget(self._pace_action, lamp)
        action.setVisible(False)

        def show(is_lit: bool) -> None:
            action.setVisible(is_lit)
            self._fit()

        return show

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
