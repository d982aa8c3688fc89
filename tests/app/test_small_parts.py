"""Words, colours, choices and settings: the parts without a widget."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.live.input_devices import InputDevice, parse_devices
from app.live.input_menu import device_choices
from app.runtime.settings import DEFAULT_RANGE_DB, UserSettings
from app.runtime.version_guard import check_versions
from app.style import formatting
from app.style.theme import DARK, LIGHT, class_colour
from core.audio.input_choice import DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice
from core.errors import UserError
from tests.app.contrast import contrast


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.percent(0.923), "92 %"),
        (formatting.percent(0.002), "<1 %"),
        (formatting.percent(0.00001), "<1 %"),
        (formatting.percent(0.0049), "<1 %"),
        (formatting.percent(0.005), "1 %"),
        (formatting.percent(0.025), "3 %"),
        (formatting.percent(0.0), "0 %"),
        (formatting.percent(1.0), "100 %"),
        (formatting.decibels(-18.4, "dBFS"), "−18 dBFS"),
        (formatting.decibels(-0.2), "0 dB"),
        (formatting.frequency(1240), "1.24 kHz"),
        (formatting.seconds_ago(-10.0), "−10 s"),
        (formatting.seconds_ago(0.0), "now"),
        (formatting.duration(3723), "1:02:03"),
        (formatting.duration(59.96, tenths=True), "1:00.0"),
        (formatting.count(1, "file"), "1 file"),
        (formatting.count(14, "file"), "14 files"),
    ],
)
def test_numbers_are_written_for_people(written: str, expected: str) -> None:
    assert written.replace(formatting.THIN, " ") == expected


def test_class_colours_are_stable_and_readable_on_their_panel() -> None:
    assert class_colour("Dog", DARK).name() == class_colour("Dog", DARK).name()
    for theme in (DARK, LIGHT):
        for name in ("Dog", "Rain", "Siren", "Clock tick", "Church bells", "Hen"):
            assert contrast(class_colour(name, theme).name(), theme.panel) >= 3.0


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_words_have_contrast_on_every_background(theme) -> None:
    for text in (theme.text, theme.muted, theme.bad):
        for ground in (theme.window, theme.panel, theme.selected):
            assert contrast(text, ground) >= 4.5, (text, ground)
    assert contrast(theme.on_accent, theme.accent) >= 4.5


@pytest.mark.parametrize("choice", [DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice("microphone", "USB: Mic, ALSA")])
def test_an_input_choice_survives_the_settings(choice: InputChoice) -> None:
    assert InputChoice.from_text(choice.to_text()) == choice


def test_an_unreadable_input_is_the_default_microphone() -> None:
    assert InputChoice.from_text("teleport:x") == DEFAULT_MICROPHONE


def test_settings_come_back_from_disk(settings_path: Path) -> None:
    settings = UserSettings(settings_path)
    settings.input = InputChoice("microphone", "USB Mic")
    settings.colour_map, settings.range_db, settings.span_s = "viridis", (-60, 10), 60
    settings.pinned, settings.model = ("dog", "crying_baby"), "/models/mine"
    settings.flush()
    again = UserSettings(settings_path)
    assert again.input == InputChoice("microphone", "USB Mic")
    assert (again.colour_map, again.range_db, again.span_s) == ("viridis", (-60, 10), 60)
    assert (again.pinned, again.model) == (("dog", "crying_baby"), "/models/mine")


def test_spoilt_settings_count_as_not_set(settings_path: Path) -> None:
    settings_path.write_text("[General]\nrange=loud..quiet\nspan_s=7\ninput=?\ncolour_map=rainbow\ntheme=pink\n")
    settings = UserSettings(settings_path)
    assert settings.range_db == DEFAULT_RANGE_DB
    assert settings.span_s == 10
    assert settings.input == DEFAULT_MICROPHONE
    assert (settings.colour_map, settings.theme) == ("magma", "system")


def test_devices_of_one_name_are_told_apart() -> None:
    devices = tuple(InputDevice("Mic", api, 1, 48000, False) for api in ("MME", "WASAPI"))
    other = InputDevice("USB", "MME", 2, 44100, True)
    titles = [choice.title for choice, _ in device_choices((*devices, other))]
    assert titles == ["Mic, MME", "Mic, WASAPI", "USB"]


@pytest.mark.parametrize("text", ["", "no json", '{"a": 1}', '[{"host_api": "x"}]', "[3]"])
def test_a_spoilt_list_of_devices_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_devices(text)


def test_the_version_that_crashes_is_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match=r"PySide6 6\.12\.0 crashes"):
        check_versions("6.12.0", (3, 11, 7))
    check_versions("6.12.0", (3, 12, 0))
    check_versions("6.11.3", (3, 11, 7))
