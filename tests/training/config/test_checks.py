"""Settings of different groups, or of one, that are allowed one by one but not together."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from training.config.loading import load_recipe


@pytest.mark.parametrize(
    ("recipe", "settings", "named"),
    [
        ("starter", ["loss=ce"], "loss = ce .*background"),
        ("starter", ["loss=ce", "background=0"], "loss = ce .*overlay"),
        ("starter", ["average_epochs=1,2", "select=best", "validation_share=0.2"], "average_epochs .*select = best"),
        ("frame-head", ["select=best", "validation_share=0.2"], "select = best .*freeze = true"),
        ("frame-head", ["teacher=starter"], "freeze = true .*teacher"),
        ("frame-head", ["patch_drop=0.1"], "frame head .*patch_drop"),
        ("frame-head", ["column_drop=0.1"], "frame head .*column_drop"),
        ("frame-head", ["pooling=mean"], "freeze = true .*pooling"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(recipe: str, settings: list[str], named: str) -> None:
    load_recipe(recipe)
    with pytest.raises(UsageError, match=named):
        load_recipe(recipe, settings)


def test_each_of_them_is_allowed_without_the_other() -> None:
    assert load_recipe("starter", ["loss=ce", "background=0", "overlay=0"]).optimisation.loss == "ce"
    assert load_recipe("frame-head", ["frame_loss=0", "select=best", "validation_share=0.2"]).start.freeze
