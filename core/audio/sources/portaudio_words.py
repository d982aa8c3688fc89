"""Says in plain words why PortAudio could not open a device."""

from __future__ import annotations

import logging
import re

_log = logging.getLogger(__name__)
_WORDS = {
    -9985: "another program uses it, or it is switched off",
    -9996: "it is no longer there",
    -9997: "it has no sample rate that can be used",
    -9998: "it has no channels that can be used",
    -9999: "the system's sound service refuses it",
}
"""By PortAudio's error codes (PaErrorCode, portaudio.h)."""
_CODE = re.compile(r"\s*\[PaErrorCode (-\d+)\]")


def portaudio_words(error: Exception) -> str:
    """Why, without a full stop: in our words for the codes that people meet, else in PortAudio's own. The log gets what
    PortAudio says."""
    _log.warning("PortAudio: %s", error)
    found = _CODE.search(str(error))
    known = _WORDS.get(int(found[1])) if found else None
    return known or _CODE.sub("", str(error)).strip()
