"""YAMNet against stored scores of three synthesised clips. Skipped where the model is not at hand."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from training.scenes.yamnet import EMBEDDING_WIDTH, HOP_SAMPLES, PATCH_SAMPLES, Yamnet

STORED = (("silence", "Silence", 1.0), ("tone", "Beep, bleep", 0.864), ("noise", "Static", 0.589))
"""Clip, the class with the highest mean score, that score."""
FOLDER = Path(os.environ.get("SOUNDMARK_MODELS", Path(__file__).parents[4] / "shared" / "models")) / "yamnet"


@pytest.fixture(scope="module")
def yamnet() -> Yamnet:
    pytest.importorskip("ai_edge_litert")
    if not (FOLDER / "yamnet.tflite").is_file():
        pytest.skip("YAMNet is not at hand: set SOUNDMARK_MODELS to the folder that holds yamnet/yamnet.tflite")
    return Yamnet(FOLDER / "yamnet.tflite")


def clip(name: str) -> np.ndarray:
    times = np.arange(2 * PATCH_SAMPLES) / 16_000
    if name == "silence":
        return np.zeros(len(times), np.float32)
    if name == "tone":
        return (0.3 * np.sin(2 * np.pi * 1000 * times)).astype(np.float32)
    return (0.1 * np.random.default_rng(0).standard_normal(len(times))).astype(np.float32)


@pytest.mark.parametrize(("name", "top", "score"), STORED)
def test_scores_are_those_that_were_stored(yamnet: Yamnet, name: str, top: str, score: float) -> None:
    taught = yamnet.hear(clip(name))
    n_patches = 1 + PATCH_SAMPLES // HOP_SAMPLES
    assert taught.scores.shape == (n_patches, 521)
    assert taught.embeddings.shape == (n_patches, EMBEDDING_WIDTH)
    assert taught.embeddings.min() >= 0
    mean = taught.scores.mean(axis=0)
    assert yamnet.labels.names[int(mean.argmax())] == top
    # Processors round its 8-bit arithmetic differently.
    assert mean.max() == pytest.approx(score, abs=0.08)


def test_a_short_clip_is_one_patch(yamnet: Yamnet) -> None:
    assert yamnet.hear(np.zeros(1000, np.float32)).scores.shape == (1, 521)


def test_a_copy_in_another_process_hears_the_same(yamnet: Yamnet) -> None:
    here = yamnet.hear(clip("tone")).scores
    assert np.array_equal(pickle.loads(pickle.dumps(yamnet)).hear(clip("tone")).scores, here)


def test_its_labels_are_audioset_s(yamnet: Yamnet) -> None:
    assert yamnet.labels[0].id == "/m/09x0r"
    assert yamnet.labels[0].name == "Speech"
    assert yamnet.facts["name"] == "YAMNet"
