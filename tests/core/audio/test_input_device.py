"""Lists of microphones survive their way from process to process, and anything else is refused."""

from __future__ import annotations

import pytest

from core.audio.input_device import InputDevice, devices_from_json, devices_to_json

DEVICES = (
    InputDevice("Mic ü", "ALSA", 2, 44_100, is_default=True),
    InputDevice("Line in", "JACK", 1, 48_000, is_default=False),
)


@pytest.mark.parametrize("devices", [DEVICES, ()])
def test_a_list_is_read_as_it_was_written(devices: tuple[InputDevice, ...]) -> None:
    assert devices_from_json(devices_to_json(devices)) == devices


def test_a_name_is_enough() -> None:
    assert devices_from_json('[{"name": "Mic"}]') == (InputDevice("Mic", "", 1, 0, is_default=False),)


@pytest.mark.parametrize(
    "text", ["", "no json", '{"a": 1}', '[{"host_api": "x"}]', "[3]", '[{"name": 1, "channels": {}}]']
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        devices_from_json(text)


def test_the_full_name_tells_devices_of_one_name_apart() -> None:
    assert DEVICES[0].full_name == "Mic ü, ALSA"
