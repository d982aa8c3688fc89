"""Shows errors and notices in the banner: a sentence, and a button that fixes the problem where one can."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from app.live.engine_notices import EngineNotices
from app.live.input_devices import InputDevices
from app.live.session import LiveSession
from app.runtime.error_report import open_log_folder
from app.widgets.banner import Action, Banner
from core.audio.input_choice import DEMO_SCENE
from core.errors import UserError


def _never() -> bool:
    return False


class Notifications(QObject):
    """Reports what is wrong with input, model and files.

    Where there is no microphone at all, it starts the demo scene and says so.
    inputs_wanted: the list of inputs should open.
    """

    inputs_wanted = Signal()

    def __init__(
        self, session: LiveSession, devices: InputDevices, banner: Banner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._devices, self._banner = session, devices, banner
        self._failed_input: UserError | None = None
        self._is_stale: Callable[[], bool] = _never
        self._queue: list[tuple[str, bool]] = []
        """Sentences that wait or are shown, and whether each only says what was done."""
        banner.cleared.connect(self._on_cleared)
        session.trouble_changed.connect(self._on_trouble)
        session.input_failed.connect(self._on_input_failed)
        session.model_failed.connect(self._on_model_failed)
        session.state_changed.connect(self._on_state)
        session.pace.fell_behind.connect(self.queue_notice)
        devices.changed.connect(self._on_devices)
        EngineNotices(self).noticed.connect(self.queue_notice)

    def show_error(self, error: UserError) -> None:
        """Show an error without a button."""
        self._show(f"{error.problem} {error.remedy}")

    @Slot()
    def open_log_folder(self) -> None:
        """Show the folder with the log files."""
        try:
            open_log_folder()
        except UserError as error:
            self.show_error(error)

    def queue_error(self, error: UserError) -> None:
        """Show an error once nothing else is shown; it stays until it is dismissed."""
        self.queue_notice(f"{error.problem} {error.remedy}")

    def queue_notice(self, text: str) -> None:
        """Show a sentence once nothing else is shown; it stays until it is dismissed."""
        self._queue.append((text, False))
        self._show_next()

    def queue_done(self, text: str) -> None:
        """Say that something was done, once nothing else is shown; it goes by itself."""
        self._queue.append((text, True))
        self._show_next()

    def _show_next(self) -> None:
        if self._queue and self._banner.isHidden():
            text, is_done = self._queue[0]
            if is_done:
                # Said once: what is more important may replace it.
                del self._queue[0]
                self._is_stale = _never
                self._banner.show_done(text)
            else:
                self._show(text)

    @Slot()
    def _on_cleared(self) -> None:
        if self._queue and self._banner.text.text() == self._queue[0][0]:
            del self._queue[0]
        self._show_next()

    def _show(
        self, message: str, button: str = "", action: Action | None = None, *, until: Callable[[], bool] = _never
    ) -> None:
        self._is_stale = until
        self._banner.show_message(message, button, action)

    @Slot()
    def _on_state(self) -> None:
        """Withdraw a message that no longer holds."""
        if self._is_stale():
            self._is_stale = _never
            self._banner.clear()

    @Slot()
    def _on_trouble(self) -> None:
        session, trouble = self._session, self._session.trouble
        if trouble is None:
            self._on_state()
        else:
            message = f"{trouble.problem} {trouble.remedy}"
            self._show(message, "Reopen the input", session.restart, until=lambda: session.trouble is None)

    @Slot(object)
    def _on_input_failed(self, error: UserError) -> None:
        session = self._session
        if session.is_listening:
            message = f"{error.problem} Soundmark keeps listening to {session.input.title}."
            wants = self.inputs_wanted.emit
            self._show(message, "Choose an input", wants, until=lambda: session.is_opening or not session.is_listening)
            return
        message = f"{error.problem} {error.remedy}"
        self._show(message, "Try again", session.start, until=lambda: session.is_opening or not session.is_wanted)
        # Finding out whether there is a microphone at all takes a moment.
        self._failed_input = error
        self._devices.refresh()

    @Slot()
    def _on_devices(self) -> None:
        failed, self._failed_input = self._failed_input, None
        session = self._session
        nothing_there = self._devices.is_known and not self._devices.devices
        is_over = session.is_listening or session.is_opening or not session.is_wanted
        if failed is None or not nothing_there or is_over or session.input == DEMO_SCENE:
            return
        wanted = session.input
        session.choose_input(DEMO_SCENE)
        self._show(
            "No microphone was found, so a demo scene is playing. Plug one in, then try again.",
            "Try the microphone again",
            lambda: session.choose_input(wanted),
            until=lambda: not session.is_wanted or (session.is_listening and session.input != DEMO_SCENE),
        )

    @Slot(object)
    def _on_model_failed(self, error: UserError) -> None:
        session = self._session
        message, starter = f"{error.problem} {error.remedy}", "Use the starter model"
        self._show(message, starter, lambda: session.load_model(None), until=lambda: session.is_loading_model)
