"""A terminal shows names as they are, and obeys none."""

from __future__ import annotations

import pytest

from core.terminal_text import shown


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x202E, 0x2066])
def test_every_control_character_is_shown_escaped(code: int) -> None:
    text = shown(f"a{chr(code)}b")
    assert text.isprintable()
    assert text[0] + text[-1] == "ab"


@pytest.mark.parametrize("text", ["ünïcode & blank.wav", "[red]犬[/]", "C:\\music\\new", ":car:"])
def test_other_names_stay_as_they_are(text: str) -> None:
    assert shown(text) == text


def test_bytes_that_are_not_utf_8_are_shown_escaped() -> None:
    assert shown("a\udcffb") == "a\\xffb"
