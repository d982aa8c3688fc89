"""A download is of one commit, by one program at a time, starts anew where it must, and replaces nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.store import download, hub_transfer, importing
from fakes import tiny_checkpoint
from rig.hub_server import COMMIT, Hub
from rig.tiny_hub import REPOSITORY, ROW, get, parts, tiny_hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with a tiny model, which the program takes for Hugging Face's."""
    export_hugging_face(tiny_checkpoint(), tmp_path / "on-the-hub")
    with tiny_hub(tmp_path / "on-the-hub", tmp_path, monkeypatch) as server:
        yield server


@pytest.mark.parametrize("commit", ["../../../elsewhere", "/tmp/elsewhere", "main", "1" * 39, "1" * 40 + "/.."])
def test_a_commit_that_is_none_becomes_no_folder(hub: Hub, tmp_path: Path, commit: str) -> None:
    hub.commits = [commit]
    with pytest.raises(UserError, match="Hugging Face hub"):
        get()
    assert parts(tmp_path) == {}


def test_all_files_are_of_one_commit(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody uploads a new version between two questions: only the first is to the newest one."""
    hub.commits = ["a" * 40, "b" * 40, "c" * 40]
    seen: list[str] = []
    transfer = hub_transfer.transfer

    def listed(file: hub_transfer.HubFile, *rest: Any) -> None:
        seen.append(file.commit)
        transfer(file, *rest)

    monkeypatch.setattr(hub_transfer, "transfer", listed)
    get()
    assert seen == ["a" * 40] * 3


@pytest.mark.parametrize("extra", [0, 5])
def test_a_part_that_the_hub_cannot_go_on_from_is_fetched_anew(hub: Hub, tmp_path: Path, extra: int) -> None:
    hub.hides_size = True
    content = hub.files[f"{REPOSITORY}/model.safetensors"]
    part = tmp_path / "hf" / "soundmark" / ROW.name / COMMIT / "model.safetensors.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * (len(content) + extra))
    assert get()[0].is_dir()
    assert hub.ranges_of("model.safetensors") == [f"bytes={len(content) + extra}-", ""]


def test_a_hub_that_refuses_all_ranges_and_breaks_off_does_not_go_on_for_ever(hub: Hub) -> None:
    hub.hides_size = True
    hub.cut_after["model.safetensors"] = [10_000] * 50
    hub.refuses_range = True
    with pytest.raises(UserError, match="cannot be reached"):
        get()
    assert len(hub.cut_after["model.safetensors"]) == 44


def test_nobody_else_fetches_it_while_it_is_converted(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = importing.keep_published

    def keeps(*values: Any) -> Path:
        with pytest.raises(UserError, match="already"):
            get()
        return keep(*values)

    monkeypatch.setattr(importing, "keep_published", keeps)
    assert get()[0].is_dir()


def test_what_another_program_has_just_kept_is_taken(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = get()
    hub.requests.clear()
    answers = iter([None, first])
    monkeypatch.setattr(download, "find_kept", lambda *_: next(answers))
    monkeypatch.setattr(download, "is_taken", lambda *_: False)
    second, reports = get()
    assert (second, reports, hub.requests) == (first, [], [])


def test_something_else_under_its_name_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    letter = tmp_path / "models" / ROW.name / "letter.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text("keep me")
    with pytest.raises(UserError, match="exists"):
        get()
    assert hub.requests == []
    assert letter.read_text() == "keep me"
