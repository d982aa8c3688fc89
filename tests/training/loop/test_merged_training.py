"""A recipe's way of merging holds while training and in the checkpoint that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError
from core.model.checkpoints.checkpoint import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks import spectrogram_transformer
from core.run.messages import TrainingFinished
from tests.training.runs import run, small
from training.config.recipe import load_recipe
from training.evaluation.publish import merge_schedule


def test_a_run_merges_as_its_recipe_says(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_energy, removed = spectrogram_transformer.MATCHERS["energy"], list[int]()

    def spy(keys, r, n_protected):
        removed.append(r)
        return by_energy(keys, r, n_protected)

    monkeypatch.setitem(spectrogram_transformer.MATCHERS, "energy", spy)
    settings = ("epochs=1", "merge_r=24", "merge_r_training=160", "merge_kind=decreasing", "matcher=energy")
    finished = run(data, tmp_path / "out", *settings)[-1]
    assert isinstance(finished, TrainingFinished)
    full = 512  # what both r are meant for; half a second has 24 patches
    assert load_checkpoint(Path(finished.checkpoint)).config.merge == MergeSchedule(
        "decreasing", 24, reference_patches=full, matcher="energy"
    )
    in_training = MergeSchedule("decreasing", 160, reference_patches=full).per_layer(3, 24)
    assert tuple(removed[:2]) == in_training[:2] == (15, 7)
    assert "decreasing 24 by energy" in (Path(finished.checkpoint) / "README.md").read_text()


def test_no_merging_is_the_plain_schedule_whatever_its_kind() -> None:
    assert merge_schedule(0, 512, "decreasing", "energy") == MergeSchedule()
    assert merge_schedule(16, 512) == MergeSchedule("constant", 16, reference_patches=512)


@pytest.mark.parametrize("setting", ["merge_kind=listed", "matcher=nearest"])
def test_unknown_ways_are_refused(setting: str) -> None:
    with pytest.raises(UsageError, match="is not known"):
        load_recipe("esc50-scratch", [setting])
    assert small().merge_kind == "constant"
    assert small().matcher == "bipartite"
