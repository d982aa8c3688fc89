"""Checks numbers from untrusted files before any memory is allocated for what they describe."""

from __future__ import annotations

from core.errors import UserError

MOST_LABELS = 100_000
MOST_FRAMES = 30_000
"""Five minutes of log-mel; published models have 1024 frames at most."""
MOST_MELS = 1024
MOST_WIDTH = 16_384
"""Channels of a layer; the widest published transformers for pictures have 6144."""


def check_whole(name: str, value: object, lowest: int, highest: int) -> None:
    """Raises UserError unless `value` is a whole number from `lowest` to `highest`; True and False are rejected."""
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        problem = f"{name} is {_shown(value)}, and must be a whole number from {lowest} to {highest}."
        raise UserError(problem, "Correct the config.")


def check_number(name: str, value: object, lowest: float, highest: float) -> None:
    """Raises UserError unless `value` is a number from `lowest` to `highest`; NaN, True and False are rejected."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        problem = f"{name} is {_shown(value)}, and must be a number from {lowest:g} to {highest:g}."
        raise UserError(problem, "Correct the config.")


def check_text(name: str, value: object) -> None:
    """Raises UserError unless `value` is text."""
    if not isinstance(value, str):
        raise UserError(f"{name} is {_shown(value)}, and must be text.", "Correct the config.")


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 64:
        return "an integer of more than 19 digits"
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:39]}…"
