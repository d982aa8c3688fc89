"""Speech Commands as published: folds by its two lists, groups by speaker."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.data.layouts.made_folders import speech_commands, touch
from training.data.layouts.speech_commands import read_speech_commands
from training.data.manifest import read_manifest


def test_speech_commands_as_published(tmp_path: Path) -> None:
    manifest = read_manifest(speech_commands(tmp_path))
    assert [label.id for label in manifest.labels] == ["bed", "yes"]
    split = manifest.split(("testing",), ("validation",))
    sides = (split.train, split.validation, split.test)
    assert [{clip.group for clip in side} for side in sides] == [{"00aa"}, {"11bb"}, {"22cc"}]
    with pytest.raises(UserError, match="folds testing, training, validation"):
        manifest.split(("5",))
    (tmp_path / "bed/22cc_nohash_0.wav").unlink()
    with pytest.raises(UserError, match=r"1 of 6 clips are missing \(22cc_nohash_0.wav\)"):
        read_manifest(tmp_path)


def test_lists_without_a_clip_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "validation_list.txt", "testing_list.txt", "_background_noise_/pink_noise.wav")
    with pytest.raises(UserError, match="no clip"):
        read_speech_commands(tmp_path)


def test_a_list_that_is_no_text_is_refused_by_name(tmp_path: Path) -> None:
    (speech_commands(tmp_path) / "testing_list.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"testing_list\.txt"):
        read_speech_commands(tmp_path)


def test_without_both_lists_it_is_another_layout(tmp_path: Path) -> None:
    (speech_commands(tmp_path) / "testing_list.txt").unlink()
    assert read_speech_commands(tmp_path) is None
