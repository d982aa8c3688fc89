"""Parses the values of the command line; argparse reports what is wrong with them. Loads no torch."""

from __future__ import annotations

import argparse
from typing import NoReturn

from core.errors import UserError
from core.inference.pacing.models import PaceWish
from core.model.merging.schedule import schedule_from_word
from core.terminal_text import shown


class PlainParser(argparse.ArgumentParser):
    """Reports what is wrong with control characters escaped."""

    def error(self, message: str) -> NoReturn:
        super().error(shown(message))


def positive_number(text: str) -> float:
    """A number greater than 0."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not greater than 0")
    return value


def whole_count(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def comma_names(text: str) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def merge_word(text: str) -> str:
    """A way to merge tokens, checked but still text."""
    if text != "auto":
        try:
            schedule_from_word(text, full_patches=1)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return text


def pace_word(text: str) -> str:
    """A pace to listen at, checked but still text."""
    try:
        return PaceWish(text).setting
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def stride_pair(text: str) -> tuple[int, int]:
    """`16x16`: mel bins and frames between patches."""
    mels, _, frames = text.lower().partition("x")
    if not (mels.isdecimal() and frames.isdecimal() and int(mels) and int(frames)):
        raise argparse.ArgumentTypeError(f"{text!r} is not MELSxFRAMES, such as 16x16")
    return int(mels), int(frames)
