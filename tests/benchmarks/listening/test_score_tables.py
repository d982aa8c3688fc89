"""Score tables from curves and boxes, and PSDS of what is perfect and what is empty."""

from __future__ import annotations

import importlib.util
import sys

import numpy as np
import pytest

from benchmarks.listening.scenes import PlacedSound
from benchmarks.listening.score_tables import Evaluation, load_sed_scores_eval, table_of_boxes, table_of_curve
from core.errors import UserError

SOUNDS = [PlacedSound("dog", 10.0, 12.0, -12.0), PlacedSound("cat", 30.0, 35.0, -12.0)]


def has_sed_scores_eval() -> bool:
    try:
        load_sed_scores_eval()
    except UserError:
        return False
    return True


needs_library = pytest.mark.skipif(
    importlib.util.find_spec("sed_scores_eval") is None or not has_sed_scores_eval(),
    reason="sed_scores_eval is not installed: uv sync --group benchmarks",
)


def test_a_curve_holds_each_score_until_the_next_and_nothing_before_the_first() -> None:
    table = table_of_curve(np.array([[0.2], [0.9]], np.float32), np.array([1.0, 1.5]), 4.0)

    assert table.edges_s.tolist() == [0.0, 1.0, 1.5, 4.0]
    assert table.scores[:, 0].tolist() == pytest.approx([0.0, 0.2, 0.9])


def test_a_curve_may_begin_at_once_and_ends_with_the_scene() -> None:
    table = table_of_curve(np.ones((3, 1), np.float32), np.array([0.0, 0.5, 1.0]), 1.0)

    assert table.edges_s.tolist() == [0.0, 0.5, 1.0]
    assert len(table.scores) == 2


def test_boxes_become_scores_and_the_highest_counts_where_they_overlap() -> None:
    table = table_of_boxes([(0, 1.0, 3.0, 0.5), (0, 2.0, 4.0, 0.8), (1, 0.0, 1.0, 0.3)], 2, 5.0)

    assert table.edges_s.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert table.scores[:, 0].tolist() == pytest.approx([0.0, 0.5, 0.8, 0.8, 0.0])
    assert table.scores[:, 1].tolist() == pytest.approx([0.3, 0.0, 0.0, 0.0, 0.0])


def test_no_boxes_are_silence() -> None:
    table = table_of_boxes([], 2, 5.0)

    assert table.edges_s.tolist() == [0.0, 5.0]
    assert not table.scores.any()


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sed_scores_eval", None)

    with pytest.raises(UserError) as raised:
        load_sed_scores_eval()
    assert "uv sync --group benchmarks" in raised.value.remedy


@needs_library
def test_perfect_boxes_have_full_marks_and_silence_none() -> None:
    perfect, silent = Evaluation(["dog", "cat", "never"]), Evaluation(["dog", "cat", "never"])
    boxes = [(0, 10.0, 12.0, 0.9), (1, 30.0, 35.0, 0.6)]
    perfect.add(table_of_boxes(boxes, 3, 60.0), SOUNDS)
    silent.add(table_of_boxes([], 3, 60.0), SOUNDS)

    assert perfect.psds() == {"psds1": 1.0, "psds2": 1.0}
    assert perfect.collar_f1(0.5) == 1.0
    assert silent.psds() == {"psds1": 0.0, "psds2": 0.0}


@needs_library
def test_late_edges_cost_the_first_psds_and_the_collars_alone() -> None:
    late = Evaluation(["dog", "cat"])
    late.add(table_of_boxes([(0, 11.0, 13.0, 0.9), (1, 32.0, 37.0, 0.6)], 2, 60.0), SOUNDS)

    assert late.psds()["psds1"] < 0.5
    assert late.psds()["psds2"] == 1.0
    assert late.collar_f1(0.5) == 0.0


@needs_library
@pytest.mark.parametrize(("score", "is_found"), [(0.349, False), (0.35, True), (0.8123, True)])
def test_an_event_counts_from_the_threshold_that_it_reaches(score: float, is_found: bool) -> None:
    evaluation = Evaluation(["dog"])
    evaluation.add(table_of_boxes([(0, 10.0, 12.0, score)], 1, 60.0), SOUNDS[:1])

    assert evaluation.collar_f1(0.35) == float(is_found)
