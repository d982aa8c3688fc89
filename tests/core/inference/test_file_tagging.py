"""Windows cover every frame once, and files come out as the contract says."""

from __future__ import annotations

import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.log_mel import LogMel
from core.errors import UserError
from core.inference.file_picture import file_picture
from core.inference.file_tagging import frames_of, slice_windows, tag_file
from core.inference.tagger import Tagger
from core.model.merging.schedule import MergeSchedule
from fakes import tiny_checkpoint, tiny_tagger


def write_wav(path: Path, samples: np.ndarray, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def samples_of(path: Path) -> np.ndarray:
    """What `write_wav` put into a file, as float32."""
    return (np.frombuffer(path.read_bytes()[44:], "<i2") / 32768).astype(np.float32)


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, n).astype(np.float32)


@pytest.mark.slow
@given(st.lists(st.integers(1, 300), max_size=20), st.integers(1, 200), st.integers(1, 200))
def test_windows_cover_everything_and_stop(part_sizes: list[int], window: int, hop: int) -> None:
    hop = min(hop, window)
    total = sum(part_sizes)
    frames = np.arange(total, dtype=np.float32)[:, None]
    parts = np.split(frames, np.cumsum(part_sizes)[:-1]) if part_sizes else []
    windows = list(slice_windows(parts, window, hop))
    assert [start for start, _ in windows][:-1] == [i * hop for i in range(len(windows) - 1)]
    assert {len(got) for _, got in windows} <= {min(total, window)}
    assert all(np.array_equal(got, frames[start : start + window]) for start, got in windows)
    ends = [start + len(got) for start, got in windows]
    assert (ends[-1] if ends else 0) == total
    assert all(earlier < later for earlier, later in pairwise(ends))


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    [
        (164_080, [(0.0, 10.24)]),
        (164_240, [(0.0, 10.24), (0.01, 10.25)]),
        (12 * 16_000 + 240, [(0.0, 10.24), (1.76, 12.0)]),
        (16_000, [(0.0, 0.98)]),
        (400, [(0.0, 0.01)]),
    ],
)
def test_windows_of_a_file(tmp_path: Path, n_samples: int, expected: list[tuple[float, float]]) -> None:
    path = write_wav(tmp_path / "a.wav", noise(n_samples))
    windows = list(tag_file(path, tiny_tagger()))
    assert [(window.start_s, window.end_s) for window in windows] == expected
    assert all(window.probabilities.shape == (4,) and (window.probabilities > 0).all() for window in windows)


def test_a_window_may_be_longer_than_the_model_was_made_for(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(32 * 16_000))
    windows = list(tag_file(path, tiny_tagger(), window_s=30.0, hop_s=10.0))
    assert [(window.start_s, window.end_s) for window in windows] == [(0.0, 30.0), (1.98, 31.98)]


def test_without_a_word_the_window_is_the_models_own(tmp_path: Path) -> None:
    path, tagger = write_wav(tmp_path / "a.wav", noise(3 * 16_000)), tiny_tagger()
    tagger.window_frames = 128  # as of a model for single spoken words
    windows = list(tag_file(path, tagger))
    assert [(window.start_s, window.end_s) for window in windows] == [(0.0, 1.28), (1.28, 2.56), (1.7, 2.98)]


def test_a_file_gives_the_numbers_of_its_frames(tmp_path: Path) -> None:
    tagger = tiny_tagger()
    path = write_wav(tmp_path / "a.wav", noise(48_000))
    [window] = tag_file(path, tagger)
    assert np.array_equal(window.probabilities, tagger.tag(LogMel()(samples_of(path))).probabilities)


@pytest.mark.parametrize("n_samples", [0, 399])
def test_under_25_ms_is_an_error(tmp_path: Path, n_samples: int) -> None:
    with pytest.raises(UserError):
        list(tag_file(write_wav(tmp_path / "a.wav", noise(n_samples)), tiny_tagger()))


def test_a_truncated_file_gives_what_it_has_and_then_says_so(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(10 * 16_000))
    path.write_bytes(path.read_bytes()[: 44 + 2 * 3 * 16_000])
    windows = tag_file(path, tiny_tagger())
    assert next(windows).end_s == 2.98
    with pytest.raises(UserError, match="ends early"):
        next(windows)
    assert file_picture(path).problem is not None


@pytest.mark.slow
def test_progress_ends_at_one_and_stopping_stops(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", noise(30 * 16_000))
    shares: list[float | None] = []
    list(tag_file(path, tiny_tagger(), on_progress=shares.append))
    known = [share for share in shares if share is not None]
    assert known == sorted(known)
    assert known[-1] == pytest.approx(1.0, abs=0.01)
    windows = tag_file(path, tiny_tagger(), should_stop=lambda: True)
    assert len(list(windows)) <= 1


@pytest.mark.parametrize(("window_s", "hop_s"), [(0.1, 0.1), (11, 5), (5, 6), (10.24, 0.001)])
def test_impossible_windows_are_refused(window_s: float, hop_s: float) -> None:
    with pytest.raises(UserError):
        frames_of(window_s, hop_s, 1024)


@pytest.mark.parametrize("most", [4096, 100, 7])
def test_a_picture_has_few_columns_and_all_the_peaks(tmp_path: Path, most: int) -> None:
    samples = noise(5 * 16_000) * 0.01
    samples[40_000:40_400] *= 100  # one loud moment in the middle
    picture = file_picture(write_wav(tmp_path / "a.wav", samples), log_mel_columns=most)
    frames = LogMel()(samples_of(tmp_path / "a.wav"))
    assert len(picture.columns) <= most + 1
    assert picture.duration_s == pytest.approx(4.98)
    assert picture.columns.max() == frames.max()
    loudest_s = picture.columns.max(axis=1).argmax() * picture.seconds_per_column
    assert loudest_s == pytest.approx(2.5, abs=max(0.03, 1.5 * picture.seconds_per_column))


def test_merge_options_change_the_tokens() -> None:
    frames = LogMel()(noise(164_080))
    schedule = MergeSchedule("constant", 20, reference_patches=512)
    assert tiny_tagger(merge="off").tag(frames).tokens_out == 514
    assert tiny_tagger(merge="100").tag(frames).tokens_out == 314
    assert Tagger(tiny_checkpoint(merge=schedule), device="cpu").tag(frames).tokens_out == 474
