"""Values of the command line are parsed or refused, with the value in the message."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import pytest

from core.cli.argument_types import (
    PlainParser,
    comma_names,
    merge_word,
    pace_word,
    positive_number,
    stride_pair,
    whole_count,
)


def test_good_values() -> None:
    assert positive_number("2.5") == 2.5
    assert whole_count("12") == 12
    assert comma_names(" 1, two ,,3") == ("1", "two", "3")
    assert comma_names("") == ()
    assert merge_word("energy:16") == "energy:16"
    assert [pace_word(word) for word in ("auto", "finest", "12")] == ["auto", "finest", "12"]
    assert stride_pair("16X12") == (16, 12)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        *((positive_number, text) for text in ("soon", "0", "-1", "inf", "nan")),
        *((whole_count, text) for text in ("0", "-1", "1.5", "many", "")),
        *((merge_word, text) for text in ("lots", "decreasing:8,4", "energy:")),
        *((pace_word, text) for text in ("slow", "0", "65", "1.5")),
        *((stride_pair, text) for text in ("16", "0x16", "16x", "wide", "16x16x16")),
    ],
)
def test_bad_values_are_named(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        parse(text)
    assert text in str(caught.value)


def test_a_parser_escapes_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        PlainParser(prog="p").parse_args(["\x1b[31m"])
    assert "\x1b" not in capsys.readouterr().err
