"""How far a download is, as JSON lines and as a bar."""

from __future__ import annotations

import json

import pytest

from core import throttle
from core.cli.download_progress import JsonProgress, ProgressBar
from core.model.store.download import DownloadProgress


def test_json_lines_are_throttled_but_the_last_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now_s = [10.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: now_s[0])
    progress = JsonProgress()
    for done_bytes, now_s[0] in ((1, 10.0), (2, 10.1), (3, 10.7), (9, 10.8)):
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
