"""What was chosen reaches the listener; what it reports is said once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.live.pace import LivePace
from core.audio.input_choice import DEMO_SCENE
from core.inference.pacing.models import PaceState, PaceWish, Place
from core.inference.pacing.sentences import pace_sentence
from tests.app.app_fakes import FakeListener
from tests.core.inference.pacing.simulated_machine import ladder_of

STATE = PaceState(ladder_of(4), Place(0, 1), PaceWish(), "finer too slow", share=0.52, refused_share=0.85)


def test_a_choice_reaches_this_listener_and_the_next() -> None:
    pace, first, second = LivePace(), FakeListener(DEMO_SCENE, None), FakeListener(DEMO_SCENE, None)
    chosen: list[str] = []
    pace.chosen.connect(chosen.append)
    pace.attach(first)
    pace.choose("finest")
    pace.choose("finest")
    pace.attach(second)
    assert first.paces == [PaceWish(), PaceWish("finest")]
    assert second.paces == [PaceWish("finest")]
    assert chosen == ["finest"]
    assert not pace.is_auto


@pytest.mark.parametrize(("place", "word"), [(0, "finest"), (1, "2"), (2, "3"), (3, "fastest")])
def test_the_ends_are_chosen_by_name(place: int, word: str) -> None:
    pace = LivePace()
    pace.follow(STATE)
    pace.choose_setting(place)
    assert pace.word == word


def test_what_is_reported_is_said_and_news_alone_is_passed_on() -> None:
    pace = LivePace()
    n_changes, warnings = [0], list[str]()
    pace.changed.connect(lambda: n_changes.__setitem__(0, n_changes[0] + 1))
    pace.fell_behind.connect(warnings.append)
    behind = replace(STATE, share=1.4, is_behind=True)
    for state in (None, STATE, replace(STATE), None, behind, replace(behind, share=1.5), STATE, behind):
        pace.follow(state)
    assert n_changes == [5]
    assert pace.sentence == pace_sentence(behind)
    assert warnings == [pace_sentence(behind)] * 2
