"""A hub that holds one small model, and its row among the published ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.model.checkpoints.published import PublishedModel
from core.model.store import hub_transfer
from core.model.store.download import DownloadProgress, download_model
from rig.hub_server import LARGE_BYTES, Hub, hub_server, take_for_the_hub

REPOSITORY = "MIT/tiny-ast"
ROW = PublishedModel(
    name="ast-tiny-0.5",
    title="AST tiny (0.5)",
    data_set="Nothing",
    repository=REPOSITORY,
    file="tiny_0.5.pth",
    strides=(16, 16),
    frames=1024,
    score=0.5,
    metric="mAP",
    summary="4 sounds",
)


@contextmanager
def tiny_hub(hub_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with the files of `hub_folder`, taken for Hugging Face's; everything is kept below `tmp_path`."""
    with hub_server() as server:
        for file in hub_folder.iterdir():
            server.add(REPOSITORY, file.name, file.read_bytes())
        assert len(server.files[f"{REPOSITORY}/model.safetensors"]) > 3 * LARGE_BYTES
        take_for_the_hub(server, tmp_path / "hf", monkeypatch)
        monkeypatch.setattr(hub_transfer, "_PAUSE_S", 0.0)
        monkeypatch.setenv("SOUNDMARK_MODELS", str(tmp_path / "models"))
        yield server


def get(row: PublishedModel = ROW, stop: Callable[[], bool] = lambda: False) -> tuple[Path, list[DownloadProgress]]:
    reports: list[DownloadProgress] = []
    return download_model(row, None, reports.append, stop), reports


def parts(tmp_path: Path) -> dict[str, int]:
    """Name and size of all that lies where downloads arrive, but locks."""
    files = [path for path in (tmp_path / "hf").rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path.name: path.stat().st_size for path in files}
