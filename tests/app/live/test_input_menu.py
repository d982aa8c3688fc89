"""How the inputs are named."""

from __future__ import annotations

from app.live.input_menu import device_choices
from core.audio.input_device import InputDevice


def test_devices_of_one_name_are_told_apart() -> None:
    devices = tuple(InputDevice("Mic", api, 1, 48000, False) for api in ("MME", "WASAPI"))
    other = InputDevice("USB", "MME", 2, 44100, True)
    titles = [choice.title for choice, _ in device_choices((*devices, other))]
    assert titles == ["Mic, MME", "Mic, WASAPI", "USB"]
