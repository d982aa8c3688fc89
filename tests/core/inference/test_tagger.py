"""The tagger finds weights, says what is wrong with options, and may be used by many threads."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.audio.log_mel import SILENCE, LogMel
from core.errors import UserError
from core.inference.engines.device import choose_device
from core.inference.tagger import Tagger, load_tagger
from core.model.checkpoints.checkpoint import save_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import build_network
from core.model.store.find import find_weights
from core.model.variants import MODEL_VARIANTS, find_variant
from fakes import telling_tagger, tiny_checkpoint, tiny_tagger


def frames_of_noise(n_frames: int, seed: int = 0) -> np.ndarray:
    samples = np.random.default_rng(seed).normal(0, 0.1, n_frames * 160 + 240).astype(np.float32)
    return LogMel()(samples)


def test_a_folder_and_a_file_load_the_same(tmp_path: Path) -> None:
    frames = frames_of_noise(300)
    answers = []
    for name in ("folder", "file.safetensors"):
        save_checkpoint(tiny_checkpoint(), tmp_path / name)
        tagger = load_tagger(str(tmp_path / name), device="cpu")
        assert tagger.name == "Tiny"
        assert [label.id for label in tagger.labels] == ["dog", "rain", "siren", "clock_tick"]
        answers.append(tagger.tag(frames).probabilities)
    assert np.array_equal(*answers)


def test_a_cnn_computes_in_fp32_and_says_so() -> None:
    model = find_variant("cnn-efficientnet-lite0").with_labels(4)
    checkpoint = replace(tiny_checkpoint(), weights=build_network(model).state_dict())
    checkpoint = replace(
        checkpoint, config=replace(checkpoint.config, model=model, variant="cnn", merge=MergeSchedule())
    )
    tagger = Tagger(checkpoint, device="cpu", precision="bf16")
    assert tagger.precision == "fp32"
    assert tagger.summary.endswith("fp32")


def test_the_true_length_is_used_never_padding() -> None:
    tagger = tiny_tagger()
    short = frames_of_noise(200)
    padded = np.concatenate([short, np.full((824, 128), SILENCE, np.float32)])
    assert tagger.tag(short).tokens_in == 8 * 12 + 2
    assert not np.allclose(tagger.tag(short).probabilities, tagger.tag(padded).probabilities, atol=1e-4)


def test_a_checkpoint_may_ask_for_zero_frames_up_to_the_window() -> None:
    tagger = tiny_tagger(pad_to_window=True)
    short = frames_of_noise(200)
    padded = np.concatenate([short, np.zeros((824, 128), np.float32)])
    np.testing.assert_allclose(tagger.tag(short).probabilities, tiny_tagger().tag(padded).probabilities, atol=1e-6)
    assert tagger.tag(short).end_frame == 200


@pytest.mark.parametrize("n_frames", [1, 15, 16])
def test_less_than_a_patch_is_tagged(n_frames: int) -> None:
    scores = tiny_tagger().tag(frames_of_noise(100)[:n_frames], 40)
    assert np.isfinite(scores.probabilities).all()
    assert (scores.start_s, scores.end_s) == (0.4, (40 + n_frames) / 100)


def test_many_threads_get_the_answers_of_one() -> None:
    tagger = tiny_tagger(merge="30")
    windows = [frames_of_noise(300 + 50 * i, i) for i in range(8)]
    alone = [tagger.tag(window).probabilities for window in windows]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda window: tagger.tag(window).probabilities, windows * 3))
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(alone * 3, together, strict=True))


def test_merging_otherwise_shares_the_model_and_leaves_the_first_tagger_alone() -> None:
    plain = tiny_tagger(merge="off")
    merging = plain.with_merge("30")
    frames = frames_of_noise(1024)
    first, merged = plain.tag(frames), merging.tag(frames)
    assert (first.tokens_in, first.tokens_out) == plain.tokens_with("off")
    assert (merged.tokens_in, merged.tokens_out) == plain.tokens_with("30")
    assert merged.tokens_out == first.tokens_out - 2 * 30
    np.testing.assert_array_equal(merged.probabilities, tiny_tagger(merge="30").tag(frames).probabilities)
    assert merging._model is plain._model


def test_auto_is_the_checkpoint_s_own_schedule_however_it_was_left() -> None:
    tagger = Tagger(tiny_checkpoint(MergeSchedule(r=16)), device="cpu")
    assert tagger.with_merge("off").with_merge("auto").merge == tagger.merge
    assert tagger.tokens_with("auto")[1] == tagger.tokens_with("off")[1] - 2 * 16


def test_bf16_is_close_to_fp32() -> None:
    frames = frames_of_noise(400)
    for merge in ("off", "40"):
        full, half = (
            Tagger(tiny_checkpoint(), device="cpu", precision=precision, merge=merge).tag(frames).probabilities
            for precision in ("fp32", "bf16")
        )
        assert np.abs(full - half).max() < 0.02


def test_the_checkpoint_says_how_logits_become_probabilities() -> None:
    frames = frames_of_noise(200)
    apart, together = (tiny_tagger(activation=name).tag(frames).probabilities for name in ("sigmoid", "softmax"))
    logits = np.log(apart / (1 - apart))
    assert together.sum() == pytest.approx(1.0, abs=1e-5)
    np.testing.assert_allclose(together, np.exp(logits) / np.exp(logits).sum(), atol=1e-5)


def test_logits_are_calibrated_before_they_become_probabilities() -> None:
    frames, pairs = frames_of_noise(200), np.array([(2.0, 0.5), (1.0, 0.0), (0.5, -1.0), (3.0, 0.0)])
    plain = tiny_tagger().tag(frames).probabilities
    logits = np.log(plain / (1 - plain)) * pairs[:, 0] + pairs[:, 1]
    calibrated = tiny_tagger(calibration=tuple(map(tuple, pairs.tolist()))).tag(frames).probabilities
    np.testing.assert_allclose(calibrated, 1 / (1 + np.exp(-logits)), atol=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"device": "tpu"}, "device 'tpu'"),
        ({"precision": "fp8"}, "precision 'fp8'"),
        ({"merge": "lots"}, "cannot be 'lots'"),
    ],
)
def test_wrong_options_are_told(options: dict, says: str) -> None:
    with pytest.raises(UserError, match=says):
        Tagger(tiny_checkpoint(), **options)


def test_a_missing_gpu_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == "cpu"
    with pytest.raises(UserError, match="No CUDA GPU"):
        choose_device("cuda")


def test_a_gpu_is_taken_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == "cuda"
    assert choose_device("cpu") == "cpu"


def test_models_that_are_not_there_are_told() -> None:
    with pytest.raises(UserError, match="no model 'nonsense'"):
        find_weights("nonsense")
    with pytest.raises(UserError, match=r"ast-base .*no weights"):
        find_weights("ast-base")


def test_the_starter_is_the_default_and_ships() -> None:
    assert find_weights(None) == MODEL_VARIANTS["starter"].weights
    tagger = load_tagger()
    assert tagger.window_frames == 1024
    assert len(tagger.labels) == len(tagger.thresholds)
    recorded = tagger.provenance["metrics"]
    assert recorded["accuracy"] > 0.443, "the starter must beat the data set's random forest"


def _network_parts() -> list[torch.nn.Module]:
    return [part for part in gc.get_objects() if issubclass(type(part), torch.nn.Module)]


@pytest.mark.slow
def test_a_model_that_is_let_go_needs_no_garbage_collection() -> None:
    """The window takes all that start-up made out of collection, the first model included."""
    gc.collect()
    gc.disable()
    try:
        others = {id(part) for part in _network_parts()}
        tagger = tiny_tagger()
        tagger.tag(np.zeros((100, 128), np.float32))
        parts = [weakref.ref(part) for part in _network_parts() if id(part) not in others]
        assert parts
        del tagger
        assert not [part() for part in parts if part() is not None]
    finally:
        gc.enable()


def test_many_windows_of_any_length_are_answered_as_one_by_one() -> None:
    tagger = telling_tagger()
    windows = [(40 * place, frames_of_noise(n_frames, place)) for place, n_frames in enumerate((300, 200, 300, 16))]
    together, rows = tagger.tag_many(windows), tagger.tag_frames_many(windows)
    for (start, frames), scores, its_rows in zip(windows, together, rows, strict=True):
        alone = tagger.tag(frames, start)
        assert (scores.start_frame, scores.end_frame) == (start, start + len(frames))
        assert (scores.tokens_in, scores.tokens_out) == (alone.tokens_in, alone.tokens_out)
        assert np.array_equal(scores.probabilities, alone.probabilities)
        alone_rows = tagger.tag_frames(frames, start)
        assert np.array_equal(its_rows.probabilities, alone_rows.probabilities)
        assert np.array_equal(its_rows.times_s, alone_rows.times_s)
    assert tagger.tag_many([]) == []
