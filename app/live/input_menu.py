"""The menu of inputs, shared by the Listen menu and the tool bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from app.live.input_devices import InputDevices
from app.live.session import LiveSession
from app.style import formatting
from app.style.plain_text import plain_tip
from core.audio.input_choice import DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice
from core.audio.input_device import InputDevice


class InputMenu(QObject):
    """Keeps a menu up to date.

    chosen: the InputChoice that the user picked.
    """

    chosen = Signal(object)

    def __init__(self, menu: QMenu, session: LiveSession, devices: InputDevices) -> None:
        super().__init__(menu)
        self._menu, self._session, self._devices = menu, session, devices
        self._listed: tuple[bool, tuple[InputDevice, ...]] | None = None
        self._group = QActionGroup(self)
        self._group.triggered.connect(self._on_triggered)
        devices.changed.connect(self.rebuild)
        session.state_changed.connect(self._check)
        menu.aboutToShow.connect(devices.refresh)
        self.rebuild()

    @Slot()
    def rebuild(self) -> None:
        """List the current inputs; a list that has not changed is left alone, because it may be open."""
        found = self._devices.is_known, self._devices.devices
        if found == self._listed:
            return
        self._listed = found
        self._menu.clear()
        for action in self._group.actions():
            self._group.removeAction(action)
            action.deleteLater()
        self._add(DEFAULT_MICROPHONE, "Default microphone", "The microphone that the system uses by default")
        for choice, device in device_choices(self._devices.devices):
            facts = f"{device.host_api}, {formatting.count(device.channels, 'channel')}, {device.sample_rate} Hz"
            self._add(choice, choice.title, facts)
        if self._devices.is_known and not self._devices.devices:
            self._menu.addAction("No microphone was found").setEnabled(False)
        self._menu.addSeparator()
        self._add(DEMO_SCENE, DEMO_SCENE.title, "A scene of known sounds, processed like a microphone")
        self._menu.addSeparator()
        refresh = self._menu.addAction("Refresh inputs")
        refresh.setToolTip("Search for microphones again")
        refresh.triggered.connect(self._devices.refresh)
        self._check()

    def _add(self, choice: InputChoice, title: str, tip: str) -> None:
        action = QAction(title, self._menu, checkable=True)
        action.setToolTip(plain_tip(tip))
        action.setData(choice)
        self._group.addAction(action)
        self._menu.addAction(action)

    @Slot()
    def _check(self) -> None:
        for action in self._group.actions():
            action.setChecked(action.data() == self._session.input)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        choice = action.data()
        # The check mark stays on the input in use until the new one works.
        self._check()
        self.chosen.emit(choice)


def device_choices(devices: tuple[InputDevice, ...]) -> Iterator[tuple[InputChoice, InputDevice]]:
    """A choice for each device; where two have the same name, it includes the host API."""
    names = Counter(device.name for device in devices)
    for device in devices:
        name = device.name if names[device.name] == 1 else device.full_name
        yield InputChoice("microphone", name), device
