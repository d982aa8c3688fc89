"""Turns trouble into one sentence and one button. Knows the session and a banner, mends nothing itself."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from app.input_choice import DEMO_SCENE, InputChoice
from app.input_devices import InputDevices
from app.live_session import LiveSession
from app.widgets.banner import Banner
from core.errors import UserError


class Complaints(QObject):
    """Says what is wrong with input, model and files.

    Without any microphone it lets the demo scene play and says so. inputs_wanted: show the list of inputs.
    """

    inputs_wanted = Signal()

    def __init__(
        self, session: LiveSession, devices: InputDevices, banner: Banner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._devices, self._banner = session, devices, banner
        self._failed_input: UserError | None = None
        self._says_trouble = False
        session.trouble_changed.connect(self._on_trouble)
        session.input_failed.connect(self._on_input_failed)
        session.model_failed.connect(self._on_model_failed)
        devices.changed.connect(self._on_devices)

    def complain(self, error: UserError) -> None:
        """Say something that no button can mend."""
        self._says_trouble = False
        self._banner.say(f"{error.problem} {error.remedy}")

    @Slot()
    def _on_trouble(self) -> None:
        trouble = self._session.trouble
        if trouble is not None:
            self._banner.say(f"{trouble.problem} {trouble.remedy}", "Reopen the input", self._session.restart)
        elif self._says_trouble:
            self._banner.clear()
        self._says_trouble = trouble is not None

    @Slot(object)
    def _on_input_failed(self, error: UserError) -> None:
        self._says_trouble = False
        if self._session.is_listening:
            self._banner.say(f"{error.problem} {error.remedy}", "Choose an input", self.inputs_wanted.emit)
            return
        self._banner.say(f"{error.problem} {error.remedy}", "Try again", self._session.start)
        # Whether there is a microphone at all takes a moment to find out.
        self._failed_input = error
        self._devices.refresh()

    @Slot()
    def _on_devices(self) -> None:
        failed, self._failed_input = self._failed_input, None
        nothing_there = self._devices.is_known and not self._devices.devices
        if failed is None or not nothing_there or self._session.is_listening or self._session.is_opening:
            return
        wanted = self._session.input
        if wanted == DEMO_SCENE:
            return
        self._session.choose_input(DEMO_SCENE)
        self._banner.say(
            "No microphone was found, so a demo scene is playing. Plug one in, then try again.",
            "Try the microphone again",
            lambda: self._try_again(wanted),
        )

    def _try_again(self, wanted: InputChoice) -> None:
        self._session.choose_input(wanted)

    @Slot(object)
    def _on_model_failed(self, error: UserError) -> None:
        self._says_trouble = False
        self._banner.say(
            f"{error.problem} {error.remedy}", "Use the starter model", lambda: self._session.load_model(None)
        )
