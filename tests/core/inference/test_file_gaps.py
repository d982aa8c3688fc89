"""A file's times are those of its own clock: gaps are filled as live ones are, and nothing is tagged in a long hole."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.audio.log_mel import SILENCE
from core.audio.sources.file_source import FileSource
from core.inference.file_picture import FilePicture, file_picture
from core.inference.file_tagging import tag_file
from core.inference.frame_tagging import tag_file_frames
from core.inference.listener import Listener
from core.inference.results import LiveUpdate
from fakes import telling_tagger, tiny_tagger
from tests.core.audio.decoding.media_samples import write_stretches


def write_clip(path: Path, *stretches: tuple[float, float]) -> Path:
    """Uncompressed sound at 16 kHz whose timestamps are exact."""
    return write_stretches(path, "pcm_s16le", list(stretches), 16_000)


def windows(path: Path, window_s: float | None = None, hop_s: float | None = None) -> list[tuple[float, float]]:
    return [(window.start_s, window.end_s) for window in tag_file(path, tiny_tagger(), window_s=window_s, hop_s=hop_s)]


def gaps_s(picture: FilePicture) -> list[tuple[float, float]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], picture.is_gap, [False]]).astype(int)))
    return [
        (start * picture.seconds_per_column, stop * picture.seconds_per_column)
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    ]


def test_a_late_beginning_and_a_hole_are_filled(tmp_path: Path) -> None:
    assert windows(write_clip(tmp_path / "late.mka", (5.0, 7.0))) == [(0.0, 6.98)]
    assert windows(write_clip(tmp_path / "hole.mka", (0.0, 0.5), (2.5, 6.0))) == [(0.0, 5.98)]


def test_windows_that_hold_filled_in_silence_alone_are_left_out(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mka", (0.0, 1.5), (5.5, 6.4))

    assert windows(path, 1.0, 1.0) == [(0.0, 1.0), (1.0, 2.0), (5.0, 6.0), (5.38, 6.38)]


def test_behind_a_long_hole_windows_begin_with_the_sound(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mka", (20.0, 32.0), (3632.005, 3634.0))

    assert windows(path) == [(20.0, 30.24), (21.74, 31.98), (3632.0, 3633.98)]


def test_behind_a_long_hole_the_numbers_are_those_of_the_sound_alone(tmp_path: Path) -> None:
    tagger = tiny_tagger()
    [alone] = tag_file(write_clip(tmp_path / "alone.mka", (0.0, 2.0)), tagger)
    *_, last = tag_file(write_clip(tmp_path / "far.mka", (0.0, 3.0), (50.0, 52.0)), tagger)

    assert (last.start_s, last.end_s) == (50.0, 51.98)
    assert np.array_equal(last.probabilities, alone.probabilities)


@pytest.mark.parametrize(("window_s", "hop_s"), [(None, None), (1.0, 0.5)])
def test_rows_of_100_ms_leave_a_long_hole_out(tmp_path: Path, window_s: float | None, hop_s: float | None) -> None:
    path = write_clip(tmp_path / "a.mka", (1.2, 3.0), (40.0, 42.0))

    parts = list(tag_file_frames(path, telling_tagger(), window_s=window_s, hop_s=hop_s))

    times_s = np.concatenate([part.times_s for part in parts])
    first_s = 0.05 if window_s is None else 0.55  # a window of 1 s, in which no sound is, says nothing
    expected = [*np.arange(first_s, 3.0, 0.1), *np.arange(40.05, 42.0, 0.1)]
    np.testing.assert_allclose(times_s, expected, atol=1e-6)


@pytest.mark.parametrize("most", [4096, 50])
def test_a_picture_tells_where_the_file_has_no_sound(tmp_path: Path, most: int) -> None:
    path = write_clip(tmp_path / "a.mka", (5.0, 7.0), (9.0, 10.0), (30.0, 31.0))

    picture = file_picture(path, most)

    column_s = picture.seconds_per_column
    assert len(picture.columns) == len(picture.is_gap) <= most
    assert picture.duration_s == pytest.approx(30.98)
    assert gaps_s(picture) == [pytest.approx(gap, abs=0.03 + column_s) for gap in ((0, 5), (7, 9), (10, 30))]
    # A frame at the edge of a gap still holds a little of the sound.
    assert (picture.columns[picture.is_gap].max(axis=1) > SILENCE + 1e-4).sum() <= 3 * 2
    assert picture.columns[~picture.is_gap].max(axis=1).min() > SILENCE + 5


@pytest.mark.slow
def test_the_picture_of_a_hole_of_a_year_takes_no_more_memory(tmp_path: Path) -> None:
    year_s = 365 * 86_400.0
    near = write_clip(tmp_path / "near.mka", (0.0, 2.0), (60.0, 62.0))
    far = write_clip(tmp_path / "far.mka", (0.0, 2.0), (year_s, year_s + 2.0))
    file_picture(near)  # what is made once

    peaks = {}
    for path in (near, far):
        tracemalloc.start()
        picture = file_picture(path)
        peaks[path] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert picture.duration_s == pytest.approx(year_s + 2.0, abs=0.1)
    assert len(picture.columns) <= 4096
    assert peaks[far] < peaks[near] + 8e6
    assert windows(far) == [(0.0, 1.98), (year_s, year_s + 1.98)]


def test_progress_reaches_its_end_in_a_file_that_begins_late(tmp_path: Path) -> None:
    shares: list[float | None] = []
    list(tag_file(write_clip(tmp_path / "a.mka", (8.0, 12.0)), tiny_tagger(), on_progress=shares.append))

    known = [share for share in shares if share is not None]
    assert known[0] == pytest.approx(8 / 12, abs=0.1)
    assert known[-1] == pytest.approx(1.0, abs=0.01)


def test_a_file_played_to_the_listener_is_on_its_own_clock(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mka", (20.0, 20.6))
    listener = Listener(FileSource(path, speed=float("inf")), tagger=tiny_tagger())
    listener.start()
    heard = LiveUpdate()
    while not heard.has_ended:
        update = listener.wait_update(30)
        assert update is not None
        heard = replace(update, scores=heard.scores + update.scores)
    listener.stop()

    assert [(window.start_s, window.end_s) for window in heard.scores] == [(20.0, 20.58)]
