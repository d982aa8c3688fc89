"""Lists the microphones and finds one by its name.

PortAudio reads its list of devices only when it starts; to refresh the list it must be terminated and started again,
which kills every open stream. So the list is refreshed only while this process has no stream open.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from types import ModuleType

from core.audio.input_device import InputDevice
from core.audio.sources.microphone_turns import open_streams, portaudio_turn
from core.audio.sources.portaudio_words import portaudio_words
from core.errors import UserError

_INSTALL_PORTAUDIO = {
    "linux": "Install it (Debian, Ubuntu: `apt install libportaudio2`; Fedora: `dnf install portaudio`) "
    "and start again.",
    "darwin": "Install the package sounddevice again (`pip install --force-reinstall sounddevice`), or `brew install "
    "portaudio`, and start again.",
    "win32": "Install the package sounddevice again (`pip install --force-reinstall sounddevice`) and start again.",
}
_FILES_STILL_WORK = "Files can be tagged without it."


def load_sounddevice() -> ModuleType:
    """The module sounddevice. Raises UserError if PortAudio, which it needs, is missing."""
    try:
        import sounddevice  # pyright: ignore[reportMissingTypeStubs]
    except OSError as error:
        remedy = _INSTALL_PORTAUDIO.get(sys.platform, "Install the PortAudio library and start again.")
        raise UserError(
            "PortAudio is missing, so no microphone can be opened.", f"{remedy} {_FILES_STILL_WORK}"
        ) from error
    return sounddevice


def refresh_devices(sounddevice: ModuleType) -> None:
    """Refresh PortAudio's list of devices, unless that would kill an open stream. Call it within `portaudio_turn`.

    Raises sounddevice.PortAudioError.
    """
    if open_streams:
        return
    # fails if PortAudio has not been started
    with suppress(sounddevice.PortAudioError):
        sounddevice._terminate()
    sounddevice._initialize()


def list_inputs() -> tuple[InputDevice, ...]:
    """The microphones available now. Raises UserError if PortAudio is missing or fails."""
    sounddevice = load_sounddevice()
    try:
        with portaudio_turn():
            refresh_devices(sounddevice)
            return tuple(device for _, device in _inputs(sounddevice))
    except sounddevice.PortAudioError as error:
        raise UserError(
            f"The list of microphones cannot be read: {portaudio_words(error)}.",
            "Check that the sound system of this computer is running.",
        ) from error


def find_input(sounddevice: ModuleType, name: str | None) -> tuple[int, InputDevice]:
    """PortAudio's index, valid until the next refresh, and the device; None is the default one. Raises UserError."""
    inputs = _inputs(sounddevice)
    if not inputs:
        raise UserError("No microphone was found.", "Plug one in, or enable it in the sound settings of this computer.")
    for index, device in inputs:
        if name in (device.full_name, device.name) or (name is None and device.is_default):
            return index, device
    if name is None:
        return inputs[0]
    raise UserError(
        f"The microphone “{name}” was not found.",
        "Plug it in again, or choose another microphone.",
    )


def _inputs(sounddevice: ModuleType) -> list[tuple[int, InputDevice]]:
    """All inputs with their indices; those of the default's sound system first, so that they win among equal names."""
    host_apis = sounddevice.query_hostapis()
    default = sounddevice.default.device[0]
    rows = [
        (
            index,
            InputDevice(
                name=row["name"],
                host_api=host_apis[row["hostapi"]]["name"],
                channels=row["max_input_channels"],
                sample_rate=round(row["default_samplerate"]),
                is_default=index == default,
            ),
        )
        for index, row in enumerate(sounddevice.query_devices())
        if row["max_input_channels"] > 0
    ]
    preferred = next((device.host_api for _, device in rows if device.is_default), None)
    return sorted(rows, key=lambda row: row[1].host_api != preferred)
