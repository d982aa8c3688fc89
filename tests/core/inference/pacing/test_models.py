"""Paces in their order, and what a user may choose."""

from __future__ import annotations

import pytest

from core.errors import UserError
from core.inference.pacing.models import Ladder, PaceWish, Place
from tests.core.inference.pacing.simulated_machine import ladder_of


def test_places_are_in_the_order_in_which_they_are_tried() -> None:
    ladder = ladder_of(3, (0.25, 0.5))
    places = ladder.places()
    assert list(places) == sorted(places)
    assert [(one.hop, one.setting) for one in places] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert ladder.places(1) == (Place(0, 1), Place(1, 1))


@pytest.mark.parametrize(
    ("word", "place"), [("auto", None), ("finest", 0), ("fastest", 3), ("1", 0), ("4", 3), ("9", 3), ("64", 3)]
)
def test_a_word_names_a_setting(word: str, place: int | None) -> None:
    assert PaceWish(word).setting_of(4) == place


@pytest.mark.parametrize("word", ["", "0", "65", "-1", "1.5", "slow", "²", "1 ", "٣", "999999999999"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(UserError):
        PaceWish(word)


@pytest.mark.parametrize("hops_s", [(), (0.5, 0.25), (0.5, 0.5)])
def test_hops_must_grow(hops_s: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="Hops"):
        ladder_of(2, hops_s)


def test_each_setting_needs_a_guess() -> None:
    settings = ladder_of(2).settings
    for guesses in ((1.0,), (1.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(ValueError, match="guess"):
            Ladder(settings, (0.25,), guesses)
    with pytest.raises(UserError):
        Ladder((), (0.25,), ())
