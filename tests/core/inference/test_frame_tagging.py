"""A tagger with a frame head tells when, in windows and in whole files of any length; one without says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import UsageError, UserError
from core.inference.frame_rows import RowMean
from core.inference.frame_tagging import tag_file_frames
from core.inference.tagger import Tagger
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from fakes import telling_checkpoint, telling_tagger, tiny_tagger, write_noise


def test_rows_are_the_columns_between_their_times(tmp_path: Path) -> None:
    checkpoint, frames = telling_checkpoint(), write_noise(tmp_path / "a.wav", 4.0)
    model = checkpoint.build()
    assert isinstance(model, AudioSpectrogramTransformer)
    scores = Tagger(checkpoint, device="cpu", merge="off").tag_frames(frames, start_frame=200)
    assert scores.probabilities.shape == (40, 4)
    assert scores.times_s[[0, -1]].tolist() == pytest.approx([2.05, 5.95])
    normalised = torch.from_numpy(checkpoint.config.log_mel.normalise(frames))
    with torch.inference_mode():
        columns = model.frame_logits(normalised[None])[0].sigmoid().numpy()
    times_s = column_times_s(model.config, len(frames)) + 2.0
    for label in range(4):
        expected = np.interp(scores.times_s, times_s, columns[:, label])
        np.testing.assert_allclose(scores.probabilities[:, label], expected, atol=1e-5)
    assert np.ptp(scores.probabilities, axis=0).min() > 0.001


def test_neither_calibration_nor_softmax_touches_them(tmp_path: Path) -> None:
    frames = write_noise(tmp_path / "a.wav", 2.0)
    plain = telling_tagger().tag_frames(frames).probabilities
    other = telling_tagger(activation="softmax", calibration=((2.0, 0.0),) * 4).tag_frames(frames).probabilities
    assert np.array_equal(plain, other)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.05, 3.0, 23.4])
@pytest.mark.parametrize("options", [{}, {"window_s": 2.0, "hop_s": 0.75}, {"window_s": 30.0}])
def test_a_file_has_one_row_every_100_ms(tmp_path: Path, seconds: float, options: dict) -> None:
    frames, tagger = write_noise(tmp_path / "a.wav", seconds), telling_tagger("30")
    parts = list(tag_file_frames(tmp_path / "a.wav", tagger, **options))
    times_s = np.concatenate([part.times_s for part in parts])
    assert times_s.tolist() == pytest.approx([(row + 0.5) / 10 for row in range(-(-len(frames) // 10))])
    together = np.concatenate([part.probabilities for part in parts])
    assert together.shape == (len(times_s), 4)
    assert ((together > 0) & (together < 1)).all()


def test_where_windows_overlap_it_is_their_mean(tmp_path: Path) -> None:
    frames, tagger = write_noise(tmp_path / "a.wav", 5.0), telling_tagger()
    means = RowMean(4)
    means.add(tagger.tag_frames(frames[:400]))
    early = means.pop_before(200)  # where the second window would start if it were not the last
    means.add(tagger.tag_frames(frames[98:498], 98))
    expected = np.concatenate([early.probabilities, means.pop_before(None).probabilities])
    parts = list(tag_file_frames(tmp_path / "a.wav", tagger, window_s=4.0, hop_s=2.0))
    got = np.concatenate([part.probabilities for part in parts])
    np.testing.assert_allclose(got, expected, atol=1e-6)
    assert not np.allclose(got[:20], tagger.tag_frames(frames).probabilities[:20], atol=1e-4)


def test_a_damaged_file_gives_its_rows_and_then_its_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_noise(path, 10.0)
    path.write_bytes(path.read_bytes()[: 44 + 2 * 3 * 16_000])
    parts, rows = tag_file_frames(path, telling_tagger(), window_s=1.0), list[float]()
    with pytest.raises(UserError, match="ends early"):
        rows.extend(time_s for part in parts for time_s in part.times_s)
    assert len(rows) == 30


def test_stopping_stops(tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 10.0)
    parts = tag_file_frames(tmp_path / "a.wav", telling_tagger(), window_s=1.0, should_stop=lambda: True)
    assert len(list(parts)) <= 1


def test_padding_up_to_the_window_adds_no_rows(tmp_path: Path) -> None:
    frames = write_noise(tmp_path / "a.wav", 2.0)
    padded = telling_tagger(pad_to_window=True).tag_frames(frames)
    assert len(padded.times_s) == 20
    filled = np.pad(frames, ((0, 1024 - len(frames)), (0, 0)))
    assert np.array_equal(padded.probabilities, telling_tagger().tag_frames(filled).probabilities[:20])


def test_a_model_without_a_frame_head_says_how_to_train_one(tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 1.0)
    assert not tiny_tagger().has_frame_head
    with pytest.raises(UserError, match=r"Tiny .*train frame-head"):
        list(tag_file_frames(tmp_path / "a.wav", tiny_tagger()))


@pytest.mark.parametrize("seconds", [1.0, 10.24, 20.0, 30.0])
def test_windows_of_one_to_thirty_seconds_are_tagged(seconds: float, tmp_path: Path) -> None:
    frames = write_noise(tmp_path / "a.wav", seconds)
    scores = tiny_tagger().tag(frames)
    assert np.isfinite(scores.probabilities).all()
    assert scores.tokens_in == 2 + 8 * ((len(frames) - 16) // 16 + 1)


@pytest.mark.parametrize(("window_s", "hop_s"), [(30.73, 5.0), (0.1, 0.1), (20.0, 21.0)])
def test_lengths_that_cannot_be_are_refused(window_s: float, hop_s: float, tmp_path: Path) -> None:
    write_noise(tmp_path / "a.wav", 1.0)
    with pytest.raises(UsageError):
        list(tag_file_frames(tmp_path / "a.wav", telling_tagger(), window_s=window_s, hop_s=hop_s))
