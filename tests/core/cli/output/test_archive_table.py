"""What a cluster writes is what one process writes; a run that stops goes on where it was."""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pyarrow.parquet
import pytest

from core.cli.model_options import ModelOptions
from core.cli.output import archive_table
from core.cli.tag import TagOptions, run_tag
from core.cluster.archive import LEDGER, parts_folder
from core.cluster.models import Bundle, Lost, Node, Place, Ready, Reply, Start, Tagged
from core.cluster.worker import BundleTagger
from core.errors import UsageError, UserError
from core.inference.engines.threads import LIMIT
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import telling_checkpoint, write_noise


class ClusterInThisProcess:
    """Two workers that tag when they are asked. on_send: called with each bundle before that; may raise."""

    def __init__(self, start: Start, on_send: Callable[[Bundle], None]) -> None:
        self._tagger, self._on_send = BundleTagger(start, 1), on_send
        self._coming: list[Reply] = []
        self.bundles: list[Bundle] = []

    def nodes(self) -> tuple[Node, ...]:
        return (Node("a", "10.0.0.1", 4),)

    def start(self, place: Place) -> int:
        self._coming.append(Ready(place.index + 1))
        return place.index + 1

    def send(self, worker: int, bundle: Bundle) -> None:
        self._on_send(bundle)
        self.bundles.append(bundle)
        self._coming.append(Tagged(worker, self._tagger.tag(bundle)))

    def stop(self, worker: int) -> None:
        del worker

    def replies(self, timeout_s: float) -> list[Reply]:
        del timeout_s
        return [self._coming.pop()] if self._coming else []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Clusters are opened in this process. on_send: gets each bundle. clusters, addresses: those that were opened."""
    seen: dict[str, Any] = {"on_send": lambda bundle: None, "clusters": [], "addresses": []}

    @contextmanager
    def open_cluster(address: str, start: Start) -> Generator[ClusterInThisProcess]:
        seen["addresses"].append(address)
        seen["clusters"].append(ClusterInThisProcess(start, seen["on_send"]))
        yield seen["clusters"][-1]

    monkeypatch.setattr(archive_table, "open_cluster", open_cluster)
    monkeypatch.setenv(LIMIT, "")  # a worker limits its own process, which here is that of the tests
    return seen


@pytest.fixture
def options(tmp_path: Path) -> TagOptions:
    """Of a folder with seven sounds and a file that is none."""
    save_checkpoint(telling_checkpoint(), tmp_path / "model")
    archive = tmp_path / "archive"
    (archive / "below").mkdir(parents=True)
    for place in range(6):
        write_noise(archive / f"{place}.wav", 1 + place)
    write_noise(archive / "below" / "last.wav", 12)
    model = ModelOptions(str(tmp_path / "model"), device="cpu")
    return TagOptions((archive,), model, output=tmp_path / "tags.parquet", cluster="local", hop_s=2.0)


def table_of(options: TagOptions) -> list[dict[str, Any]]:
    assert options.output is not None
    return pyarrow.parquet.read_table(options.output).to_pylist()


def by_one_process(options: TagOptions, **changes: Any) -> Path:
    assert options.output is not None
    alone = replace(options, cluster=None, output=options.output.with_name("alone"), **changes)
    run_tag(alone)
    assert alone.output is not None
    return alone.output


@pytest.mark.parametrize("frames", [False, True])
@pytest.mark.usefixtures("opened")
def test_scores_are_those_of_one_process(options: TagOptions, frames: bool) -> None:
    options = replace(options, frames=frames, top_k=2)
    assert run_tag(options) == 0
    with by_one_process(options, format="csv").open(newline="") as file:
        wanted = list(csv.DictReader(file))
    found = [{name: str(value) for name, value in row.items() if name != "name"} for row in table_of(options)]
    assert found == wanted != []


@pytest.mark.parametrize("asked", [{"events": True}, {"format": "parquet"}])
@pytest.mark.usefixtures("opened")
def test_events_are_those_of_one_process(options: TagOptions, asked: dict[str, Any]) -> None:
    options = replace(options, **asked)
    assert run_tag(options) == 0
    alone = by_one_process(options, format="parquet")
    assert table_of(options) == pyarrow.parquet.read_table(alone).to_pylist() != []


def test_a_file_that_fails_is_told_once_and_recorded(
    options: TagOptions, opened: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert options.output is not None
    (options.paths[0] / "bad.wav").write_bytes(b"no sound")
    assert run_tag(options) == 1
    assert "bad.wav" in capsys.readouterr().err
    assert "bad.wav" in (parts_folder(options.output) / LEDGER).read_text()
    assert run_tag(options) == 1, "it is still not in the table"
    assert "bad.wav" not in capsys.readouterr().err
    assert len(opened["clusters"]) == 1, "there was nothing to do"


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), UserError("The disk is full.", "Make room.")])
def test_what_was_tagged_before_a_stop_is_readable_and_is_not_tagged_again(
    options: TagOptions, opened: dict[str, Any], stop: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert options.output is not None
    sent: list[str] = []

    def stop_later(bundle: Bundle) -> None:
        if len(sent) >= 3:
            raise stop
        sent.extend(job.path for job in bundle.jobs)

    opened["on_send"] = stop_later
    with pytest.raises(type(stop)):
        run_tag(options)
    assert not options.output.exists()
    folder = parts_folder(options.output)
    early = set(pyarrow.dataset.dataset(folder, format="parquet").to_table()["source"].to_pylist())
    assert early <= set(sent)
    assert early
    assert f"{len(early)} of 7 files" in capsys.readouterr().err

    opened["on_send"] = lambda bundle: sent.extend(job.path for job in bundle.jobs)
    first_of_second = len(sent)
    assert run_tag(options) == 0
    assert not early & set(sent[first_of_second:])
    with by_one_process(options, format="csv").open(newline="") as file:
        assert [row["source"] for row in table_of(options)] == [row["source"] for row in csv.DictReader(file)]


def test_new_and_changed_files_are_added_to_a_table(options: TagOptions, opened: dict[str, Any]) -> None:
    assert run_tag(options) == 0
    write_noise(options.paths[0] / "0.wav", 3)
    write_noise(options.paths[0] / "new.wav", 2)
    assert run_tag(options) == 0
    again = [job.source for bundle in opened["clusters"][1].bundles for job in bundle.jobs]
    assert sorted(again) == [str(options.paths[0] / name) for name in ("0.wav", "new.wav")]
    with by_one_process(options, format="csv").open(newline="") as file:
        wanted = [(row["source"], float(row["p"])) for row in csv.DictReader(file)]
    assert [(row["source"], row["p"]) for row in table_of(options)] == wanted


def test_other_settings_do_not_mix(options: TagOptions, opened: dict[str, Any]) -> None:
    assert run_tag(options) == 0
    before = table_of(options)
    for other in ({"hop_s": 3.0}, {"top_k": 1}, {"frames": True}, {"model": replace(options.model, merge="2")}):
        with pytest.raises(UsageError):
            run_tag(replace(options, **other))
    assert run_tag(replace(options, edges="change-points", cluster="10.0.0.1:6379")) == 0, "windows have no edges"
    assert table_of(options) == before
    assert run_tag(replace(options, top_k=1, may_overwrite=True)) == 0
    assert len(before) > len(table_of(options)) > 0
    assert opened["addresses"] == ["local", "local"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": None},
        {"output_dir": Path("out"), "output": None},
        {"format": "csv"},
        {"format": "raven"},
        {"cluster": None, "worker_cores": 2},
    ],
)
def test_what_makes_no_sense_is_refused(options: TagOptions, opened: dict[str, Any], wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        run_tag(replace(options, **wrong))
    assert not opened["addresses"]


def test_a_worker_that_ends_is_told(
    options: TagOptions, opened: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = ClusterInThisProcess.replies
    lost: list[int] = []

    def lose_one(self: ClusterInThisProcess, timeout_s: float) -> list[Reply]:
        replies = original(self, timeout_s)
        if not lost and any(isinstance(reply, Tagged) for reply in replies):
            lost.append(replies[0].worker)
            return [Lost(replies[0].worker, "out of memory")]
        return replies

    monkeypatch.setattr(ClusterInThisProcess, "replies", lose_one)
    assert run_tag(options) == 0
    assert "out of memory" in capsys.readouterr().err
    assert len({row["source"] for row in table_of(options)}) == 7
