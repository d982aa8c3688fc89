"""What the values of the command line may be; argparse tells what is wrong with them. Loads no torch."""

from __future__ import annotations

import argparse
from typing import NoReturn

from core.errors import UserError
from core.model.merging.schedule import schedule_from_word
from core.terminal_text import shown


class PlainParser(argparse.ArgumentParser):
    """Tells what is wrong without obeying the control characters in it."""

    def error(self, message: str) -> NoReturn:
        super().error(shown(message))


def positive_number(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from error
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return value


def whole_count(text: str) -> int:
    """A whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def comma_names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def merge_word(text: str) -> str:
    """A way to merge tokens, still as a word."""
    if text != "auto":
        try:
            schedule_from_word(text, full_patches=1)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return text


def stride_pair(text: str) -> tuple[int, int]:
    """`16x16`: mel bins and frames from patch to patch."""
    mels, _, frames = text.lower().partition("x")
    if not (mels.isdecimal() and frames.isdecimal() and int(mels) and int(frames)):
        raise argparse.ArgumentTypeError(f"{text!r} is no MELSxFRAMES, such as 16x16")
    return int(mels), int(frames)
