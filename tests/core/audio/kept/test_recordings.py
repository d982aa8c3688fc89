"""The list of recordings: what it deletes, and what it never does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.kept.recordings import EVENT, SESSION, Recording, Recordings


@pytest.fixture
def recordings(tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "list" / "recordings.jsonl")


def add(recordings: Recordings, path: Path, start_at: float, n_bytes: int = 100, kind: str = SESSION) -> Recording:
    path.write_bytes(bytes(n_bytes))
    made = Recording(str(path), kind, start_at, start_at + 1)
    recordings.add(made)
    return made


def test_what_is_in_the_list_and_still_there_is_listed_once(recordings: Recordings, tmp_path: Path) -> None:
    assert recordings.all() == ()
    second = add(recordings, tmp_path / "b.flac", 2.0)
    recordings.add(Recording(str(tmp_path / "a.flac"), EVENT, 1.0, 1.0))
    first = add(recordings, tmp_path / "a.flac", 1.0, kind=EVENT)
    gone = add(recordings, tmp_path / "c.flac", 0.0)
    Path(gone.path).unlink()
    assert recordings.all() == (first, second)
    assert recordings.n_bytes == 200


def test_lines_that_make_no_sense_are_left_out(recordings: Recordings, tmp_path: Path) -> None:
    kept = add(recordings, tmp_path / "a.flac", 1.0)
    with (tmp_path / "list" / "recordings.jsonl").open("a") as file:
        file.write('nonsense\n{"path": 1}\n[]\n{"path": "x", "kind"')
    assert recordings.all() == (kept,)


@given(
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=12),
    budget=st.integers(0, 300),
    stars=st.sets(st.integers(0, 11)),
)
def test_the_oldest_go_until_the_rest_fits_and_never_what_is_protected(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], budget: int, stars: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("recordings")
    recordings = Recordings(folder / "recordings.jsonl")
    (folder / "not ours.flac").write_bytes(bytes(1000))
    made = [add(recordings, folder / f"{n}.flac", float(n), size) for n, size in enumerate(sizes)]
    starred = {recording.path for n, recording in enumerate(made) if n in stars}
    deleted = recordings.keep_budget(budget, lambda recording: recording.path in starred)
    left = recordings.all()
    assert sorted([*deleted, *left], key=lambda recording: recording.start_at) == made
    assert starred <= {recording.path for recording in left}
    assert made[-1] in left, "it may be open"
    free = [recording for recording in left[:-1] if recording.path not in starred]
    if free:
        assert recordings.n_bytes <= budget, "as many as needed"
    if deleted:
        size_of = dict(zip((recording.path for recording in made), sizes, strict=True))
        assert recordings.n_bytes + size_of[deleted[-1].path] > budget, "no more than needed"
        assert all(recording.start_at > deleted[-1].start_at for recording in free), "the oldest"
    assert (folder / "not ours.flac").exists()


def test_all_of_them_are_deleted_and_nothing_else(recordings: Recordings, tmp_path: Path) -> None:
    add(recordings, tmp_path / "a.flac", 1.0)
    (tmp_path / "Soundmark 2026-11-30 14.02.31.flac").write_bytes(b"a copy")
    recordings.delete_all()
    assert recordings.all() == ()
    assert [path.name for path in tmp_path.glob("*.flac")] == ["Soundmark 2026-11-30 14.02.31.flac"]
