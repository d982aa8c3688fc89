"""Lengths are estimated from sizes and some headers."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.cluster.lengths import SAMPLED, jobs_of
from core.errors import UserError


def write(path: Path, n_bytes: int) -> Path:
    path.write_bytes(bytes(n_bytes))
    return path


def test_each_ending_has_a_rate_of_its_own_and_few_headers_are_read(tmp_path: Path) -> None:
    wavs = [write(tmp_path / f"{n}.wav", 100 * n) for n in range(1, 101)]
    mp3s = [write(tmp_path / f"{n}.MP3", 10 * n) for n in range(1, 4)]
    read: list[Path] = []

    def length_of(path: Path) -> float:
        read.append(path)
        return path.stat().st_size / (100 if path.suffix == ".wav" else 10)

    jobs, gone = jobs_of([*wavs, *mp3s], length_of)
    assert not gone
    assert [job.length_s for job in jobs] == pytest.approx([*range(1, 101), 1, 2, 3])
    assert [Path(job.path) for job in jobs] == [*wavs, *mp3s]
    assert len(read) < 2 * SAMPLED + 3


def test_headers_that_say_nothing_and_files_that_cannot_be_read_stop_nothing(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.wav", 1000 * n) for n in range(4)]

    def length_of(path: Path) -> float | None:
        if path == paths[1]:
            raise UserError("It is damaged.", "Convert it.")
        return None

    jobs, _ = jobs_of(paths, length_of)
    lengths = [job.length_s for job in jobs]
    assert lengths == sorted(lengths)
    assert lengths[0] == 0 < lengths[1]


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    there = write(tmp_path / "a.wav", 10)
    jobs, gone = jobs_of([there, tmp_path / "b.wav"], lambda path: 1.0)
    assert [job.source for job in jobs] == [str(there)]
    assert [path for path, _ in gone] == [tmp_path / "b.wav"]


def test_paths_are_absolute_and_sources_as_they_were_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.wav", 10)
    monkeypatch.chdir(tmp_path)
    (job,), _ = jobs_of([Path("a.wav")], lambda path: 1.0)
    assert (job.path, job.source) == (str(tmp_path / "a.wav"), "a.wav")
