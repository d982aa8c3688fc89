"""Published models come from a hub whole, go on where they broke off, and end as checkpoints of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import load_file, save_file

from core.errors import UserError
from core.inference.tagger import load_tagger
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.loading import load_checkpoint
from core.model.checkpoints.published import PublishedModel, find_published
from core.model.checkpoints.published_pth import fits_row
from core.model.store import download, hub_transfer, importing
from core.model.store.download import DownloadProgress, DownloadStopped, arrived_bytes, download_model
from fakes import tiny_checkpoint
from rig.hub_server import COMMIT, Hub, etag_of, take_for_the_hub
from rig.tiny_hub import REPOSITORY, ROW, get, parts, tiny_hub


@pytest.fixture(scope="module")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as the hub has it."""
    folder = tmp_path_factory.mktemp("hub")
    export_hugging_face(tiny_checkpoint(), folder)
    return folder


@pytest.fixture
def hub(hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with that model; the program takes it for Hugging Face's, and keeps everything below tmp_path."""
    with tiny_hub(hub_folder, tmp_path, monkeypatch) as server:
        yield server


def test_it_comes_whole_and_is_used_by_name(hub: Hub, tmp_path: Path) -> None:
    path, reports = get()
    assert path == tmp_path / "models" / ROW.name
    expected = tiny_checkpoint()
    log_mel = torch.randn(1, 1024, 128)
    torch.testing.assert_close(load_checkpoint(path).build()(log_mel), expected.build()(log_mel), rtol=0, atol=1e-5)
    tagger = load_tagger(ROW.name, device="cpu")
    assert (tagger.name, tagger.provenance["metrics"]) == (ROW.title, {"mAP": 0.5})
    assert tagger.provenance["source"] == f"https://huggingface.co/{REPOSITORY}"
    card = (path / "README.md").read_text()
    assert "license: bsd-3-clause" in card
    assert "mAP **0.5000**" in card
    total = sum(len(content) for content in hub.files.values())
    assert {report.total_bytes for report in reports} == {total}
    assert [report.done_bytes for report in reports] == sorted(report.done_bytes for report in reports)
    assert reports[-1] == DownloadProgress(ROW.name, "model.safetensors", total, total)
    assert parts(tmp_path) == {}


def test_two_at_once_do_not_write_into_one_part(hub: Hub, tmp_path: Path) -> None:
    with hub_transfer.sole_transfer(tmp_path / "hf" / "soundmark" / ROW.name), pytest.raises(UserError) as caught:
        get()
    assert ROW.name in caught.value.problem
    assert get()[0].is_dir()


def test_another_ast_does_not_get_a_published_models_name_and_figures(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = find_published("ast-audioset-16-16-0.4422")
    for name, content in list(hub.files.items()):
        hub.add(row.repository, name.removeprefix(f"{REPOSITORY}/"), content)
    monkeypatch.setattr(importing, "fits_row", fits_row)
    with pytest.raises(UserError, match=f"not the published {row.name}"):
        get(row)
    assert not (tmp_path / "models" / row.name).exists()


def test_what_is_here_is_not_fetched_again(hub: Hub) -> None:
    first, _ = get()
    hub.requests.clear()
    second, reports = get()
    assert (second, reports, hub.requests) == (first, [], [])


def test_a_dropped_connection_is_taken_up_where_it_broke(hub: Hub) -> None:
    hub.cut_after["model.safetensors"] = [20_000, 5_000]
    path, reports = get()
    assert hub.ranges_of("model.safetensors") == ["", "bytes=20000-", "bytes=25000-"]
    assert load_checkpoint(path).config.labels == tiny_checkpoint().config.labels
    assert [report.done_bytes for report in reports] == sorted(report.done_bytes for report in reports)


def test_a_stop_keeps_the_part_and_the_next_try_goes_on(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports: list[DownloadProgress] = []

    def stop() -> bool:
        return bool(reports) and reports[-1].file == "model.safetensors" and reports[-1].done_bytes > 15_000

    with pytest.raises(DownloadStopped, match="was stopped") as caught:
        download_model(ROW, None, reports.append, stop)
    assert caught.value.remedy
    kept = parts(tmp_path)["model.safetensors.part"]
    assert 0 < kept < len(hub.files[f"{REPOSITORY}/model.safetensors"])
    assert not (tmp_path / "models").exists()
    assert arrived_bytes(ROW) == sum(parts(tmp_path).values()) > kept
    hub.requests.clear()
    path, _ = get()
    assert arrived_bytes(ROW) == 0, "nothing is left lying about"
    assert hub.ranges_of("model.safetensors") == [f"bytes={kept}-"]
    assert hub.ranges_of("config.json") == []
    assert load_checkpoint(path).config.name == ROW.title


def test_a_server_that_cannot_resume_sends_all_of_it(hub: Hub) -> None:
    hub.cut_after["model.safetensors"], hub.ignores_range = [20_000], True
    path, _ = get()
    assert load_checkpoint(path)


def test_a_connection_that_breaks_every_time_ends_in_words_and_is_kept(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after["model.safetensors"] = [10_000] + [0] * 5
    with pytest.raises(UserError, match="cannot be reached") as caught:
        get()
    assert "resume" in caught.value.remedy
    assert parts(tmp_path)["model.safetensors.part"] == 10_000
    assert len(hub.ranges_of("model.safetensors")) == 6


def test_a_wrong_check_sum_is_told_and_thrown_away(hub: Hub, tmp_path: Path) -> None:
    hub.changed.add("model.safetensors")
    with pytest.raises(UserError, match="checksum"):
        get()
    assert "model.safetensors.part" not in parts(tmp_path)
    assert not (tmp_path / "models").exists()
    hub.changed.clear()
    assert get()[0].is_dir()


def test_small_files_are_checked_by_gits_sum(hub: Hub) -> None:
    hub.changed.add("preprocessor_config.json")
    with pytest.raises(UserError, match=r"preprocessor_config.json of MIT/tiny-ast .*checksum"):
        get()


def test_a_part_of_something_longer_is_dropped(hub: Hub, tmp_path: Path) -> None:
    part = tmp_path / "hf" / "soundmark" / ROW.name / COMMIT / "model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 10_000_000)
    assert get()[0].is_dir()


def test_pickled_weights_are_fetched_where_there_are_no_others(hub: Hub, tmp_path: Path, hub_folder: Path) -> None:
    del hub.files[f"{REPOSITORY}/model.safetensors"]
    torch.save(load_file(hub_folder / "model.safetensors"), tmp_path / "w.bin")
    hub.add(REPOSITORY, "pytorch_model.bin", (tmp_path / "w.bin").read_bytes())
    path, reports = get()
    assert reports[-1].file == "pytorch_model.bin"
    assert load_checkpoint(path)


def test_offline_mode_says_so_and_takes_what_the_cache_holds(
    hub: Hub, tmp_path: Path, hub_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="HF_HUB_OFFLINE forbids"):
        get()
    _fill_cache(tmp_path, hub_folder)
    path, reports = get()
    assert load_checkpoint(path)
    assert (reports, hub.requests) == ([], [])


def test_the_cache_of_hugging_face_is_used_first_unless_it_is_damaged(
    hub: Hub, tmp_path: Path, hub_folder: Path
) -> None:
    _fill_cache(tmp_path, hub_folder)
    get()
    assert hub.requests == []
    shutil.rmtree(tmp_path / "models")
    blob = (tmp_path / "hf/hub/models--MIT--tiny-ast/snapshots" / COMMIT / "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-2] + b"??")
    get()
    assert hub.ranges_of("model.safetensors") == [""]
    assert blob.exists()


def _fill_cache(tmp_path: Path, hub_folder: Path) -> None:
    """As huggingface_hub would have left it."""
    cache = tmp_path / "hf" / "hub" / "models--MIT--tiny-ast"
    for folder in ("refs", "blobs", f"snapshots/{COMMIT}"):
        (cache / folder).mkdir(parents=True)
    (cache / "refs" / "main").write_text(COMMIT)
    for file in hub_folder.iterdir():
        blob = cache / "blobs" / etag_of(file.read_bytes())
        shutil.copy(file, blob)
        (cache / "snapshots" / COMMIT / file.name).symlink_to(blob)


def test_no_network_is_told(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.url = "http://127.0.0.1:9"
    take_for_the_hub(hub, tmp_path / "hf", monkeypatch)
    with pytest.raises(UserError, match=r"http://127.0.0.1:9 cannot be reached") as caught:
        get()
    assert "Check the network" in caught.value.remedy


def test_a_repository_that_is_not_there_is_told(hub: Hub) -> None:
    hub.files.clear()
    with pytest.raises(UserError, match="MIT/tiny-ast"):
        get()


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_repository_without_all_files_is_told(hub: Hub, missing: str) -> None:
    del hub.files[f"{REPOSITORY}/{missing}"]
    with pytest.raises(UserError, match=r"MIT/tiny-ast .*files"):
        get()


def test_a_busy_hub_is_asked_again(hub: Hub) -> None:
    hub.statuses["GET model.safetensors"] = [503, 429]
    assert get()[0].is_dir()
    assert hub.statuses["GET model.safetensors"] == []


@pytest.mark.parametrize("asked", ["HEAD config.json", "GET model.safetensors"])
def test_a_forbidding_hub_is_not_asked_again(hub: Hub, asked: str) -> None:
    hub.statuses[asked] = [403, 403]
    with pytest.raises(UserError, match="403"):
        get()
    assert hub.statuses[asked] == [403]


def test_a_server_that_is_no_hub_is_told(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rig.hub_server._Answers.send_header", _without_commit)
    with pytest.raises(UserError, match="Hugging Face hub"):
        get()


def _without_commit(self, name: str, value: str) -> None:
    from http.server import BaseHTTPRequestHandler

    if name != "X-Repo-Commit":
        BaseHTTPRequestHandler.send_header(self, name, value)


def _fields(row: PublishedModel) -> dict:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def test_a_full_disk_is_told_before_anything_is_fetched(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=50_000)
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(UserError, match=r"AST tiny \(0.5\)\. .* MB are needed"):
        get()
    assert hub.requests == []


def test_a_disk_that_fills_up_on_the_way_keeps_what_has_arrived(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "save_checkpoint", full)
    with pytest.raises(UserError, match="The disk is full"):
        get()
    assert "model.safetensors" in parts(tmp_path)
    monkeypatch.undo()


def test_a_folder_that_forbids_writing_is_told(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot be written"):
        get()


def test_a_model_the_hub_has_not_is_to_be_imported() -> None:
    row = PublishedModel(**{**_fields(ROW), "repository": ""})
    with pytest.raises(UserError, match="not on the Hugging Face hub") as caught:
        get(row)
    assert "models import tiny_0.5.pth" in caught.value.remedy


def test_another_model_in_its_place_is_told(hub: Hub, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(20_000)}, tmp_path / "x.safetensors")
    hub.add(REPOSITORY, "model.safetensors", (tmp_path / "x.safetensors").read_bytes())
    with pytest.raises(UserError, match="saved without labels"):
        get()
    assert not (tmp_path / "models" / ROW.name).exists()
