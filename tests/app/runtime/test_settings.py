"""Settings come back from disk, and spoilt ones count as not set."""

from __future__ import annotations

from pathlib import Path

from app.runtime.settings import DEFAULT_RANGE_DB, UserSettings
from core.audio.input_choice import DEFAULT_MICROPHONE, InputChoice


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
