"""An input choice as text."""

from __future__ import annotations

import pytest

from core.audio.input_choice import DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice


@pytest.mark.parametrize("choice", [DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice("microphone", "USB: Mic, ALSA")])
def test_an_input_choice_survives_the_settings(choice: InputChoice) -> None:
    assert InputChoice.from_text(choice.to_text()) == choice


def test_an_unreadable_input_is_the_default_microphone() -> None:
    assert InputChoice.from_text("teleport:x") == DEFAULT_MICROPHONE
