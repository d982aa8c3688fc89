"""How often each clip is drawn: rare labels more often than their clips are many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data.clip_sounds import ClipSounds
from training.data.manifest import LabelledClip
from training.scenes.drawing import clip_weights, drawn_by_teacher, sources_of
from training.scenes.yamnet import Taught


def test_rare_labels_are_drawn_more_often() -> None:
    targets = np.array([[1, 0]] * 16 + [[0, 1]] + [[0, 0]] * 4, np.float32)
    weights = clip_weights(targets, 0.5)
    assert weights[0] == pytest.approx(0.25)
    assert weights[16] == pytest.approx(1.0)
    assert weights[17] == pytest.approx(0.5)
    assert set(clip_weights(targets, 0.0)) == {1.0}


def test_a_large_set_does_not_decide_alone_what_a_label_sounds_like() -> None:
    # No clip has the last label.
    targets = np.array([[1, 0, 0]] * 20 + [[0, 1, 0]] * 4 + [[0, 0, 0]], np.float32)
    sources = np.array([0] * 16 + [1] * 4 + [1] * 4 + [0])
    weights = clip_weights(targets, 0.5, sources)
    plain = clip_weights(targets, 0.5)
    # A label gets what it had; its sets, of 16 and 4 clips, share it like 4 to 2.
    assert weights[:20].sum() == pytest.approx(plain[:20].sum())
    assert weights[:16].sum() == pytest.approx(2 * weights[16:20].sum())
    np.testing.assert_allclose(weights[20:], plain[20:])
    np.testing.assert_allclose(clip_weights(targets, 0.0, sources), 1.0)


def test_the_folder_of_a_clip_is_its_set() -> None:
    paths = (Path("a/audio/1.wav"), Path("b/audio/1.wav"), Path("a/audio/2.wav"))
    clips = [LabelledClip(path, (0,), "", "") for path in paths]
    assert sources_of(clips).tolist() == [0, 1, 0]


class _HearsLoudness:
    """Its class 1 is in loud clips, its class 0 in all."""

    def hear(self, samples: np.ndarray) -> Taught:
        loudness = float(np.abs(samples).max())
        return Taught(np.array([[0.9, 0.1], [0.9, loudness]], np.float32), np.zeros((2, 1), np.float32))


def test_a_label_that_few_clips_have_is_drawn_by_what_the_teacher_hears(tmp_path: Path) -> None:
    path = tmp_path / "sounds.i16"
    path.write_bytes(np.repeat(np.array([20_000, 200], "<i2"), 15).tobytes())
    # 30 clips of a sample each, the first half loud; label 0 has clips of its own, label 1 one, label 2 is not taught.
    sounds = ClipSounds(path, np.arange(31))
    targets = np.zeros((30, 3), np.float32)
    targets[:25, 0] = 1
    targets[29, 1] = 1
    known = np.array([0, 1])
    drawn_as = drawn_by_teacher(targets, sounds, _HearsLoudness(), known, known)  # type: ignore[arg-type]
    assert np.array_equal(drawn_as[:, 0], targets[:, 0])
    assert drawn_as[:, 1].tolist() == [1.0] * 15 + [0.0] * 14 + [1.0]
    assert not drawn_as[:, 2].any()
    assert targets[:, 1].sum() == 1
    weights = clip_weights(drawn_as, 0.5)
    assert weights[0] > weights[20]
