"""Settings of scenes that no run can follow are refused."""

from __future__ import annotations

import pytest

from core.errors import UsageError
from tests.training.runs import small
from training.config.scenes import SceneSettings

SCENES = ("scenes=8", "frame_loss=1", "patch_drop=0")


@pytest.mark.parametrize(
    "settings",
    [
        ("teacher=yamnet.tflite",),
        (*SCENES, "teacher_labels=true"),
        ("scenes=8",),
        (*SCENES, "init=starter", "freeze=true"),
        (*SCENES, "lowest_peak_db=-3", "highest_peak_db=-30"),
        (*SCENES, "single_share=0.9", "empty_share=0.2"),
    ],
)
def test_contradictions_are_refused(settings: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="contradicts"):
        small(*settings)


def test_without_scenes_nothing_is_mixed() -> None:
    assert SceneSettings().scenes == 0
    assert small(*SCENES).scenes.scenes == 8
