"""Lists the current microphones with a command in its own process.

PortAudio reads its list once per process, and rereading it would end every open stream of this one.
"""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.lines_process import LinesProcess, ProcessEnd
from core.audio.input_device import InputDevice, devices_from_json
from core.program import program_command

log = logging.getLogger(__name__)


class InputDevices(QObject):
    """`devices` is the last list that could be read.

    changed: the list was read again, or could not be.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None, *, command: tuple[str, ...] | None = None) -> None:
        super().__init__(parent)
        self._command = command or program_command("devices", "--json")
        self.devices: tuple[InputDevice, ...] = ()
        self.is_known = False
        """The list was read at least once: an empty one means that there is no microphone."""
        self._lines: list[str] = []
        self._process = LinesProcess("devices", self)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)

    @Slot()
    def refresh(self) -> None:
        """Read the list again, unless it is being read."""
        if not self._process.is_running:
            self._lines = []
            self._process.start(self._command)

    def stop(self) -> None:
        """Give up reading."""
        self._process.discard()

    @Slot(str)
    def _on_line(self, line: str) -> None:
        self._lines.append(line)

    @Slot(object)
    def _on_ended(self, end: ProcessEnd) -> None:
        try:
            self.devices = devices_from_json("\n".join(self._lines))
            self.is_known = True
        except ValueError as error:
            log.warning("the list of devices could not be read: %s", end.start_failure or end.last_error_line or error)
        self.changed.emit()
