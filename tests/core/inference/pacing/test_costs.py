"""What settings cost: known, guessed, and on a machine that is busy."""

from __future__ import annotations

import pytest

from core.inference.pacing.costs import Costs


def test_nothing_is_known_before_the_first_window() -> None:
    costs = Costs((1.0, 0.5))
    assert costs.ms(0) is None
    costs.observe(0, 100, is_first=False)
    assert (costs.ms(0), costs.ms(1)) == (100, 50)


def test_a_busy_machine_makes_every_setting_slower() -> None:
    costs = Costs((1.0, 0.5), {0: 100, 1: 30})
    costs.observe(0, 300, is_first=False)
    assert costs.ms(0) == pytest.approx(300)
    assert costs.ms(1) == pytest.approx(90)
    assert costs.measured == {0: 100, 1: 30}, "it says nothing about the settings"


def test_after_a_change_what_differs_is_learnt_of_the_setting() -> None:
    costs = Costs((1.0, 0.5), {0: 100})
    costs.observe(0, 200, is_first=False)
    costs.observe(1, 40, is_first=True)
    assert costs.measured[1] == pytest.approx(20), "on a quiet machine: this one is twice as slow"
    assert costs.ms(0) == pytest.approx(200)


def test_one_visit_corrects_what_is_known_only_so_far() -> None:
    costs = Costs((1.0, 0.5), {0: 100, 1: 50})
    costs.observe(1, 1000, is_first=True)
    assert costs.measured[1] == pytest.approx(75)
    assert costs.ms(1) == pytest.approx(1000), "what it takes now is what it takes"
    assert costs.measured[0] == 100


def test_a_guess_is_the_hopeful_one() -> None:
    costs = Costs((1.0, 0.8, 0.5), {0: 100, 2: 20})
    assert costs.ms(1) == pytest.approx(32)


def test_what_is_forgotten_is_guessed_again() -> None:
    costs = Costs((1.0, 0.5), {0: 100, 1: 10})
    costs.forget(1)
    assert costs.ms(1) == pytest.approx(50)
    costs.forget(0)
    assert costs.ms(0) is None


def test_a_window_that_takes_no_time_is_no_error() -> None:
    costs = Costs((1.0, 0.5))
    costs.observe(0, 0.0, is_first=False)
    costs.observe(1, 0.0, is_first=True)
    assert costs.ms(0) is not None


def test_a_machine_that_turns_out_to_be_faster_was_busy_when_it_was_measured() -> None:
    costs = Costs((1.0, 0.5), {0: 300, 1: 90})
    costs.observe(0, 100, is_first=False)
    assert costs.measured == {0: pytest.approx(100), 1: pytest.approx(30)}
    assert costs.ms(1) == pytest.approx(30)
    costs.observe(0, 200, is_first=False)
    assert costs.measured[1] == pytest.approx(30)
    assert costs.ms(1) == pytest.approx(60)
