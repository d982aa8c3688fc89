"""How far a download is, as JSON lines and as a bar."""

from __future__ import annotations

import json

import pytest

from core.cli import download_progress
from core.cli.download_progress import JsonProgress, ProgressBar
from core.model.store.download import DownloadProgress


def test_json_lines_are_throttled_but_the_last_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times = iter([10.0, 10.1, 10.7, 10.8])
    monkeypatch.setattr(download_progress.time, "monotonic", lambda: next(times))
    progress = JsonProgress()
    for done_bytes in (1, 2, 3, 9):
        progress.show(DownloadProgress("owl", "model.safetensors", done_bytes, 9))
    progress.end()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["done_bytes"] for line in lines] == [1, 3, 9]
    assert lines[0] == {
        "type": "progress", "name": "owl", "file": "model.safetensors", "done_bytes": 1, "total_bytes": 9,
    }  # fmt: skip


def test_the_bar_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ProgressBar()
    progress.show(DownloadProgress("owl", "model.safetensors", 1, 9))
    progress.end()
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "")
