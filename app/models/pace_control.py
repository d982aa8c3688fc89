"""The slider from the finest setting to the fastest, with a switch that leaves the choice to the program."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QSizePolicy, QSlider, QWidget

from app.live.pace import LivePace
from app.style.plain_text import PlainLabel
from core.inference.pacing.models import AUTO, PaceWish

_SLIDER_PX = 96
_AUTO_TIP = "Follow what this computer can hold: finer while there is time, faster when it is busy or hot"
_UNKNOWN = "The settings of the model are known once it listens"
_ONE = "There is nothing to choose: this model has one setting here, or token merging was chosen in the Model menu"


class PaceControl(QWidget):
    """Follows the pace of the live view. Moving the slider switches Auto off."""

    def __init__(self, pace: LivePace) -> None:
        super().__init__()
        self._pace = pace
        self.auto = QCheckBox("&Auto pace")
        self.auto.setToolTip(_AUTO_TIP)
        self.auto.setAccessibleName("Choose the pace by itself")
        self.auto.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setFixedWidth(_SLIDER_PX)
        self.slider.setPageStep(1)
        self.slider.setAccessibleName("Pace, from finest to fastest")
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.ends = PlainLabel("Finest"), PlainLabel("Fastest")
        for widget in (self.auto, self.ends[0], self.slider, self.ends[1]):
            row.addWidget(widget)
        self.auto.toggled.connect(self._on_auto)
        # While it is dragged too: the setting under the hand is the one that runs.
        self.slider.valueChanged.connect(pace.choose_setting)
        pace.changed.connect(self.refresh)
        self.refresh()

    def name_ends(self, is_wanted: bool) -> None:
        """Write what the ends of the slider mean beside them, where there is room."""
        for label in self.ends:
            label.setVisible(is_wanted)

    @Slot()
    def refresh(self) -> None:
        """Show what is chosen and what is in use."""
        state = self._pace.state
        n_settings = 1 if state is None else len(state.ladder.settings)
        with QSignalBlocker(self.auto), QSignalBlocker(self.slider):
            self.auto.setChecked(self._pace.is_auto)
            self.slider.setRange(0, n_settings - 1)
            if state is not None and not self.slider.isSliderDown():
                chosen = PaceWish(self._pace.word).setting_of(n_settings)
                self.slider.setValue(state.place.setting if chosen is None else chosen)
        self.slider.setEnabled(n_settings > 1)
        tip = _UNKNOWN if state is None else self._pace.sentence if n_settings > 1 else f"{self._pace.sentence}\n{_ONE}"
        if tip != self.slider.toolTip():
            self.slider.setToolTip(tip)
            self.slider.setAccessibleDescription(tip)

    @Slot(bool)
    def _on_auto(self, is_auto: bool) -> None:
        if is_auto:
            self._pace.choose(AUTO)
        else:
            self._pace.choose_setting(self.slider.value())
