"""Colours: stable, and readable on their backgrounds."""

from __future__ import annotations

import pytest

from app.style.theme import DARK, LIGHT, class_colour
from tests.app.contrast import contrast


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
