"""The microphones there are now, read in a child process. Opens none.

PortAudio reads its list once, and reading it anew ends every open stream; a child reads it fresh and disturbs nothing.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from core.program import program_command

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InputDevice:
    """A microphone. sample_rate: Hz, its own."""

    name: str
    host_api: str
    channels: int
    sample_rate: int
    is_default: bool


def parse_devices(text: str) -> tuple[InputDevice, ...]:
    """The devices in a JSON list. Raises ValueError when it is none."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError("not a list of devices")
    try:
        return tuple(
            InputDevice(
                str(row["name"]),
                str(row.get("host_api", "")),
                int(row.get("channels", 1)),
                int(row.get("sample_rate", 0)),
                bool(row.get("is_default", False)),
            )
            for row in rows
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a device without {error}") from error


class InputDevices(QObject):
    """`devices` is what was found last; `changed` comes after every look, found or not."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None, *, command: tuple[str, ...] | None = None) -> None:
        super().__init__(parent)
        self._command = command or program_command("devices", "--json")
        self.devices: tuple[InputDevice, ...] = ()
        self.is_known = False
        """A look has succeeded, so that an empty list means that there is no microphone."""
        self._process = QProcess(self)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)

    @Slot()
    def refresh(self) -> None:
        """Look again, unless a look is under way."""
        if self._process.state() == QProcess.ProcessState.NotRunning:
            self._process.start(self._command[0], list(self._command[1:]))

    def stop(self) -> None:
        """End a look under way."""
        self._process.blockSignals(True)
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(200)

    @Slot()
    def _on_finished(self) -> None:
        output = bytes(self._process.readAllStandardOutput().data()).decode(errors="replace")
        try:
            self.devices = parse_devices(output)
            self.is_known = True
        except ValueError as error:
            complaint = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
            log.warning("the list of devices could not be read: %s; %s", error, complaint.strip()[-500:])
        self.changed.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # A crash is also reported by finished.
        if error == QProcess.ProcessError.FailedToStart:
            log.warning("the list of devices could not be read: %s", self._process.errorString())
            self.changed.emit()
