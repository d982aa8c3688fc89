"""A worker tags what it gets, one bundle after the other, and refuses what does not fit to the command."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest

from core.audio.decoding.decode import duration_s
from core.cluster import rows, worker
from core.cluster.lengths import jobs_of
from core.cluster.models import Bundle, BundleResult, FileJob, Kind, Start, TaggingOrder
from core.cluster.worker import BundleTagger
from core.errors import UserError
from core.inference.engines.threads import LIMIT
from core.inference.file_tagging import tag_file
from core.inference.files.together import TaggedFiles
from core.inference.frame_tagging import tag_file_frames
from core.inference.tagger import Tagger
from core.version import version
from fakes import telling_tagger, write_noise


@pytest.fixture(autouse=True)
def _limit_ends_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker limits its own process, which here is that of the tests."""
    monkeypatch.setenv(LIMIT, "")


@pytest.fixture(scope="module")
def tagger() -> Tagger:
    return telling_tagger()


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[FileJob]:
    """Twelve seconds, something that is no sound, and two seconds."""
    folder = tmp_path_factory.mktemp("archive")
    write_noise(folder / "a.wav", 12)
    (folder / "b.wav").write_bytes(b"no sound")
    write_noise(folder / "c.wav", 2)
    return jobs_of(sorted(folder.iterdir()), duration_s)[0]


def told(tagger: Tagger, kind: Kind = "windows", top_k: int | None = None) -> BundleTagger:
    order = TaggingOrder(lambda: tagger, kind, top_k=top_k)
    return BundleTagger(Start(order, tagger.weights_hash, ()), 1)


def table_of(result: BundleResult) -> Any:
    return pyarrow.parquet.ParquetFile(io.BytesIO(result.part))


def rows_of(result: BundleResult) -> list[dict[str, Any]]:
    return table_of(result).read().to_pylist()


def test_windows_are_those_of_one_file_alone(tagger: Tagger, jobs: Sequence[FileJob]) -> None:
    result = told(tagger).tag(Bundle(7, tuple(jobs)))
    found = [row for row in rows_of(result) if row["source"] == jobs[0].source]
    wanted = [
        (index, scores.start_s, scores.end_s, label.id, p, label.name)
        for index, scores in enumerate(tag_file(jobs[0].path, tagger))
        for label, p in tagger.labels.ranked(scores.probabilities, None)
    ]
    assert [tuple(row[name] for name in ("index", "start_s", "end_s", "label", "p", "name")) for row in found] == wanted
    assert result.number == 7


def test_rows_of_100_ms_are_those_of_one_file_alone(tagger: Tagger, jobs: Sequence[FileJob]) -> None:
    result = told(tagger, "frames", top_k=1).tag(Bundle(1, (jobs[0],)))
    scores = np.concatenate([found.probabilities for found in tag_file_frames(jobs[0].path, tagger)])
    assert [row["p"] for row in rows_of(result)] == [round(float(p), 4) for p in scores.max(axis=1)]
    assert [row["start_s"] for row in rows_of(result)][:3] == [0.0, 0.1, 0.2]


def test_an_error_is_that_files_result_and_row_groups_are_a_files_own(tagger: Tagger, jobs: Sequence[FileJob]) -> None:
    result = told(tagger).tag(Bundle(1, tuple(jobs)))
    assert [file.path for file in result.files] == [job.path for job in jobs]
    assert [bool(file.problem) for file in result.files] == [False, True, False]
    assert [(file.first_group, file.n_groups) for file in result.files] == [(0, 1), (1, 0), (1, 1)]
    assert [table_of(result).metadata.row_group(n).num_rows for n in (0, 1)] == [
        file.n_rows for file in result.files if file.n_rows
    ]


def test_a_bundle_of_errors_alone_has_no_part(tagger: Tagger, jobs: Sequence[FileJob]) -> None:
    result = told(tagger).tag(Bundle(1, (jobs[1],)))
    assert (result.part, result.files[0].n_rows) == (b"", 0)


@pytest.mark.parametrize("kind", ["windows", "frames", "events"])
def test_what_came_before_the_damage_is_kept(
    tagger: Tagger, jobs: Sequence[FileJob], kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = TaggedFiles.of

    def damaged(self: TaggedFiles[Any], path: Path) -> Iterator[Any]:
        yield from original(self, path)
        raise RuntimeError("the end is damaged")

    whole = told(tagger, kind).tag(Bundle(1, (jobs[0],)))
    monkeypatch.setattr(TaggedFiles, "of", damaged)
    result = told(tagger, kind).tag(Bundle(1, (jobs[0],)))
    assert rows_of(result) == rows_of(whole) != []
    assert "RuntimeError" in result.files[0].problem
    assert result.files[0].n_rows == whole.files[0].n_rows


def test_a_long_file_has_several_row_groups(
    tagger: Tagger, jobs: Sequence[FileJob], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rows_of(told(tagger, "frames").tag(Bundle(1, (jobs[0],))))
    monkeypatch.setattr(rows, "GROUP_ROWS", 100)
    monkeypatch.setattr(rows, "_BATCH_ROWS", 30)
    result = told(tagger, "frames").tag(Bundle(1, (jobs[0], jobs[2])))
    assert result.files[0].n_groups > 2
    assert result.files[1].first_group == result.files[0].n_groups
    assert rows_of(result)[: len(whole)] == whole


def test_another_version_is_refused_before_its_words_are_read() -> None:
    with pytest.raises(UserError, match="installed there"):
        worker.begin("0.0.1", b"not even a pickle", 1)


def test_another_model_is_refused(tagger: Tagger) -> None:
    order = TaggingOrder(partial(telling_tagger, name="Other"))
    other = replace(Start(order, "0" * 16, ()))
    with pytest.raises(UserError, match="model"):
        worker.begin(version(), pickle.dumps(other), 1)


def test_files_that_are_not_there_or_others_are_refused(tagger: Tagger, jobs: Sequence[FileJob]) -> None:
    order = TaggingOrder(lambda: tagger)
    for missing in (replace(jobs[0], size=1), replace(jobs[0], path=str(Path(jobs[0].path).with_name("none.wav")))):
        with pytest.raises(UserError, match=Path(jobs[0].path).parent.name):
            BundleTagger(Start(order, tagger.weights_hash, (jobs[1], missing)), 1)
