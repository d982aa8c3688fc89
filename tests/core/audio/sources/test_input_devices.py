"""The list of microphones is fresh when it may be, and a microphone is found by its name."""

from __future__ import annotations

import builtins
import sys
from types import ModuleType

import pytest

from core.audio.input_device import InputDevice
from core.audio.sources.input_devices import find_input, list_inputs
from core.audio.sources.microphone import Microphone
from core.audio.sources.microphone_turns import open_streams
from core.errors import UserError
from tests.core.audio.sources.fake_sounddevice import FakeSounddevice, device, install_fake


def as_module(fake: FakeSounddevice) -> ModuleType:
    """The fake, which is installed as a module."""
    assert sys.modules["sounddevice"] is fake
    return sys.modules["sounddevice"]


def test_inputs_are_listed_with_what_is_known_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("Speakers", 0), device("USB", 2, 44_100.0), device("Old", 1, 8_000.0, 1))
    fake.default_index = 1

    assert list_inputs() == (
        InputDevice("USB", "ALSA", 2, 44_100, is_default=True),
        InputDevice("Old", "JACK", 1, 8_000, is_default=False),
    )


def test_a_device_plugged_in_later_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    assert len(list_inputs()) == 1

    fake.plugged.append(device("New"))

    assert [device.name for device in list_inputs()] == ["Mic", "New"]


def test_listing_does_not_kill_an_open_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    microphone = Microphone()
    microphone.open()
    fake.calls.clear()
    fake.plugged.append(device("New"))

    assert [device.name for device in list_inputs()] == ["Mic"]
    assert fake.calls == []

    microphone.close()
    assert [device.name for device in list_inputs()] == ["Mic", "New"]
    assert not open_streams


def test_equal_names_are_told_apart_and_the_default_system_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("Mic", host_api=1), device("Other", host_api=0), device("Mic", host_api=0))
    fake.default_index = 1

    assert find_input(as_module(fake), "Mic")[0] == 2
    assert find_input(as_module(fake), "Mic, JACK")[0] == 0
    assert find_input(as_module(fake), None)[0] == 1


def test_without_a_default_the_first_input_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch, device("Speakers", 0), device("Mic"))
    fake.default_index = -1

    assert find_input(as_module(fake), None)[1].name == "Mic"


def test_no_input_and_an_unknown_name_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="“USB”"):
        find_input(as_module(install_fake(monkeypatch)), "USB")
    with pytest.raises(UserError, match="No microphone was found"):
        find_input(as_module(install_fake(monkeypatch, device("Speakers", 0))), None)


def test_a_failing_sound_system_is_told_and_mends(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = install_fake(monkeypatch)
    fake.failing_start = "Host error"
    with pytest.raises(UserError, match="The list of microphones cannot be read: Host error"):
        list_inputs()

    fake.failing_start = None
    assert len(list_inputs()) == 1


@pytest.mark.parametrize(
    ("platform", "remedy"), [("linux", "apt install libportaudio2"), ("darwin", "brew"), ("win32", "pip install")]
)
def test_a_missing_portaudio_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, platform: str, remedy: str
) -> None:
    load = builtins.__import__

    def without_portaudio(name: str, *rest: object) -> ModuleType:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return load(name, *rest)  # type: ignore[arg-type]

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_portaudio)
    monkeypatch.setattr(sys, "platform", platform)

    for ask in (list_inputs, Microphone().open):
        with pytest.raises(UserError, match="PortAudio is missing") as caught:
            ask()
        assert remedy in caught.value.remedy
        assert "Files can be tagged without it." in caught.value.remedy
