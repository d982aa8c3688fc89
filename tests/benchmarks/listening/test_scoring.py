"""Recall, precision and times on events made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.listening.scenes import PlacedSound
from benchmarks.listening.scoring import Tally, false_alarms
from benchmarks.listening.senses import RightSenses
from benchmarks.listening.shown import ShownScores, ShownTag

RIGHT = {
    "dog": RightSenses(frozenset({"Dog", "Bark"}), frozenset({"Animal"})),
    "cat": RightSenses(frozenset({"Cat"}), frozenset({"Animal"})),
}
DOG = PlacedSound("dog", 10.0, 12.0, -12.0)


def tally_of(*tags: ShownTag, sounds: tuple[PlacedSound, ...] = (DOG,)) -> Tally:
    tally = Tally()
    tally.add(tags, sounds, RIGHT)
    return tally


def test_a_right_tag_is_found_with_its_times() -> None:
    figures = tally_of(ShownTag("Dog", 10.5, 12.75)).figures()

    assert (figures["recall"], figures["precision"]) == (1.0, 1.0)
    assert figures["first_tag_s"] == [0.5, 0.5]
    assert figures["release_s"] == [0.75, 0.75]


@pytest.mark.parametrize(
    ("shown_s", "is_right"), [(9.4, False), (9.5, True), (10.0, True), (13.5, True), (13.6, False)]
)
def test_a_tag_belongs_to_a_sound_from_half_a_second_before_to_one_and_a_half_after(
    shown_s: float, is_right: bool
) -> None:
    figures = tally_of(ShownTag("Bark", shown_s, 20.0)).figures()

    assert (figures["recall"], figures["precision"]) == (float(is_right), float(is_right))


def test_a_parent_is_right_and_finds_nothing() -> None:
    figures = tally_of(ShownTag("Animal", 10.5, 12.0)).figures()

    assert (figures["recall"], figures["precision"]) == (0.0, 1.0)
    assert figures["first_tag_s"] is None


def test_another_label_is_wrong() -> None:
    figures = tally_of(ShownTag("Dog", 10.5, 12.0), ShownTag("Cat", 10.5, 12.0), ShownTag("Speech", 11, 12)).figures()

    assert figures["precision"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["precision_at_stake"] == 0.5


def test_a_tag_that_still_stands_from_an_earlier_sound_finds_nothing_anew() -> None:
    again = PlacedSound("dog", 17.0, 18.0, -12.0)
    figures = tally_of(ShownTag("Dog", 10.5, 19.0), sounds=(DOG, again)).figures()

    assert figures["recall"] == 0.5
    assert figures["release_s"] == [7.0, 7.0]


def test_the_first_tag_and_the_last_release_count_when_a_tag_flickers() -> None:
    figures = tally_of(ShownTag("Dog", 10.5, 11.0), ShownTag("Bark", 11.5, 12.4)).figures()

    assert figures["first_tag_s"][0] == 0.5
    assert figures["release_s"][0] == 0.4


def test_scenes_add_up_by_label() -> None:
    tally = tally_of(ShownTag("Dog", 10.5, 12.0))
    tally.add([], [PlacedSound("cat", 1.0, 2.0, -12.0)], RIGHT)

    assert tally.figures()["recall_by_label"] == {"cat": 0.0, "dog": 1.0}
    assert tally.f1() == pytest.approx(2 / 3)


def test_no_sounds_and_no_tags_have_no_shares() -> None:
    figures = Tally().figures()

    assert figures["recall"] is None
    assert figures["precision"] is None
    assert Tally().f1() == 0.0


def test_alarms_are_counted_by_label_without_what_a_background_may_be_called() -> None:
    tags = [ShownTag("Dog", 1, 2), ShownTag("Dog", 5, 6), ShownTag("Silence", 7, 8)]

    assert false_alarms(tags, frozenset({"Silence"})) == {"Dog": 2}


def test_a_tag_is_shown_from_the_window_that_reaches_the_threshold_to_the_one_that_does_not() -> None:
    scores = ShownScores(
        np.array([[0.1, 0.9], [0.6, 0.1], [0.5, 0.1], [0.4, 0.7]], np.float32),
        np.array([1.0, 1.5, 2.0, 2.5]),
        ("Dog", "Cat"),
        end_s=2.8,
    )

    assert scores.tags(0.5) == [ShownTag("Cat", 1.0, 1.5), ShownTag("Dog", 1.5, 2.5), ShownTag("Cat", 2.5, 2.8)]
    assert scores.tags(np.array([0.55, 0.95], np.float32)) == [ShownTag("Dog", 1.5, 2.0)]


def test_a_class_has_the_highest_score_of_its_senses() -> None:
    scores = ShownScores(np.array([[0.1, 0.9, 0.3]], np.float32), np.array([1.0]), ("Dog", "Bark", "Cat"), 2.0)
    columns = scores.of_classes([RIGHT["dog"].names, RIGHT["cat"].names, frozenset({"Cow"})])

    assert columns[0].tolist() == pytest.approx([0.9, 0.3, 0.0])
