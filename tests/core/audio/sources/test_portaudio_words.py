"""Plain words for PortAudio's errors."""

from __future__ import annotations

import logging

import pytest

from core.audio.sources.portaudio_words import portaudio_words


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Error opening InputStream: Device unavailable [PaErrorCode -9985]", "another program uses it"),
        (
            "Error opening InputStream: Invalid sample rate [PaErrorCode -9997]",
            "it has no sample rate",
        ),
        ("Error querying device -1", "Error querying device -1"),
        ("Internal PortAudio error [PaErrorCode -9986]", "Internal PortAudio error"),
    ],
)
def test_what_people_meet_is_said_in_plain_words(raw: str, words: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    said = portaudio_words(RuntimeError(raw))
    assert said.startswith(words)
    assert "PaErrorCode" not in said
    assert raw in caplog.text
