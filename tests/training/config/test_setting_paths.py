"""Relative paths among a run's settings mean the same from any folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.runs import save_teacher
from training.config.setting_paths import with_absolute_paths


def test_relative_paths_mean_the_same_from_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = save_teacher(tmp_path / "models" / "owl", "nano", "other", 0)
    (tmp_path / "starter").mkdir()  # a folder that is called like a model
    monkeypatch.chdir(tmp_path)
    settings = ("teacher=models/owl,starter", "init=starter", "init=models/owl", "init=timm:x@models/owl", "init=gone")
    assert with_absolute_paths(settings) == (
        *(f"teacher={teacher},starter", "init=starter", f"init={teacher}", f"init=timm:x@{teacher}", "init=gone"),
    )
