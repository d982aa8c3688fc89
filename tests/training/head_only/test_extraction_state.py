"""The state of a feature extraction: it is restored exactly, and another run's state is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import UserError
from training.head_only.extraction_state import ExtractionState
from training.head_only.logistic_regression import FeatureRows
from training.loop.state_file import write_state

pytestmark = pytest.mark.slow

IDENTITY: dict[str, Any] = {"config": {"seed": 1, "title": "Few"}, "data": {"labels": ["a"]}, "start": "weights"}


def state(path: Path, **changes: Any) -> ExtractionState:
    return ExtractionState(path, {**IDENTITY, **changes}, np.zeros((3, 2), np.float32))


def rows(first: int) -> FeatureRows:
    features = np.arange(first, first + 4, dtype=np.float32).reshape(2, 2)
    return FeatureRows(features, np.eye(2, dtype=np.float32), np.array([first, first + 1]))


def test_what_was_saved_is_restored(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    saved = state(path)
    saved.whole[1] = 5.0
    saved.n_whole, saved.n_rounds, saved.step = 2, 7, 2
    saved.views = [rows(0), rows(10)]
    saved.save()
    restored = state(path)
    restored.resume()
    assert np.array_equal(restored.whole, saved.whole)
    assert (restored.n_whole, restored.n_rounds, restored.step) == (2, 7, 2)
    expected, [found] = FeatureRows.joined(saved.views), restored.views
    for mine, theirs in zip(
        (found.features, found.targets, found.clips), (expected.features, expected.targets, expected.clips), strict=True
    ):
        assert np.array_equal(mine, theirs)


def test_without_a_file_it_starts_from_nothing(tmp_path: Path) -> None:
    fresh = state(tmp_path / "state.pt")
    fresh.resume()
    assert (fresh.n_whole, fresh.n_rounds, fresh.step, fresh.views) == (0, 0, 0, [])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"config": {"seed": 2, "title": "Few"}}, "seed"),
        ({"data": {"labels": ["b"]}}, "data"),
        ({"start": "other weights"}, "init"),
    ],
)
def test_the_state_of_another_run_is_refused(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    state(tmp_path / "state.pt").save()
    with pytest.raises(UserError, match=f"another {named}"):
        state(tmp_path / "state.pt", **changes).resume()


def test_settings_that_affect_no_weight_may_change(tmp_path: Path) -> None:
    state(tmp_path / "state.pt").save()
    state(tmp_path / "state.pt", config={"seed": 1, "title": "Renamed"}).resume()


def test_the_state_of_a_whole_models_run_is_refused(tmp_path: Path) -> None:
    write_state(tmp_path / "state.pt", {"step": 1})
    with pytest.raises(UserError, match="whole model"):
        state(tmp_path / "state.pt").resume()
