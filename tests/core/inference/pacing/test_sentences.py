"""The sentence says setting, hop, share and reason; a warning says what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.inference.engines.models import Agreement
from core.inference.pacing.models import PaceState, PaceWish, Place
from core.inference.pacing.sentences import pace_in_words, pace_sentence
from tests.core.inference.pacing.simulated_machine import ladder_of

STATE = PaceState(ladder_of(3), Place(1, 2), PaceWish(), "hops too short", share=0.521, refused_share=1.04)


def test_it_names_setting_hop_share_and_reason() -> None:
    sentence = pace_sentence(STATE)
    for part in (STATE.setting.describe(), "every 0.5 s", "52 %", "every 0.25 s", "104 %", "Auto"):
        assert part in sentence
    assert pace_in_words(STATE) in sentence


def test_it_is_one_sentence_whatever_the_reason() -> None:
    for state in (
        STATE,
        replace(STATE, share=None, refused_share=None),
        replace(STATE, place=Place(0, 0), reason="finest", refused_share=None),
        replace(STATE, place=Place(0, 1), reason="finer too slow", refused_share=0.85),
        replace(STATE, reason="preparing", refused_share=None),
        replace(STATE, reason="waiting", refused_share=0.4),
        replace(STATE, place=Place(0, 1), reason="chosen", wish=PaceWish("2"), refused_share=None),
    ):
        sentence = pace_sentence(state)
        assert sentence.endswith(".")
        assert sentence.count(". ") == 0
        assert "None" not in sentence


def test_a_chosen_setting_is_named_by_its_place() -> None:
    state = replace(STATE, wish=PaceWish("3"))
    assert "3 of 3" in pace_sentence(state)
    assert "Auto" not in pace_sentence(state)


@pytest.mark.parametrize(
    ("wish", "place", "remedy"),
    [
        (PaceWish(), Place(3, 2), "smaller model"),
        (PaceWish("finest"), Place(3, 0), "faster setting"),
        (PaceWish("fastest"), Place(3, 2), "smaller model"),
        (PaceWish("auto", 0.25), Place(0, 2), "longer hop"),
    ],
)
def test_what_cannot_keep_up_is_a_warning_with_a_remedy(wish: PaceWish, place: Place, remedy: str) -> None:
    sentence = pace_sentence(replace(STATE, wish=wish, place=place, share=1.4, is_behind=True))
    assert remedy in sentence
    assert "140 %" in sentence
    assert "skipped" in sentence


def test_what_was_left_out_is_counted_for_auto_alone() -> None:
    ladder = replace(STATE.ladder, n_slower=5, refused={2: Agreement(0.915, 0.0123)}, is_benched=True)
    state = replace(STATE, ladder=ladder, place=Place(0, 0), reason="finest", refused_share=None)
    sentence = pace_sentence(state)
    for part in ("5 slower", "1 with other", "bench"):
        assert part in sentence
    assert "bench" not in pace_sentence(replace(state, ladder=replace(ladder, is_benched=False)))
    by_hand = pace_sentence(replace(state, wish=PaceWish("3"), place=Place(0, 2), reason="chosen"))
    assert "5 slower" not in by_hand
    for part in ("92 %", "0.012"):
        assert part in by_hand
    assert "0.012" not in pace_sentence(replace(state, wish=PaceWish("1"), reason="chosen"))
